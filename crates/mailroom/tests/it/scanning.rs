//! Others are asked about mail: block lists, a spam scanner, a virus scanner in both directions.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::audit::AuditFilter;
use posthouse_mailroom::receive::ReceiveRefusal;
use posthouse_mailroom::send::{Outgoing, OutgoingFile};
use posthouse_mailroom::spam::{Outside, SpamSettings, VirusTrouble};
use posthouse_mailroom::workspaces::{Governance, WorkspaceChanges};
use posthouse_net::authentication::dns::{Dns, Found, NotFound};
use posthouse_net::resolver::{Answer, Resolve, ResolveError};
use posthouse_net::scanners::Place;
use posthouse_net::scanners::block_list::BlockLists;
use posthouse_net::scanners::clamd::Clamd;
use posthouse_net::scanners::spamassassin::Spamd;
use posthouse_store::changes::ChangeKind;
use posthouse_store::{Param, StoreError, Tx};
use posthouse_types::address::DisplayAddress;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use crate::spam::{codes, role, spam_of};
use crate::support::{Office, every_engine, message};

const TRIAGE: &str = "triage@agents.localhost";
const MARKER: &str = "posthouse-own-malware-marker";

/// A DNS in which some names have an address; it remembers what it was asked.
#[derive(Default)]
struct Lists {
    listed: HashMap<&'static str, Ipv4Addr>,
    asked: Mutex<Vec<String>>,
}

impl Lists {
    fn of(names: &[(&'static str, &str)]) -> Arc<Self> {
        let listed = names
            .iter()
            .map(|(name, address)| (*name, address.parse().unwrap()));
        Arc::new(Self {
            listed: listed.collect(),
            asked: Mutex::default(),
        })
    }

    fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.sort();
        asked
    }
}

impl Dns for Lists {
    fn txt<'a>(&'a self, _name: &'a str) -> Found<'a, Vec<u8>> {
        Box::pin(async { Err(NotFound::NoName) })
    }

