//! A trial of rules says what happens: the same message, tried and really on its way, matches the same rules.

use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::rules::{DryRun, Subject, TrialMessage, Tried};
use posthouse_mailroom::send::{Outgoing, OutgoingFile};
use posthouse_types::address::DisplayAddress;
use serde_json::{Value, json};

use crate::governing::{evaluations, folder, govern, on, rule};
use crate::support::{Office, every_engine};

fn somebody(name: &str, email: &str) -> DisplayAddress {
    DisplayAddress {
        name: name.to_owned(),
        email: email.to_owned(),
    }
}

/// What rules can ask of a message, each in a rule of its own.
fn questions(trigger: &str) -> Vec<Value> {
    let mut asked = vec![
        ("subject", "is", json!("Große  Bestellung")),
        ("subject", "contains", json!("bestell")),
        ("header.subject", "contains", json!("große")),
        ("header.from", "contains", json!("agents.localhost")),
        ("header.from", "contains", json!("@shop.example>")),
        ("header.to", "contains", json!("bob example")),
        ("header.to", "contains", json!("<bob@ok.example>")),
        ("header.cc", "is_not", json!("x")),
        ("header.bcc", "contains", json!("hidden")),
        ("header.message-id", "contains", json!("@")),
        ("header.date", "contains", json!("20")),
        ("header.mime-version", "is", json!("1.0")),
        ("header.x-own", "is", json!("One")),
        ("header.content-type", "contains", json!("multipart/mixed")),
        ("header.in-reply-to", "contains", json!("@")),
        ("from.domain", "is", json!("agents.localhost")),
        ("from.address", "contains", json!("shop")),
        ("has_attachment", "is", json!(true)),
        ("attachment.type", "is", json!("text/csv")),
        ("attachment.type", "contains", json!("charset")).into_plain(),
        ("attachment.type", "is", json!("application/*")),
    ];
    if trigger == "outbound" {
        asked.extend([
            ("recipient.address", "is", json!("hidden@ok.example")),
            ("recipient.domain", "contains", json!("bücher")),
            ("recipient.tld", "is", json!("example")),
            ("outbound.type", "is", json!("reply")),
            ("recipient.known", "is", json!(true)),
        ]);
    }
    let each = asked.into_iter();
    each.map(|(field, operator, value)| {
        rule(
            trigger,
            on(field, operator, value),
            json!([{"type": "mark_as_starred"}]),
        )
    })
    .collect()
}

trait Plain {
    /// Asks for something that is written in no type: parameters are not of it.
    fn into_plain(self) -> Self;
}

impl Plain for (&'static str, &'static str, Value) {
    fn into_plain(self) -> Self {
        (self.0, "is_not", json!("text/plain"))
    }
}

async fn tried(office: &Office, grant: &GrantRef, trigger: &str, message: Subject) -> Value {
    let id = office
        .mailroom
        .public_id(posthouse_types::ids::Kind::Grant, grant_key(grant));
    let wanted = DryRun {
        trigger: trigger.to_owned(),
        rules: Tried::Grant(id),
        grant_id: None,
        message,
    };
    office
        .mailroom
        .dry_run_rules(&office.actor, wanted)
        .await
        .unwrap()
}

fn grant_key(grant: &GrantRef) -> posthouse_types::ids::Key {
    grant.grant
}

fn outgoing(files: bool) -> Outgoing {
    let file = |filename: &str, content_type: &str| OutgoingFile {
        filename: filename.to_owned(),
        content_type: content_type.to_owned(),
        content: b"a,b".as_slice().into(),
        ..OutgoingFile::default()
    };
    Outgoing {
        to: vec![somebody("Bob Example", "bob@ok.example")],
        cc: vec![somebody("", "cc@bücher.example")],
        bcc: vec![somebody("", "hidden@ok.example")],
        subject: "Große  Bestellung".to_owned(),
        body: "<p>Hi</p>".to_owned(),
        custom_headers: vec![("X-Own".to_owned(), "one".to_owned())],
        files: match files {
            true => vec![file("a.csv", "Text/CSV; charset=utf-8"), file("b.bin", "")],
            false => Vec::new(),
        },
        ..Outgoing::default()
    }
}

