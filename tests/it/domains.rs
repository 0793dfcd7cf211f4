//! A domain of one's own: the zone file that the server prints is loaded by a name server from Debian as it is, and every record
//! turns done.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use posthouse_tests::server::{Options, Posthouse};
use posthouse_tests::webhook::WebhookReceiver;
use posthouse_tests::{eventually, tools};
use serde_json::{Value, json};
use tempfile::TempDir;

const DOMAIN: &str = "bots.example.org";
/// The key that may change the zone, as nsupdate takes it.
const UPDATE_KEY: &str = "hmac-sha256:posthouse:c2VjcmV0IG9mIHRoZSB6b25l";
const TYPES: [&str; 9] = [
    "ownership",
    "mx",
    "spf",
    "dkim",
    "feedback",
    "dmarc",
    "arc",
    "tls_rpt",
    "mta_sts",
];

/// An authoritative name server with one zone. It ends with this value.
struct NameServer {
    program: PathBuf,
    kind: Kind,
    directory: TempDir,
    address: SocketAddr,
    process: Option<Child>,
}

#[derive(Clone, Copy)]
enum Kind {
    Knot,
    Bind,
}

impl NameServer {
    /// Picks a place for a name server, which does not run yet. `None`, said loudly, where it is not installed.
    fn prepare(kind: Kind) -> Option<Self> {
        let program = tools::program(match kind {
            Kind::Knot => "knotd",
            Kind::Bind => "named",
        })?;
        let directory = tempfile::Builder::new()
            .prefix("posthouse-test-dns-")
            .tempdir()
            .expect("a temporary directory");
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        Some(Self {
            program,
            kind,
            directory,
            address: free.local_addr().expect("an address"),
            process: None,
        })
    }

    /// Serves this zone from now on, as it is.
    async fn serve(&mut self, zone: &str) {
        self.stop();
        let place = self.directory.path();
        // What an earlier run noted down about the zone is not to matter.
        drop(std::fs::remove_dir_all(place.join("db")));
        std::fs::create_dir(place.join("db")).expect("a directory");
        std::fs::write(place.join("zone"), zone).expect("a zone file");
        let (port, directory) = (self.address.port(), place.display());
        let configuration = match self.kind {
            Kind::Knot => format!(
                "server:\n  rundir: \"{directory}\"\n  listen: 127.0.0.1@{port}\nlog:\n  - target: stderr\n    any: info\n\
                 key:\n  - id: posthouse\n    algorithm: hmac-sha256\n    secret: c2VjcmV0IG9mIHRoZSB6b25l\n\
                 acl:\n  - id: update\n    key: posthouse\n    action: update\n\
                 database:\n  storage: \"{directory}/db\"\n\
                 zone:\n  - domain: {DOMAIN}\n    storage: \"{directory}\"\n    file: zone\n    semantic-checks: on\n    journal-content: changes\n    acl: update\n"
            ),
            Kind::Bind => format!(
                "options {{ directory \"{directory}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n\
                 pid-file none; session-keyfile none; recursion no; dnssec-validation no; }};\ncontrols {{ }};\n\
                 zone \"{DOMAIN}\" {{ type primary; file \"zone\"; check-names fail; check-integrity yes; }};\n"
            ),
        };
        std::fs::write(place.join("conf"), configuration).expect("a configuration");
        let log = File::create(place.join("log")).expect("a log file");
        let mut command = Command::new(&self.program);
        match self.kind {
            Kind::Knot => command.arg("-c").arg(place.join("conf")),
            Kind::Bind => command.arg("-g").arg("-c").arg(place.join("conf")),
        };
        let copy = log.try_clone().expect("a log file");
        command.stdin(Stdio::null()).stdout(copy).stderr(log);
        self.process = Some(command.spawn().expect("the name server starts"));
        let loaded = match self.kind {
            Kind::Knot => format!("[{DOMAIN}.] loaded"),
            Kind::Bind => format!("zone {DOMAIN}/IN: loaded"),
        };
        eventually("the zone to be loaded", async || {
            let log = self.log();
            assert!(!log.contains("failed to"), "{log}");
            let is_loaded =
                log.contains(&loaded) && (log.contains("started") || log.contains("running"));
            is_loaded.then_some(())
        })
        .await;
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.kill());
            drop(process.wait());
        }
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- the name server's log ----\n{}", self.log());
        }
        self.stop();
    }
}