    fn a<'a>(&'a self, name: &'a str) -> Found<'a, Ipv4Addr> {
        self.asked.lock().unwrap().push(name.to_owned());
        let found = self.listed.get(name).copied();
        Box::pin(async move { found.map(|address| vec![address]).ok_or(NotFound::NoName) })
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

struct Nobody;

impl Resolve for Nobody {
    fn lookup<'a>(&'a self, _name: &'a str) -> Answer<'a> {
        Box::pin(async { Err(ResolveError::NotFound) })
    }
}

fn filter(office: &Office, outside: Outside) {
    office.mailroom.filter_spam_with(SpamSettings {
        outside,
        ..SpamSettings::default()
    });
}

/// Gives the default workspace a policy with these wishes about spam.
async fn wish(office: &Office, spam_detection: Value) {
    let policy = json!({"name": "House", "spam_detection": spam_detection});
    let made = office
        .mailroom
        .create_policy(&office.actor, &policy)
        .await
        .unwrap();
    let workspaces = office
        .mailroom
        .list_workspaces(&office.actor)
        .await
        .unwrap();
    let default = workspaces.iter().find(|one| one.is_default).unwrap();
    let changes = WorkspaceChanges {
        governance: Governance {
            policy_id: Some(Some(made.policy.id)),
            rule_ids: None,
        },
        ..WorkspaceChanges::default()
    };
    let changed = office
        .mailroom
        .update_workspace(&office.actor, &default.workspace_id, changes);
    changed.await.unwrap();
}

async fn deliver_from(office: &Office, peer: &str, raw: &str) -> Result<String, ReceiveRefusal> {
    office.clock.forward(7);
    let mut delivery = office.delivery(&[TRIAGE], raw).await;
    delivery.peer = peer.parse().unwrap();
    let accepted = office.mailroom.receive(delivery).await?;
    office.mailroom.confirm_receipt(accepted.receipt);
    Ok(accepted.id)
}

async fn told(office: &Office, kind: ChangeKind) -> Vec<Value> {
    let all: Result<Vec<String>, StoreError> = office
        .store
        .read(move |tx: &mut dyn Tx| {
            let sql = "SELECT data FROM changes WHERE kind = $1 ORDER BY seq";
            tx.query(sql, &[Param::Int(kind as i64)], |row| row.string(0))
        })
        .await;
    let read = |text: &String| serde_json::from_str(text).unwrap();
    all.unwrap().iter().map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn block_lists_are_asked_where_a_policy_wants_them() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let lists = Lists::of(&[
            ("9.9.9.9.bl.example", "127.0.0.2"),
            ("8.8.8.8.bl.example", "127.255.255.254"),
            ("evil.example.dbl.example", "127.0.1.2"),
        ]);
        let (addresses, domains) = (
            vec!["bl.example=3.5".parse().unwrap()],
            vec!["dbl.example".parse().unwrap()],
        );
        let block_lists = Some(BlockLists::new(lists.clone(), addresses, domains));
        filter(
            &office,
            Outside {
                block_lists,
                ..Outside::default()
            },
        );
        let letter = message(
            &["Subject: Lunch"],
            "See https://www.evil.example/menu for what there is to eat today.",
        );

        deliver_from(&office, "9.9.9.9", &letter).await.unwrap();
        assert_eq!(lists.asked(), [""; 0], "nobody wants lists");

        wish(&office, json!({"use_list_dnsbl": true})).await;
        let id = deliver_from(&office, "9.9.9.9", &letter).await.unwrap();
        assert_eq!(
            lists.asked(),
            ["9.9.9.9.bl.example", "evil.example.dbl.example"]
        );
        let spam = spam_of(&office, &grant, &id).await;
        assert_eq!(codes(&spam), ["BLOCK_LIST", "LINK_BLOCK_LIST"]);
        assert_eq!(spam["score"], json!(6.0));
        assert_eq!(spam["reasons"][0]["description"], "9.9.9.9 on bl.example");
        assert_eq!(role(&office, &id).await, 5);

        // A list that refuses who asks has not listed anybody; an address of a private network is asked about nowhere.
        for peer in ["8.8.8.8", "2620:fe::fe", "10.0.0.1"] {
            let id = deliver_from(
                &office,
                peer,
                &message(&["Subject: Lunch"], "At one o'clock, as always?"),
            )
            .await
            .unwrap();
            assert_eq!(
                codes(&spam_of(&office, &grant, &id).await),
                [""; 0],
                "{peer}"
            );
        }
        let v6 = "e.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.e.f.0.0.0.2.6.2.bl.example";
        assert_eq!(lists.asked(), ["8.8.8.8.bl.example", v6]);
    }
}

/// A DNS that lists everybody, but answers nobody before so many ask at once.
struct AllTogether(tokio::sync::Barrier);

impl Dns for AllTogether {
    fn txt<'a>(&'a self, _name: &'a str) -> Found<'a, Vec<u8>> {
        Box::pin(async { Err(NotFound::NoName) })
    }

