//! Mail arrives over SMTP, and the server asks a name server who sent it.

use posthouse_tests::dns::{NameServer, Zone};
use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Options, Posthouse};
use serde_json::{Value, json};

/// `honest.example` sends from this machine and `bank.example` from nowhere; both want forgeries refused.
fn world() -> Zone {
    Zone::default()
        .text("honest.example", "v=spf1 ip4:127.0.0.0/8 -all")
        .text("_dmarc.honest.example", "v=DMARC1; p=reject")
        .text("bank.example", "v=spf1 -all")
        .text("_dmarc.bank.example", "v=DMARC1; p=reject")
}

async fn start(names: &NameServer, further: &[&str]) -> Posthouse {
    let mut flags = vec!["--dns".to_owned(), names.address().to_string()];
    flags.extend(further.iter().map(|flag| (*flag).to_owned()));
    Posthouse::start_with(Options {
        flags,
        ..Options::default()
    })
    .await
}

async fn one_message(server: &Posthouse, account: &Account, folder: &str) -> Value {
    let path = format!(
        "/v3/grants/{}/messages?in={folder}&fields=include_security,include_headers",
        account.id
    );
    let mut rows = server.api().get(&path).await.expect(200).rows();
    assert_eq!(rows.len(), 1, "{folder}");
    rows.remove(0)
}

fn results(message: &Value) -> Vec<String> {
    let headers = message["headers"].as_array().expect("headers");
    let ours = headers
        .iter()
        .filter(|header| header["name"] == "Authentication-Results");
    ours.map(|header| header["value"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn verdicts_are_shown_and_forgeries_lie_in_junk() {
    let names = NameServer::start(world()).await;
    let server = start(&names, &["--inbound-checks", "all"]).await;
    let account = server.create_account("triage").await;
    server
        .deliver(&Letter::to(&account.email).from("a@honest.example"))
        .await;
    let honest = one_message(&server, &account, "inbox").await;
    assert_eq!(
        honest["security"]["spf"],
        json!({"result": "pass", "domain": "honest.example"})
    );
    assert_eq!(
        honest["security"]["dmarc"],
        json!({"result": "pass", "policy": "reject", "domain": "honest.example"})
    );

    let mut forged = Letter::to(&account.email).from("ceo@bank.example");
    let hostname = results(&honest)[0]
        .split(';')
        .next()
        .unwrap_or_default()
        .to_owned();
    forged.headers = vec![format!("Authentication-Results: {hostname}; dmarc=pass")];
    server.deliver(&forged).await;
    let forged = one_message(&server, &account, "junk").await;
    assert_eq!(forged["security"]["dmarc"]["result"], "fail");
    let results = results(&forged);
    assert_eq!(results.len(), 1, "{results:?}");
    assert!(results[0].contains("spf=fail"), "{results:?}");
    assert!(results[0].contains("dmarc=fail"), "{results:?}");
}

#[tokio::test]
async fn an_operator_may_have_forgeries_refused() {
    let names = NameServer::start(world()).await;
    let flags = ["--inbound-checks", "all", "--inbound-dmarc", "reject"];
    let server = start(&names, &flags).await;
    let account = server.create_account("triage").await;
    let mut smtp = server.smtp().await;
    smtp.command("EHLO peer.example").await.expect(250);
    let letter = Letter::to(&account.email).from("ceo@bank.example");
    let refused = smtp.send_letter(&letter).await;
    assert!(refused.expect(550).text().contains("5.7.26"));
    let path = format!("/v3/grants/{}/messages?in=all", account.id);
    assert!(server.api().get(&path).await.expect(200).rows().is_empty());
}

#[tokio::test]
async fn mail_of_this_machine_is_not_judged_and_not_junk() {
    let names = NameServer::start(world()).await;
    let server = start(&names, &[]).await;
    let account = server.create_account("triage").await;
    server
        .deliver(&Letter::to(&account.email).from("ceo@bank.example"))
        .await;
    let message = one_message(&server, &account, "inbox").await;
    for name in ["spf", "dmarc", "arc"] {
        assert_eq!(message["security"][name], Value::Null, "{name}");
    }
    assert!(results(&message).is_empty());
}