async fn start(dns: &NameServer) -> Posthouse {
    start_with(dns, Vec::new()).await
}

async fn start_with(dns: &NameServer, environment: Vec<(String, String)>) -> Posthouse {
    let flags = [
        format!("--dns={}", dns.address),
        format!("--hostname=mx.{DOMAIN}"),
        "--public-ip=192.0.2.10".to_owned(),
        "--public-ip=2001:db8::10".to_owned(),
    ];
    Posthouse::start_with(Options {
        flags: flags.into(),
        environment,
        ..Options::default()
    })
    .await
}

async fn standings(server: &Posthouse) -> Vec<(String, String, String)> {
    let command = ["domain", "verify", DOMAIN, "--json"];
    let outcome = server.cli().run(&command).await;
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let answer: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = answer["data"].as_array().expect("rows").iter();
    rows.map(|row| {
        (
            text(&row["attempt"]["type"]),
            text(&row["status"]),
            text(&row["message"]),
        )
    })
    .collect()
}

async fn every_record_turns_done(kind: Kind) {
    let Some(mut dns) = NameServer::prepare(kind) else {
        return;
    };
    let server = start(&dns).await;
    let cli = server.cli();
    let added = cli
        .run(&["domain", "add", DOMAIN, "--include-subdomains"])
        .await;
    assert_eq!(added.code, 0, "{added:?}");
    let zone = cli.run(&["domain", "zone", DOMAIN]).await;
    assert_eq!(zone.code, 0, "{zone:?}");
    dns.serve(&zone.stdout).await;
    for (kind, status, message) in standings(&server).await {
        assert_eq!(status, "done", "{kind}: {message}");
    }
    let domain = server
        .api()
        .get(&format!("/v3/admin/domains/{DOMAIN}"))
        .await
        .expect(200);
    let domain = &domain.json()["data"];
    for flag in ["ownership", "mx", "spf", "dkim", "feedback", "dmarc", "arc"] {
        assert_eq!(domain[format!("verified_{flag}")], true, "{flag}");
    }
    assert_eq!(domain["sending_ready"], true);
    let shown = cli.run(&["domain", "dns", DOMAIN]).await;
    for kind in TYPES.iter().filter(|kind| **kind != "arc") {
        assert!(shown.stdout.contains(kind), "{kind}: {}", shown.stdout);
    }
    assert!(!shown.stdout.contains("pending"), "{}", shown.stdout);

    let wrong = zone
        .stdout
        .replace(
            "v=spf1 mx a:mx.bots.example.org ~all",
            "v=spf1 ip4:198.51.100.1 -all",
        )
        .replace("\n_dmarc IN", "\n_dmark IN")
        .replace("\n@ IN MX 10 mx", "\n@ IN MX 10 mail")
        .replace("\n* IN MX", "\nmail IN A 198.51.100.7\n* IN MX");
    dns.serve(&wrong).await;
    let found = standings(&server).await;
    let of = |kind: &str| {
        let row = found.iter().find(|row| row.0 == kind);
        row.map(|(_, status, message)| (status.as_str(), message.as_str()))
            .expect("a row")
    };
    let (status, message) = of("spf");
    assert_eq!(status, "failed");
    assert!(
        message.contains("v=spf1 ip4:198.51.100.1 -all"),
        "{message}"
    );
    assert!(message.contains("says fail for 192.0.2.10"), "{message}");
    let (status, message) = of("mx");
    assert_eq!(status, "failed");
    assert!(message.contains("198.51.100.7"), "{message}");
    let (status, message) = of("dmarc");
    assert_eq!(status, "pending");
    assert!(message.contains("found nothing"), "{message}");
    assert_eq!(of("dkim").0, "done");
    let domain = server
        .api()
        .get(&format!("/v3/admin/domains/{DOMAIN}"))
        .await
        .expect(200);
    let ready = &domain.json()["data"]["sending_ready"];
    assert_eq!(ready, true, "a record that is gone counts for three days");
}