fn given(outgoing: &Outgoing) -> TrialMessage {
    let files = outgoing.files.iter();
    TrialMessage {
        to: outgoing.to.clone(),
        cc: outgoing.cc.clone(),
        bcc: outgoing.bcc.clone(),
        subject: outgoing.subject.clone(),
        headers: outgoing.custom_headers.clone(),
        attachments: files
            .map(|file| (file.filename.clone(), file.content_type.clone(), 3))
            .collect(),
        reply_to_message_id: outgoing.reply_to_message_id.clone(),
        ..TrialMessage::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_of_a_message_matches_what_sending_it_does() {
    for office in every_engine().await {
        let grant = office.account("agent").await;
        let raw = "From: bob@ok.example\r\nMessage-ID: <m1@ok.example>\r\nSubject: Hi\r\n\r\nx\r\n";
        office
            .deliver_confirmed(&["agent@agents.localhost"], raw)
            .await;
        let arrived = folder(&office, &grant, "inbox").await;
        govern(&office, &questions("outbound")).await;
        for (files, reply) in [(false, false), (true, false), (true, true)] {
            let mut outgoing = outgoing(files);
            if reply {
                outgoing.reply_to_message_id = arrived[0]["id"].as_str().map(str::to_owned);
            }
            let message = Subject::Given(Box::new(given(&outgoing)));
            let trial = tried(&office, &grant, "outbound", message).await;
            let sent = office
                .mailroom
                .send_message(&grant, outgoing, None)
                .await
                .unwrap();
            let seen = evaluations(&office, &grant).await;
            assert_eq!(seen[0].message_id.as_deref(), Some(sent.id.as_str()));
            assert_eq!(
                trial["matched_rule_ids"], seen[0].members["matched_rule_ids"],
                "{trial:#}"
            );
            // And again from what was kept.
            let kept = tried(&office, &grant, "outbound", Subject::Stored(sent.id)).await;
            let without_hidden = |all: &Value| -> Vec<Value> { all.as_array().unwrap().clone() };
            assert_eq!(
                without_hidden(&kept["matched_rule_ids"]),
                without_hidden(&seen[0].members["matched_rule_ids"]),
                "{kept:#}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_of_a_message_matches_what_receiving_it_does() {
    for office in every_engine().await {
        let grant = office.account("agent").await;
        govern(&office, &questions("inbound")).await;
        for author in [
            somebody("Shop", "ann@shop.example"),
            somebody("", "not an address"),
        ] {
            let raw = format!(
                "From: {} <{}>\r\nTo: Bob Example <bob@ok.example>\r\nSubject: =?utf-8?Q?Gro=C3=9Fe__Bestellung?=\r\n\
                 X-Own: one\r\nMessage-ID: <m-{}@shop.example>\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\nMIME-Version: 1.0\r\n\
                 Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHi\r\n--b\r\n\
                 Content-Type: text/csv; charset=utf-8; name=a.csv\r\nContent-Disposition: attachment\r\n\r\na,b\r\n--b--\r\n",
                author.name,
                author.email,
                author.email.len(),
            );
            let accepted = office
                .deliver(&["agent@agents.localhost"], &raw)
                .await
                .unwrap();
            let seen = evaluations(&office, &grant).await;
            let matched = &seen[0].members["matched_rule_ids"];
            assert!(matched.as_array().unwrap().len() > 5);
            let message = TrialMessage {
                from: vec![author],
                to: vec![somebody("Bob Example", "bob@ok.example")],
                subject: "Große  Bestellung".to_owned(),
                headers: vec![("X-Own".to_owned(), "one".to_owned())],
                attachments: vec![("a.csv".to_owned(), "text/csv; charset=utf-8".to_owned(), 3)],
                envelope_from: Some("sender@client.example".to_owned()),
                ..TrialMessage::default()
            };
            let trial = tried(
                &office,
                &grant,
                "inbound",
                Subject::Given(Box::new(message)),
            )
            .await;
            assert_eq!(&trial["matched_rule_ids"], matched, "{trial:#}");
            let kept = tried(&office, &grant, "inbound", Subject::Stored(accepted.id)).await;
            assert_eq!(&kept["matched_rule_ids"], matched, "{kept:#}");
        }
    }
}
