//! Who sent arriving mail: verdicts that are kept and shown, forgeries that are removed, and what follows from DMARC.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::read::{Detail, FolderFilter, MessageQuery};
use posthouse_mailroom::receive::{Arrivals, CheckedPeers, DmarcAction, ReceiveRefusal};
use posthouse_net::authentication::dns::{Dns, Found, NotFound};
use posthouse_net::authentication::{Authenticator, DkimKey, KeyAlgorithm, Signer, sign};
use serde_json::{Value, json};

use crate::support::{Office, every_engine};

const TO: &str = "triage@agents.localhost";

/// A DNS of TXT records; `silent.example` never answers.
struct Records(Vec<(&'static str, String)>);

impl Dns for Records {
    fn txt<'a>(&'a self, name: &'a str) -> Found<'a, Vec<u8>> {
        Box::pin(async move {
            if name.ends_with("silent.example") {
                std::future::pending::<()>().await;
            }
            let texts = self.0.iter().filter(|(other, _)| *other == name);
            let found: Vec<Vec<u8>> = texts.map(|(_, text)| text.clone().into_bytes()).collect();
            if found.is_empty() {
                Err(NotFound::NoName)
            } else {
                Ok(found)
            }
        })
    }

    fn a<'a>(&'a self, _name: &'a str) -> Found<'a, Ipv4Addr> {
        Box::pin(async { Err(NotFound::NoName) })
    }

    fn aaaa<'a>(&'a self, _name: &'a str) -> Found<'a, Ipv6Addr> {
        Box::pin(async { Err(NotFound::NoName) })
    }

    fn mx<'a>(&'a self, _name: &'a str) -> Found<'a, String> {
        Box::pin(async { Err(NotFound::NoName) })
    }

    fn ptr(&self, _address: IpAddr) -> Found<'_, String> {
        Box::pin(async { Err(NotFound::NoName) })
    }
}

/// The world of `client.example`, whose mail comes from 192.0.2.7 only, and of `strict.example`, whose comes from nowhere.
fn world() -> Vec<(&'static str, String)> {
    vec![
        ("client.example", "v=spf1 ip4:192.0.2.7 -all".to_owned()),
        ("_dmarc.client.example", "v=DMARC1; p=reject".to_owned()),
        ("_dmarc.strict.example", "v=DMARC1; p=reject".to_owned()),
        ("_dmarc.mild.example", "v=DMARC1; p=quarantine".to_owned()),
        ("_dmarc.watching.example", "v=DMARC1; p=none".to_owned()),
    ]
}

fn check(
    office: &Office,
    peers: CheckedPeers,
    dmarc: DmarcAction,
    records: Vec<(&'static str, String)>,
) {
    office.mailroom.check_arrivals_with(Arrivals {
        authenticator: Authenticator::new(Arc::new(Records(records)), Duration::from_millis(300)),
        peers,
        dmarc,
        trusted_sealers: Vec::new(),
    });
}

fn message(headers: &[&str], body: &str) -> String {
    format!("{}\r\n\r\n{body}\r\n", headers.join("\r\n"))
}

fn from(author: &str) -> String {
    message(
        &[&format!("From: Somebody <somebody@{author}>"), "Subject: x"],
        "text",
    )
}

async fn security(office: &Office, grant: &GrantRef, id: &str) -> Value {
    let detail = Detail::With {
        headers: None,
        tracking: false,
        extracted: false,
        security: true,
    };
    let object = office
        .mailroom
        .get_message(grant, id, detail)
        .await
        .unwrap();
    let object: Value = serde_json::from_slice(&object).unwrap();
    object["security"].clone()
}

async fn source(office: &Office, grant: &GrantRef, id: &str) -> String {
    let object = office
        .mailroom
        .get_message(grant, id, Detail::RawMime)
        .await
        .unwrap();
    let object: Value = serde_json::from_slice(&object).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE
        .decode(object["raw_mime"].as_str().unwrap())
        .unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Tells in which folders the message is, by name.
async fn folder(office: &Office, grant: &GrantRef, id: &str) -> &'static str {
    for name in ["inbox", "junk"] {
        let query = MessageQuery {
            folders: FolderFilter::Named(vec![name.to_owned()]),
            ..MessageQuery::default()
        };
        let listed = office.list(grant, query).await;
        if listed.iter().any(|message| message["id"] == id) {
            return name;
        }
    }
    "nowhere"
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_are_kept_with_the_message_and_stand_above_it() {
    for office in every_engine().await {
        check(&office, CheckedPeers::All, DmarcAction::Junk, world());
        let grant = office.account("triage").await;
        let accepted = office
            .deliver(&[TO], &from("client.example"))
            .await
            .unwrap();

        let security = security(&office, &grant, &accepted.id).await;
        assert_eq!(
            security["spf"],
            json!({"result": "pass", "domain": "client.example"})
        );
        assert_eq!(security["dkim"], json!([]));
        assert_eq!(
            security["dmarc"],
            json!({"result": "pass", "policy": "reject", "domain": "client.example"})
        );
        assert_eq!(security["arc"], json!({"result": "none"}));

        let source = source(&office, &grant, &accepted.id).await;
        let field = "Delivered-To: triage@agents.localhost\r\nAuthentication-Results: mx.posthouse.example;\r\n\
            \tspf=pass smtp.mailfrom=client.example;\r\n\
            \tdmarc=pass (p=reject) header.from=client.example\r\nReceived: from";
        assert!(source.contains(field), "{source}");
        assert_eq!(folder(&office, &grant, &accepted.id).await, "inbox");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_of_the_author_passes_wherever_the_mail_comes_from() {
    for office in every_engine().await {
        let key = DkimKey::generate(KeyAlgorithm::Ed25519Sha256, 0).unwrap();
        let mut records = world();
        records.push(("s1._domainkey.strict.example", key.public_record()));
        check(&office, CheckedPeers::Public, DmarcAction::Junk, records);
        let grant = office.account("triage").await;
        let raw = from("strict.example");
        let signer = Signer::new("strict.example", "s1", &key);
        let lines = sign(&[signer], raw.as_bytes(), office.clock_us() / 1_000_000).unwrap();
        let raw = String::from_utf8(lines).unwrap() + &raw;
        let accepted = office.deliver(&[TO], &raw).await.unwrap();
        let security = security(&office, &grant, &accepted.id).await;
        // The peer's address is of documentation, not of the public internet.
        assert_eq!(security["spf"], Value::Null);
        assert_eq!(
            security["dkim"],
            json!([{"result": "pass", "domain": "strict.example", "selector": "s1", "seen": 1}])
        );
        assert_eq!(security["dmarc"]["result"], "pass");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_fails_dmarc_goes_to_junk_where_its_author_asks_for_it() {
    for office in every_engine().await {
        check(&office, CheckedPeers::All, DmarcAction::Junk, world());
        let grant = office.account("triage").await;
        for (author, place) in [
            ("strict.example", "junk"),
            ("mild.example", "junk"),
            ("watching.example", "inbox"),
            ("unknown.example", "inbox"),
        ] {
            let accepted = office.deliver(&[TO], &from(author)).await.unwrap();
            assert_eq!(
                folder(&office, &grant, &accepted.id).await,
                place,
                "{author}"
            );
            let security = security(&office, &grant, &accepted.id).await;
            assert_eq!(security["dmarc"]["domain"], author);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_may_refuse_such_mail_or_let_it_be() {
    for office in every_engine().await {
        check(&office, CheckedPeers::All, DmarcAction::Reject, world());
        let grant = office.account("triage").await;
        let refused = office.deliver(&[TO], &from("strict.example")).await;
        assert_eq!(refused.unwrap_err(), ReceiveRefusal::DmarcRejected);
        let accepted = office.deliver(&[TO], &from("mild.example")).await.unwrap();
        assert_eq!(folder(&office, &grant, &accepted.id).await, "junk");
    }
    for office in every_engine().await {
        check(&office, CheckedPeers::All, DmarcAction::Off, world());
        let grant = office.account("triage").await;
        let accepted = office
            .deliver(&[TO], &from("strict.example"))
            .await
            .unwrap();
        assert_eq!(folder(&office, &grant, &accepted.id).await, "inbox");
        let security = security(&office, &grant, &accepted.id).await;
        assert_eq!(security["dmarc"]["result"], "fail");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auth_05_two_authors_are_both_asked_about() {
    for office in every_engine().await {
        check(&office, CheckedPeers::All, DmarcAction::Junk, world());
        let grant = office.account("triage").await;
        let raw = message(
            &["From: a@client.example, b@strict.example", "Subject: x"],
            "text",
        );
        let accepted = office.deliver(&[TO], &raw).await.unwrap();
        let security = security(&office, &grant, &accepted.id).await;
        assert_eq!(security["dmarc"]["result"], "fail");
        assert_eq!(security["dmarc"]["domain"], "strict.example");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auth_07_forged_results_are_gone_from_the_stored_message() {
    for office in every_engine().await {
        check(&office, CheckedPeers::All, DmarcAction::Junk, world());
        let grant = office.account("triage").await;
        let forged = message(
            &[
                "From: somebody@watching.example",
                "Authentication-Results: MX.posthouse.example; dmarc=pass",
                "authentication-results: (x) \"mx.posthouse.example\"; spf=pass",
                "Authentication-Results: other.example; spf=pass",
                "Subject: x",
            ],
            "text",
        );
        let accepted = office.deliver(&[TO], &forged).await.unwrap();
        let source = source(&office, &grant, &accepted.id).await;
        let fields: Vec<&str> = source
            .lines()
            .filter(|line| {
                line.to_ascii_lowercase()
                    .starts_with("authentication-results:")
            })
            .collect();
        assert_eq!(
            fields,
            [
                "Authentication-Results: mx.posthouse.example;",
                "Authentication-Results: other.example; spf=pass"
            ]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dns_that_does_not_answer_costs_no_mail() {
    for office in every_engine().await {
        check(&office, CheckedPeers::All, DmarcAction::Reject, world());
        let grant = office.account("triage").await;
        let accepted = office
            .deliver(&[TO], &from("silent.example"))
            .await
            .unwrap();
        let security = security(&office, &grant, &accepted.id).await;
        assert_eq!(security["spf"]["result"], "pass");
        assert_eq!(security["dmarc"]["result"], "temperror");
        assert_eq!(folder(&office, &grant, &accepted.id).await, "inbox");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_checked_is_null_and_has_no_field() {
    for office in every_engine().await {
        check(&office, CheckedPeers::None, DmarcAction::Junk, world());
        let grant = office.account("triage").await;
        let accepted = office
            .deliver(&[TO], &from("strict.example"))
            .await
            .unwrap();
        let security = security(&office, &grant, &accepted.id).await;
        for name in ["spf", "dmarc", "arc"] {
            assert_eq!(security[name], Value::Null, "{name}");
        }
        let source = source(&office, &grant, &accepted.id).await;
        assert!(!source.contains("Authentication-Results"), "{source}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auth_04_the_same_signed_message_to_a_thousand_recipients_raises_the_counter() {
    for office in every_engine().await {
        let key = DkimKey::generate(KeyAlgorithm::Ed25519Sha256, 0).unwrap();
        let mut records = world();
        records.push(("s1._domainkey.strict.example", key.public_record()));
        check(&office, CheckedPeers::All, DmarcAction::Junk, records);
        let grant = office.account("triage").await;
        let crowd: Vec<String> = (0..9)
            .map(|number| format!("a{number}@agents.localhost"))
            .collect();
        for address in &crowd {
            office.account(address.split('@').next().unwrap()).await;
        }
        let raw = from("strict.example");
        let now = office.clock_us() / 1_000_000;
        let signer = Signer::new("strict.example", "s1", &key);
        let signature = sign(&[signer], raw.as_bytes(), now).unwrap();
        let signed = format!("{}{raw}", String::from_utf8(signature).unwrap());
        let everybody: Vec<&str> = crowd.iter().map(String::as_str).chain([TO]).collect();
        let mut last = String::new();
        for times in 1..=100_u32 {
            let accepted = office.deliver_confirmed(&everybody, &signed).await;
            last = accepted.message_ids.last().unwrap().clone();
            if times == 1 {
                let security = security(&office, &grant, &last).await;
                assert_eq!(security["dkim"][0]["seen"], 10);
            }
        }
        let security = security(&office, &grant, &last).await;
        assert_eq!(security["dkim"][0]["result"], "pass");
        assert_eq!(security["dkim"][0]["seen"], 1_000);

        // Another message of the same signer counts for itself, and one whose signature fails for nothing.
        let changed = signed.replace("Subject: x", "Subject: y");
        let accepted = office.deliver_confirmed(&[TO], &changed).await;
        let failed = self::security(&office, &grant, &accepted.message_ids[0]).await;
        assert_eq!(failed["dkim"][0]["seen"], Value::Null);
    }
}