#[tokio::test]
async fn knot_loads_the_zone_as_it_is_and_every_record_turns_done() {
    every_record_turns_done(Kind::Knot).await;
}

#[tokio::test]
async fn bind_loads_the_zone_as_it_is_and_every_record_turns_done() {
    every_record_turns_done(Kind::Bind).await;
}

#[tokio::test]
async fn new_keys_take_over_once_the_name_server_has_them() {
    let Some(mut dns) = NameServer::prepare(Kind::Knot) else {
        return;
    };
    let server = start(&dns).await;
    let cli = server.cli();
    let added = cli.run(&["domain", "add", DOMAIN]).await;
    assert_eq!(added.code, 0, "{added:?}");
    let zone = async || cli.run(&["domain", "zone", DOMAIN]).await.stdout;
    dns.serve(&zone().await).await;
    let verify = async || {
        let arguments = ["domain", "verify", DOMAIN, "--type", "dkim", "--json"];
        let outcome = cli.run(&arguments).await;
        let answer: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        answer["data"][0].clone()
    };
    assert_eq!(verify().await["status"], "done");
    let rotated = cli.run(&["domain", "rotate-dkim", DOMAIN]).await;
    assert_eq!(rotated.code, 0, "{rotated:?}");
    assert!(
        rotated.stdout.contains("ph2._domainkey"),
        "{}",
        rotated.stdout
    );
    let waiting = verify().await;
    assert_eq!(waiting["status"], "pending");
    let message = waiting["message"].as_str().expect("a message");
    assert!(message.contains("ph1 is found and signs"), "{message}");
    let next = zone().await;
    assert!(next.contains("\nph1._domainkey") && next.contains("\nph2._domainkey"));
    dns.serve(&next).await;
    assert_eq!(verify().await["status"], "done");
}

#[tokio::test]
async fn records_are_put_into_the_zone_by_a_signed_update() {
    let Some(mut dns) = NameServer::prepare(Kind::Knot) else {
        return;
    };
    let server = start(&dns).await;
    let cli = server.cli();
    let added = cli.run(&["domain", "add", DOMAIN]).await;
    assert_eq!(added.code, 0, "{added:?}");
    let empty = format!(
        "$ORIGIN {DOMAIN}.\n$TTL 60\n@ SOA ns hostmaster 1 3600 900 1209600 300\n@ NS ns\nns A 127.0.0.1\n\
         mx A 192.0.2.10\nmx AAAA 2001:db8::10\n@ TXT \"another service\"\n_dmarc TXT \"no policy\"\n"
    );
    dns.serve(&empty).await;
    let place = TempDir::new().expect("a temporary directory");
    let publish = async |key: &str| {
        let file = place.path().join("key");
        std::fs::write(&file, key).expect("a key file");
        let (file, at) = (
            file.to_str().expect("a plain path"),
            dns.address.to_string(),
        );
        let arguments = [
            "domain",
            "publish",
            DOMAIN,
            "--server",
            &at,
            "--key-file",
            file,
        ];
        cli.run(&arguments).await
    };
    let forged = publish("posthouse:b3RoZXIgc2VjcmV0").await;
    assert_eq!(forged.code, 1, "{forged:?}");
    assert!(forged.stderr.contains("refused"), "{forged:?}");
    let published = publish(UPDATE_KEY).await;
    assert_eq!(published.code, 0, "{published:?}");
    assert!(!published.stdout.contains("pending"), "{published:?}");
    assert!(
        published.stdout.contains("The domain may send."),
        "{published:?}"
    );
    let shown = cli.run(&["domain", "dns", DOMAIN]).await.stdout;
    assert!(
        shown.contains("\"no policy\""),
        "somebody else's record is left alone: {shown}"
    );
    let again = publish(UPDATE_KEY).await;
    assert!(
        again.stdout.contains("Published 2 records"),
        "the keys, once more: {again:?}"
    );
}

