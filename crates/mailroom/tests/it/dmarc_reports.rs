//! Domains are told how mail in their name was judged, once for each day.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use posthouse_mailroom::domains::NewDomain;
use posthouse_mailroom::outbound::{AttemptReport, Outcome, Scope};
use posthouse_mailroom::receive::{Arrivals, CheckedPeers, DmarcAction, ReceiveRefusal};
use posthouse_net::aggregate_reports::{self, AggregateReport, ReportFile};
use posthouse_net::authentication::Authenticator;
use posthouse_net::authentication::dns::{Dns, Found, NotFound};
use serde_json::json;

use crate::support::{Office, every_engine};

const TO: &str = "triage@agents.localhost";
const DAY: i64 = 86_400;

/// Names and their texts; nothing is answered while it is down.
#[derive(Default)]
struct Names {
    texts: Mutex<Vec<(String, String)>>,
    is_down: AtomicBool,
}

impl Names {
    fn of(texts: &[(&str, &str)]) -> Arc<Self> {
        let texts = texts
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Arc::new(Self {
            texts: Mutex::new(texts.collect()),
            is_down: AtomicBool::new(false),
        })
    }
}

impl Dns for Names {
    fn txt<'a>(&'a self, name: &'a str) -> Found<'a, Vec<u8>> {
        Box::pin(async move {
            if self.is_down.load(Ordering::Relaxed) {
                return Err(NotFound::Trouble);
            }
            let texts = self.texts.lock().unwrap();
            let found = texts.iter().filter(|(other, _)| other == name);
            let found: Vec<Vec<u8>> = found.map(|(_, text)| text.clone().into_bytes()).collect();
            if found.is_empty() {
                return Err(NotFound::NoName);
            }
            Ok(found)
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

/// The peer of the tests, 192.0.2.7, sends for `client.example` and for nobody else.
const WORLD: [(&str, &str); 8] = [
    ("client.example", "v=spf1 ip4:192.0.2.7 -all"),
    (
        "_dmarc.client.example",
        "v=DMARC1; p=reject; rua=mailto:d@client.example,mailto:far@reader.example,mailto:no@victim.example",
    ),
    ("client.example._report._dmarc.reader.example", "v=DMARC1"),
    ("_dmarc.mute.example", "v=DMARC1; p=reject"),
    (
        "_dmarc.small.example",
        "v=DMARC1; p=none; rua=mailto:d@small.example!1k",
    ),
    (
        "_dmarc.own.example",
        "v=DMARC1; p=none; rua=mailto:dmarc-reports@mx.posthouse.example",
    ),
    (
        "own.example._report._dmarc.mx.posthouse.example",
        "v=DMARC1",
    ),
    ("_dmarc.sub.client.example", "v=DMARC1; p=none"),
];

fn open(office: &Office, dns: &Arc<Names>, dmarc: DmarcAction, reports: bool) {
    office.mailroom.check_arrivals_with(Arrivals {
        authenticator: Authenticator::new(dns.clone(), Duration::from_millis(500)),
        peers: CheckedPeers::All,
        dmarc,
        trusted_sealers: Vec::new(),
    });
    if reports {
        office.mailroom.report_to_domains(dns.clone());
    }
}

async fn arrive(office: &Office, author: &str, envelope: &str) -> Result<(), ReceiveRefusal> {
    let raw = format!("From: Somebody <somebody@{author}>\r\nSubject: x\r\n\r\ntext\r\n");
    let mut delivery = office.delivery(&[TO], &raw).await;
    delivery.envelope_from = posthouse_types::address::EmailAddress::parse_strict(envelope).ok();
    office.mailroom.receive(delivery).await.map(|accepted| {
        office.mailroom.confirm_receipt(accepted.receipt);
    })
}

/// A report on its way: who gets it, its header, and what it says.
struct Sent {
    recipients: Vec<String>,
    header: Vec<(String, String)>,
    report: AggregateReport,
    file_name: String,
}

impl Sent {
    fn field(&self, name: &str) -> &str {
        let found = self
            .header
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name));
        &found.expect("the field").1
    }
}

/// Keeps, reports, and returns what is in the queue then.
async fn report(office: &Office) -> Vec<Sent> {
    office.mailroom.keep_sightings().await.unwrap();
    while office.mailroom.send_dmarc_reports("this").await.unwrap() {}
    let due = office
        .mailroom
        .claim_outbound(Scope::EachDomain, &|_| 100)
        .await;
    let mut sent: Vec<Sent> = Vec::new();
    for mail in due.unwrap().claimed {
        let wire = office.mailroom.wire_mail(&mail).await.unwrap();
        assert_eq!(wire.envelope_from, "");
        let message = posthouse_mime::parse(&wire.content);
        let header = posthouse_mime::headers(&wire.content);
        let [file] = message.attachments.as_slice() else {
            panic!("{:?}", message.attachments);
        };
        let content = posthouse_mime::decode_part(&wire.content, file.part).unwrap();
        let report = aggregate_reports::dmarc(&ReportFile {
            name: &file.filename,
            content_type: &file.content_type,
            content: &content,
        });
        let recipients: Vec<String> = mail
            .recipients
            .iter()
            .map(|one| one.address.clone())
            .collect();
        let taken = AttemptReport {
            outcomes: vec![Outcome::Delivered; recipients.len()],
            mail,
        };
        office.mailroom.record_outcome(&[taken]).await.unwrap();
        let id = message.message_id.clone();
        let same = sent
            .iter_mut()
            .find(|other| Some(other.field("Message-ID").trim()) == id.as_deref());
        if let Some(same) = same {
            same.recipients.extend(recipients);
            continue;
        }
        sent.push(Sent {
            recipients,
            header,
            report: report.expect("a report"),
            file_name: file.filename.clone(),
        });
    }
    sent
}

/// The day after, when everything is due.
fn next_day(office: &Office) {
    office.clock.forward(DAY + 2 * 3_600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_asks_for_it_is_told_once_how_its_mail_was_judged() {
    for office in every_engine().await {
        let dns = Names::of(&WORLD);
        open(&office, &dns, DmarcAction::Reject, true);
        office.account("triage").await;
        for _ in 0..3 {
            arrive(&office, "client.example", "a@client.example")
                .await
                .unwrap();
        }
        let forged = arrive(&office, "client.example", "a@elsewhere.example").await;
        assert_eq!(forged.unwrap_err(), ReceiveRefusal::DmarcRejected);
        arrive(&office, "nobody.example", "a@client.example")
            .await
            .unwrap();
        let forged = arrive(&office, "mute.example", "a@client.example").await;
        assert_eq!(forged.unwrap_err(), ReceiveRefusal::DmarcRejected);
        assert_eq!(report(&office).await.len(), 0, "the day is not over");

        next_day(&office);
        let sent = report(&office).await;
        assert_eq!(sent.len(), 1, "one domain asks for it");
        let sent = &sent[0];
        let mut recipients = sent.recipients.clone();
        recipients.sort();
        assert_eq!(recipients, ["d@client.example", "far@reader.example"]);
        let begins = 1_790_000_000 / DAY * DAY;
        assert_eq!(sent.report.domain, "client.example");
        assert_eq!(sent.report.organization, "mx.posthouse.example");
        assert_eq!(
            (sent.report.begins_at, sent.report.ends_at),
            (begins, begins + DAY - 1)
        );
        let (id, host) = sent.report.report_id.split_once('@').unwrap();
        assert_eq!(host, "mx.posthouse.example");
        assert_eq!(
            sent.file_name,
            format!(
                "mx.posthouse.example!client.example!{begins}!{}!{id}.xml.gz",
                begins + DAY - 1
            )
        );
        assert_eq!(
            sent.field("Subject"),
            format!(
                "Report Domain: client.example Submitter: mx.posthouse.example Report-ID: <{id}@{host}>"
            )
        );
        assert_eq!(sent.field("Auto-Submitted"), "auto-generated");
        let mut records = sent.report.document["records"].as_array().unwrap().clone();
        records.sort_by_key(|record| record["count"].as_i64());
        assert_eq!(records.len(), 2, "{records:?}");
        let row = |count: u32,
                   disposition: &str,
                   spf: &str,
                   envelope: &str,
                   results: serde_json::Value| {
            json!({
                "source_ip": "192.0.2.7", "count": count, "disposition": disposition, "dkim": "fail", "spf": spf,
                "header_from": "client.example", "envelope_from": envelope, "dkim_results": [], "spf_results": results,
            })
        };
        let none = json!([{"domain": "elsewhere.example", "result": "none"}]);
        assert_eq!(
            records[0],
            row(1, "reject", "fail", "elsewhere.example", none)
        );
        let pass = json!([{"domain": "client.example", "result": "pass"}]);
        assert_eq!(records[1], row(3, "pass", "pass", "client.example", pass));

        // Nothing of that day is told twice, whoever looks.
        next_day(&office);
        assert_eq!(report(&office).await.len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_look_at_once_send_one_report() {
    for office in every_engine().await {
        let dns = Names::of(&WORLD);
        open(&office, &dns, DmarcAction::Off, true);
        office.account("triage").await;
        arrive(&office, "client.example", "a@client.example")
            .await
            .unwrap();
        office.mailroom.keep_sightings().await.unwrap();
        next_day(&office);
        let (one, other) = tokio::join!(
            office.mailroom.send_dmarc_reports("one"),
            office.mailroom.send_dmarc_reports("other")
        );
        assert!(one.is_ok() && other.is_ok());
        assert_eq!(report(&office).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_operator_wants_no_reports_nothing_is_counted() {
    for office in every_engine().await {
        let dns = Names::of(&WORLD);
        open(&office, &dns, DmarcAction::Off, false);
        office.account("triage").await;
        arrive(&office, "client.example", "a@client.example")
            .await
            .unwrap();
        office.mailroom.keep_sightings().await.unwrap();
        office.mailroom.report_to_domains(dns.clone());
        next_day(&office);
        assert_eq!(report(&office).await.len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_not_sent_where_it_is_too_large_and_stays_here_where_it_is_asked_for_here() {
    for office in every_engine().await {
        let dns = Names::of(&WORLD);
        open(&office, &dns, DmarcAction::Off, true);
        office.account("triage").await;
        let new = NewDomain {
            name: "Own".to_owned(),
            domain_address: "own.example".to_owned(),
            ..NewDomain::default()
        };
        office
            .mailroom
            .register_domain(&office.actor, new)
            .await
            .unwrap();
        arrive(&office, "small.example", "a@client.example")
            .await
            .unwrap();
        arrive(&office, "own.example", "a@client.example")
            .await
            .unwrap();
        next_day(&office);
        assert_eq!(report(&office).await.len(), 0);
        let page = office
            .mailroom
            .list_domain_reports("own.example", "dmarc", 10, None)
            .await
            .unwrap();
        assert_eq!(page.rows.len(), 1);
        assert_eq!(page.rows[0].organization, "mx.posthouse.example");
        assert_eq!(page.rows[0].document["authenticated"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn name_servers_that_do_not_answer_are_asked_again_and_given_up_in_the_end() {
    for office in every_engine().await {
        let dns = Names::of(&WORLD);
        open(&office, &dns, DmarcAction::Off, true);
        office.account("triage").await;
        arrive(&office, "client.example", "a@client.example")
            .await
            .unwrap();
        office.mailroom.keep_sightings().await.unwrap();
        next_day(&office);
        dns.is_down.store(true, Ordering::Relaxed);
        assert_eq!(report(&office).await.len(), 0);
        dns.is_down.store(false, Ordering::Relaxed);
        assert_eq!(report(&office).await.len(), 0, "not at once");
        office.clock.forward(3_600);
        assert_eq!(report(&office).await.len(), 1);

        arrive(&office, "client.example", "a@client.example")
            .await
            .unwrap();
        office.mailroom.keep_sightings().await.unwrap();
        dns.is_down.store(true, Ordering::Relaxed);
        office.clock.forward(4 * DAY);
        assert_eq!(report(&office).await.len(), 0);
        dns.is_down.store(false, Ordering::Relaxed);
        office.clock.forward(DAY);
        assert_eq!(report(&office).await.len(), 0, "given up");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_arrives_is_kept_with_whether_its_sender_is_who_it_says_and_is_not_counted() {
    for office in every_engine().await {
        let dns = Names::of(&WORLD);
        open(&office, &dns, DmarcAction::Off, true);
        let xml = |id: &str| {
            format!(
                "<?xml version=\"1.0\"?><feedback><report_metadata><org_name>Shop</org_name><email>d@shop.example</email>\
                 <report_id>{id}</report_id><date_range><begin>1790000000</begin><end>1790086400</end></date_range></report_metadata>\
                 <policy_published><domain>agents.localhost</domain><p>none</p></policy_published></feedback>"
            )
        };
        for (author, id) in [("client.example", "true"), ("mute.example", "false")] {
            let raw = format!(
                "From: <d@{author}>\r\nSubject: Report\r\nMIME-Version: 1.0\r\nContent-Type: text/xml; name=\"r.xml\"\r\n\
                 Content-Disposition: attachment; filename=\"r.xml\"\r\n\r\n{}\r\n",
                xml(id)
            );
            let mut delivery = office
                .delivery(&["dmarc-reports@mx.posthouse.example"], &raw)
                .await;
            let sender = posthouse_types::address::EmailAddress::parse_strict("d@client.example");
            delivery.envelope_from = sender.ok();
            office.mailroom.receive(delivery).await.unwrap();
        }
        let page = office
            .mailroom
            .list_domain_reports("agents.localhost", "dmarc", 10, None)
            .await
            .unwrap();
        let found: Vec<(String, bool)> = page
            .rows
            .iter()
            .map(|row| {
                (
                    row.report_id.clone(),
                    row.document["authenticated"].as_bool().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [("false".to_owned(), false), ("true".to_owned(), true)]
        );
        next_day(&office);
        assert_eq!(report(&office).await.len(), 0);
    }
}
