//! Another server that enforces the MTA-STS policy that this one serves for its domains.

use std::net::Ipv4Addr;

use posthouse_tests::dns::{NameServer, Zone};
use posthouse_tests::eventually;
use posthouse_tests::server::{Account, Options, Posthouse};
use serde_json::json;

use super::certificates::Authority;

const HOST: &str = "mx.bots.example";

/// Two domains of ours; the MX of the second names a server that the policy does not.
const DOMAINS: [(&str, &str); 2] = [
    ("bots.example", HOST),
    ("strays.example", "mx.strays.example"),
];

fn flags(pairs: &[(&str, String)]) -> Vec<String> {
    let each = pairs
        .iter()
        .flat_map(|(flag, value)| [(*flag).to_owned(), value.clone()]);
    each.collect()
}

async fn account(server: &Posthouse, domain: &str) -> Account {
    let api = server.api();
    let body = json!({"name": domain, "domain_address": domain});
    api.post("/v3/admin/domains", body).await.expect(200);
    let email = format!("agent@{domain}");
    let body = json!({"provider": "nylas", "settings": {"email": email}});
    let id = api
        .post("/v3/connect/custom", body)
        .await
        .expect(201)
        .text_of("id");
    Account { id, email }
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_19_a_server_that_enforces_our_policy_reaches_us_and_goes_nowhere_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name).display().to_string();
    let authority = Authority::new();
    std::fs::write(at("roots.pem"), authority.pem()).expect("written");
    let names: Vec<String> = DOMAINS
        .iter()
        .map(|(domain, _)| format!("mta-sts.{domain}"))
        .chain([HOST.to_owned()])
        .collect();
    // Key and certificate in one file serve as both.
    authority
        .issue(&names)
        .write(directory.path().join("pair.pem").as_path());
    let ours = Posthouse::start_with(Options {
        flags: flags(&[
            ("--hostname", HOST.to_owned()),
            ("--https", "127.0.0.1:0".to_owned()),
            ("--tls-cert", at("pair.pem")),
            ("--tls-key", at("pair.pem")),
            ("--mta-sts-mode", "enforce".to_owned()),
        ]),
        ..Options::default()
    })
    .await;
    let mut accounts = Vec::new();
    let mut zone = Zone::default().address(HOST, Ipv4Addr::LOCALHOST);
    for (domain, host) in DOMAINS {
        accounts.push(account(&ours, domain).await);
        let printed = ours
            .cli()
            .run(&["domain", "zone", domain])
            .await
            .expect(0)
            .stdout;
        let line = printed.lines().find(|line| line.starts_with("_mta-sts"));
        let record = line
            .and_then(|line| line.split('"').nth(1))
            .expect("a record");
        zone = zone
            .mail_server(domain, 10, host)
            .address("mx.strays.example", Ipv4Addr::LOCALHOST)
            .address(&format!("mta-sts.{domain}"), Ipv4Addr::LOCALHOST)
            .text(&format!("_mta-sts.{domain}"), record);
    }
    let dns = NameServer::start(zone).await;
    let theirs = Posthouse::start_with(Options {
        flags: flags(&[
            ("--hostname", "mx.far.example".to_owned()),
            ("--outbound", "direct".to_owned()),
            ("--mx-port", ours.ready().smtp.port().to_string()),
            (
                "--mta-sts-port",
                ours.ready().https.expect("HTTPS").port().to_string(),
            ),
            ("--dns", dns.address().to_string()),
            ("--ca-file", at("roots.pem")),
        ]),
        ..Options::default()
    })
    .await;
    let writer = theirs.create_account("writer").await;
    let path = format!("/v3/grants/{}/messages/send", writer.id);
    for (account, tls) in [
        (&accounts[0], "true"),
        (&accounts[0], "false"),
        (&accounts[1], "false"),
    ] {
        let body = json!({"to": [{"email": account.email}], "subject": tls, "body": "x"});
        let path = format!("{path}?require_tls={tls}");
        theirs.api().post(&path, body).await.expect(200);
    }
    // It is taken over verified TLS, also with REQUIRETLS.
    let mut arrived = ours.wait_for_messages(&accounts[0], 2).await;
    arrived.sort_by_key(|one| one["subject"].to_string());
    assert_eq!(
        (&arrived[0]["subject"], &arrived[1]["subject"]),
        (&json!("false"), &json!("true"))
    );
    let said = eventually("the deferral", async || {
        let rows = theirs.api().get("/v3/admin/queue").await.expect(200).rows();
        rows.iter()
            .find_map(|row| row["last_reply"].as_str().map(str::to_owned))
    })
    .await;
    assert!(
        said.contains("the policy of strays.example does not name it"),
        "{said}"
    );
}