#[tokio::test]
async fn a_record_that_stays_away_for_three_days_is_told_by_an_event() {
    let Some(mut dns) = NameServer::prepare(Kind::Knot) else {
        return;
    };
    let place = TempDir::new().expect("a temporary directory");
    let clock = place.path().join("clock");
    let variable = clock.to_str().expect("a plain path").to_owned();
    let server = start_with(&dns, vec![("POSTHOUSE_TEST_CLOCK".to_owned(), variable)]).await;
    let receiver = WebhookReceiver::start().await;
    let hook = json!({
        "trigger_types": ["domain.verified", "domain.unverified"],
        "webhook_url": receiver.url("/hook"),
    });
    server.api().post("/v3/webhooks", hook).await.expect(200);
    let cli = server.cli();
    cli.run(&["domain", "add", DOMAIN]).await;
    let zone = cli.run(&["domain", "zone", DOMAIN]).await.stdout;
    dns.serve(&zone).await;
    let verified = cli
        .run(&["domain", "verify", DOMAIN, "--type", "tls_rpt"])
        .await;
    assert!(verified.stdout.contains("done"), "{verified:?}");
    let event = receiver.wait_for_type("domain.verified").await.json();
    assert_eq!(event["source"], "/nylas/system");
    let object = &event["data"]["object"];
    assert_eq!(object["domain_address"], DOMAIN);
    assert_eq!(
        (&object["type"], &object["verified"]),
        (&json!("tls_rpt"), &json!(true))
    );

    dns.serve(&zone.replace("\n_smtp._tls IN", "\n_smtp._tlz IN"))
        .await;
    let info = format!("/v3/admin/domains/{DOMAIN}/info");
    let checked_at = async || {
        let answer = server.api().post(&info, json!({"type": "tls_rpt"})).await;
        let details = answer.expect(200).json()["data"]["details"].clone();
        details["checked_at"].as_i64().expect("a time")
    };
    for day in 1..=4 {
        let before = checked_at().await;
        // The file is read when its time has changed.
        std::fs::write(&clock, (day * 87_000).to_string()).expect("a clock to set");
        eventually("the job to look again", async || {
            (checked_at().await > before).then_some(())
        })
        .await;
    }
    let event = receiver.wait_for_type("domain.unverified").await.json();
    assert_eq!(event["data"]["object"]["type"], "tls_rpt");
    assert_eq!(event["data"]["object"]["verified"], false);
}

#[tokio::test]
async fn a_service_account_is_made_beside_a_server_that_runs_and_revoked_again() {
    let server = Posthouse::start().await;
    let data_dir = server.data_directory();
    let data_dir = data_dir.to_str().expect("a plain path");
    let cli = server.cli();
    let admin = async |arguments: &[&str]| {
        let store = ["--dev", "--data-dir", data_dir];
        let all = [&["admin", "service-account"], arguments, &store].concat();
        cli.run(&all).await
    };
    let made = admin(&["create", "--name", "tests"]).await;
    assert_eq!(made.code, 0, "{made:?}");
    let file: Value = serde_json::from_str(&made.stdout).expect("a key file");
    assert_eq!(file["type"], "service_account");
    let pem = file["private_key"].as_str().expect("a key");
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let kid = file["private_key_id"].as_str().expect("its name");
    let listed = admin(&["list"]).await;
    assert!(listed.stdout.contains(kid) && !listed.stdout.contains("BEGIN"));
    assert_eq!(admin(&["revoke", kid]).await.code, 0);
    assert_eq!(admin(&["revoke", kid]).await.code, 1);
    // The server went on all the while.
    server.api().get("/v3/grants").await.expect(200);
    server
        .api()
        .post(
            "/v3/connect/custom",
            json!({"provider": "nylas", "settings": {"email": "a@agents.localhost"}}),
        )
        .await
        .expect(201);
}