    fn a<'a>(&'a self, _name: &'a str) -> Found<'a, Ipv4Addr> {
        Box::pin(async move {
            self.0.wait().await;
            Ok(vec![Ipv4Addr::new(127, 0, 0, 2)])
        })
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

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_do_not_wait_for_the_look_ups_of_others() {
    const AT_ONCE: usize = 24;
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let dns = Arc::new(AllTogether(tokio::sync::Barrier::new(AT_ONCE)));
        let zones = vec!["bl.example=3.5".parse().unwrap()];
        let block_lists = Some(BlockLists::new(dns, zones, Vec::new()));
        filter(
            &office,
            Outside {
                block_lists,
                ..Outside::default()
            },
        );
        wish(&office, json!({"use_list_dnsbl": true})).await;
        let arriving = (0..AT_ONCE).map(|number| {
            let office = &office;
            async move {
                let text = message(&[&format!("Subject: {number}")], "At one o'clock?");
                let mut delivery = office.delivery(&[TRIAGE], &text).await;
                delivery.peer = "9.9.9.9".parse().unwrap();
                office.mailroom.receive(delivery).await.unwrap().id
            }
        });
        // Were one look-up to wait for the end of another, none would be answered, and nobody would be listed.
        for id in futures::future::join_all(arriving).await {
            let spam = spam_of(&office, &grant, &id).await;
            assert_eq!(codes(&spam), ["BLOCK_LIST"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_makes_the_threshold_stricter_and_lets_odd_headers_count() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let odd = "From: Buyer <buyer@shop.example>\r\nSubject: Hello\r\nSubject: Again\r\n\r\nAre you there today?\r\n";
        let id = deliver_from(&office, "192.0.2.7", odd).await.unwrap();
        assert_eq!(codes(&spam_of(&office, &grant, &id).await), [""; 0]);

        wish(
            &office,
            json!({"use_header_anomaly_detection": true, "spam_sensitivity": 2.0}),
        )
        .await;
        let id = deliver_from(&office, "192.0.2.7", odd).await.unwrap();
        let spam = spam_of(&office, &grant, &id).await;
        let expected = [
            "HEADER_NO_DATE",
            "HEADER_REPEATED",
            "HEADER_NO_MESSAGE_ID",
            "HEADER_NO_RECIPIENT",
        ];
        assert_eq!(codes(&spam), expected);
        assert_eq!(
            (&spam["threshold"], &spam["score"]),
            (&json!(2.5), &json!(3.4))
        );
        assert_eq!(role(&office, &id).await, 5);
    }
}

/// A clamd that knows one signature.
fn clamd(directory: &tempfile::TempDir) -> Place {
    let path = directory.path().join("clamd");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut seen = Vec::new();
            let mut command = [0; 10];
            stream.read_exact(&mut command).await.unwrap();
            assert_eq!(&command, b"zINSTREAM\0");
            loop {
                let length = stream.read_u32().await.unwrap() as usize;
                if length == 0 {
                    break;
                }
                let mut chunk = vec![0; length];
                stream.read_exact(&mut chunk).await.unwrap();
                seen.extend(chunk);
            }
            let text = String::from_utf8_lossy(&seen);
            let is_marked =
                text.contains(MARKER) || text.contains("cG9zdGhvdXNlLW93bi1tYWx3YXJlLW1hcmtlcg");
            let answer: &[u8] = if is_marked {
                b"stream: Own.Marker FOUND\0"
            } else {
                b"stream: OK\0"
            };
            stream.write_all(answer).await.unwrap();
        }
    });
    Place::Unix(path)
}

fn with_clamd(place: Place, virus_trouble: VirusTrouble) -> Outside {
    Outside {
        clamd: Some(Clamd::new(place, Arc::new(Nobody), Duration::from_secs(5))),
        virus_trouble,
        ..Outside::default()
    }
}

async fn send(office: &Office, grant: &GrantRef, content: &str) -> Result<(), Refusal> {
    let outgoing = Outgoing {
        to: vec![DisplayAddress {
            name: String::new(),
            email: "x@shop.example".to_owned(),
        }],
        subject: "File".to_owned(),
        body: "Here it is".to_owned(),
        files: vec![OutgoingFile {
            filename: "a.bin".to_owned(),
            content_type: "application/octet-stream".to_owned(),
            content: Bytes::from(content.to_owned()),
            ..OutgoingFile::default()
        }],
        ..Outgoing::default()
    };
    office
        .mailroom
        .send_message(grant, outgoing, None)
        .await
        .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn malware_is_refused_in_both_directions_and_is_on_record() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let directory = tempfile::tempdir().unwrap();
        filter(&office, with_clamd(clamd(&directory), VirusTrouble::Wait));

        deliver_from(&office, "192.0.2.7", &message(&["Subject: Clean"], "hello"))
            .await
            .unwrap();
        let infected = message(&["Subject: File"], MARKER);
        let refused = deliver_from(&office, "192.0.2.7", &infected).await;
        assert_eq!(refused.unwrap_err(), ReceiveRefusal::Infected);
        assert_eq!(office.list(&grant, Default::default()).await.len(), 1);

        send(&office, &grant, "clean").await.unwrap();
        let Err(Refusal::Forbidden { message }) = send(&office, &grant, MARKER).await else {
            panic!("malware was sent");
        };
        assert!(message.contains("Own.Marker"), "{message}");
        assert_eq!(count(&office, "outbound").await, 1);
        let events = told(&office, ChangeKind::MessageRejected).await;
        assert_eq!(events.len(), 1);
        let about = &events[0]["message"];
        assert_eq!(
            (&about["subject"], &about["to"]),
            (&json!("File"), &json!(["x@shop.example"]))
        );
        assert!(events[0]["rejected_at"].as_i64().unwrap() > 0);

        let page = office
            .mailroom
            .list_audit(&office.actor, AuditFilter::default(), 50, None)
            .await
            .unwrap();
        let refused = page.rows.iter().filter(|row| row.outcome == "rejected");
        let recipients: Vec<&str> = refused.map(|row| row.recipients[0].as_str()).collect();
        assert_eq!(recipients, ["x@shop.example", "triage@agents.localhost"]);
        let noted: Vec<(&str, &str)> = page
            .rows
            .iter()
            .filter(|row| row.outcome == "rejected")
            .map(|row| {
                (
                    row.action.as_str(),
                    row.reason.as_deref().unwrap_or_default(),
                )
            })
            .collect();
        assert_eq!(
            noted,
            [
                ("message.send", "malware: Own.Marker"),
                ("message.receive", "malware: Own.Marker")
            ]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_waits_for_a_silent_virus_scanner_unless_it_is_to_pass() {
    for trouble in [VirusTrouble::Wait, VirusTrouble::Pass] {
        let office = every_engine().await.remove(0);
        let grant = office.account("triage").await;
        filter(
            &office,
            with_clamd(Place::Unix("/nowhere/clamd".into()), trouble),
        );
        let letter = message(&["Subject: Clean"], "hello");
        let received = deliver_from(&office, "192.0.2.7", &letter).await;
        let sent = send(&office, &grant, "clean").await;
        match trouble {
            VirusTrouble::Pass => assert!(received.is_ok() && sent.is_ok()),
            VirusTrouble::Wait => {
                assert_eq!(received.unwrap_err(), ReceiveRefusal::Unavailable);
                assert!(matches!(sent, Err(Refusal::Unavailable { .. })));
                assert_eq!(count(&office, "messages").await, 0);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_spam_scanner_costs_no_mail_and_is_told() {
    let office = every_engine().await.remove(0);
    let grant = office.account("triage").await;
    let place = Place::Unix("/nowhere/spamd".into());
    let spamassassin = Some(Spamd::new(place, Arc::new(Nobody), Duration::from_secs(5)));
    filter(
        &office,
        Outside {
            spamassassin,
            ..Outside::default()
        },
    );
    let id = deliver_from(&office, "192.0.2.7", &message(&["Subject: Hi"], "hello"))
        .await
        .unwrap();
    let spam = spam_of(&office, &grant, &id).await;
    assert_eq!(codes(&spam), ["SCANNER_SILENT"]);
    assert_eq!((&spam["score"], role(&office, &id).await), (&json!(0.0), 1));
}

async fn count(office: &Office, table: &'static str) -> i64 {
    let counted: Result<i64, StoreError> = office
        .store
        .read(move |tx: &mut dyn Tx| {
            let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {table}");
            tx.query_one(&sql, &[], |row| row.int(0))
        })
        .await;
    counted.unwrap()
}
