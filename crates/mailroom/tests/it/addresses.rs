//! The address that a rule saw is the address on the wire, in the evaluation and in the audit log: for every hostile
//! spelling, through every door that sends.

use std::collections::BTreeSet;

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::audit::AuditFilter;
use posthouse_mailroom::domains::NewDomain;
use posthouse_mailroom::drafts::DraftChange;
use posthouse_mailroom::send::{
    DomainMail, Outgoing, OutgoingSource, QueueFilter, SendWishes, SentMessage,
};
use posthouse_types::address::DisplayAddress;
use serde_json::{Value, json};

use crate::governing::{evaluations, govern, rule};
use crate::support::{Office, every_engine};

const HOUR: i64 = 3_600;

/// By the row of the threat that each stands for.
const HOSTILE: [(&str, &str); 44] = [
    ("addr_01", "\"a@evil.example x\"@internal.example"),
    ("addr_01", "\"a@evil.example\"@internal.example"),
    ("addr_01", "a@evil.example@internal.example"),
    ("addr_02", "a@ok.\r\n evil.example"),
    ("addr_02", "a@ok .evil.example"),
    ("addr_02", "a@(x)ok.example"),
    ("addr_02", "a@ok(x).evil.example"),
    ("addr_02", "a @ok.example"),
    ("addr_03", "a@ok.example((x)evil.example)"),
    ("addr_03", "a@ok.example((x)@evil.example"),
    ("addr_03", "(a(b)c)a@ok.example"),
    ("addr_04", "\"a;b\":x@y.example;"),
    ("addr_04", "undisclosed:;"),
    ("addr_04", "a:b:x@y.example;;"),
    ("addr_04", "x@y.example;"),
    ("addr_04", "x@y.example, z@evil.example"),
    ("addr_05", "\"u\"@ok.example(x)evil.example"),
    ("addr_05", "<a@ok(x)evil.example>"),
    ("addr_05", "Ann <a@ok.example>"),
    ("addr_05", "<a@ok.example>,<b@evil.example>"),
    ("addr_06", "a@o\u{ad}k.example"),
    ("addr_06", "a@ok\u{3002}example"),
    ("addr_06", "a@ok\u{ff0e}example"),
    ("addr_06", "a@\u{ff2f}\u{ff2b}.example"),
    ("addr_06", "a@faß.example"),
    ("addr_06", "a@fass.example"),
    ("addr_06", "a@βόλος.example"),
    ("addr_06", "a@BU\u{308}CHER.example"),
    ("addr_06", "a@XN--BCHER-KVA.example"),
    ("addr_06", "a@ok\u{200b}.example"),
    ("addr_06", "a@ok\u{202e}.example"),
    ("addr_06", "a@evil\u{ff0f}ok.example"),
    ("addr_06", "a\u{200b}b@ok.example"),
    ("addr_10", "a@evil-ok.example"),
    ("addr_10", "a@ok.example.evil"),
    ("addr_10", "a@OK.EXAMPLE."),
    ("addr_10", "A+tag@ok.example"),
    ("addr_10", "a@sub.ok.example"),
    ("addr_09", "a@ok.example\r\nBcc: b@evil.example"),
    ("addr_09", "a@ok.example\nRCPT TO:<b@evil.example>"),
    ("addr_09", "@evil.example:a@ok.example"),
    ("addr_09", "a%evil.example@ok.example"),
    ("addr_09", "evil.example!a@ok.example"),
    ("addr_09", "a@[192.0.2.1]"),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Door {
    To,
    Cc,
    Bcc,
    SourceTo,
    SourceBcc,
    Draft,
    Schedule,
    Domain,
}

const DOORS: [Door; 8] = [
    Door::To,
    Door::Cc,
    Door::Bcc,
    Door::SourceTo,
    Door::SourceBcc,
    Door::Draft,
    Door::Schedule,
    Door::Domain,
];

/// Lets a rule look at every message without doing anything to it that matters.
async fn watch(office: &Office) {
    let own = NewDomain {
        name: "Own".to_owned(),
        domain_address: "own.agents.localhost".to_owned(),
        ..NewDomain::default()
    };
    office
        .mailroom
        .register_domain(&office.actor, own)
        .await
        .unwrap();
    let anybody =
        json!([{"field": "recipient.domain", "operator": "is_not", "value": "never.example"}]);
    govern(
        office,
        &[rule(
            "outbound",
            anybody,
            json!([{"type": "mark_as_starred"}]),
        )],
    )
    .await;
}

fn one(email: &str) -> Vec<DisplayAddress> {
    vec![DisplayAddress {
        name: String::new(),
        email: email.to_owned(),
    }]
}

fn parts(door: Door, email: &str) -> Outgoing {
    let mut outgoing = Outgoing {
        subject: "Hello".to_owned(),
        body: "Hello".to_owned(),
        ..Outgoing::default()
    };
    let field = match door {
        Door::Cc => &mut outgoing.cc,
        Door::Bcc => &mut outgoing.bcc,
        _ => &mut outgoing.to,
    };
    *field = one(email);
    outgoing
}

fn source(door: Door, email: &str) -> OutgoingSource {
    let field = if door == Door::SourceBcc { "Bcc" } else { "To" };
    let raw = format!(
        "From: agent@agents.localhost\r\n{field}: {email}\r\nResent-Bcc: resent@evil.example\r\nSubject: Hello\r\n\r\nHello\r\n"
    );
    OutgoingSource {
        raw: raw.into_bytes().into(),
        ..OutgoingSource::default()
    }
}

/// Sends through a door; returns the public id of the message, or nothing where the door refused.
async fn send(office: &Office, agent: &GrantRef, door: Door, email: &str) -> Option<String> {
    let mailroom = &office.mailroom;
    let sent: Result<SentMessage, Refusal> = match door {
        Door::To | Door::Cc | Door::Bcc => {
            mailroom.send_message(agent, parts(door, email), None).await
        }
        Door::SourceTo | Door::SourceBcc => {
            mailroom.send_source(agent, source(door, email), None).await
        }
        Door::Draft => {
            let new = DraftChange {
                to: Some(one(email)),
                ..DraftChange::default()
            };
            let draft: Value =
                serde_json::from_slice(&mailroom.create_draft(agent, new).await.ok()?).unwrap();
            let id = draft["id"].as_str().unwrap();
            let sent = mailroom
                .send_draft(agent, id, SendWishes::default(), None)
                .await;
            sent.map(|sent| sent.message)
        }
        Door::Schedule => {
            let send_at = mailroom.clock().unix_seconds() + HOUR;
            let taken = mailroom
                .schedule_message(agent, parts(door, email), send_at)
                .await
                .ok()?;
            office.clock.forward(HOUR);
            mailroom.release_schedules().await.unwrap();
            return Some(taken.id);
        }
        Door::Domain => {
            let domain = mailroom
                .domain_for(&office.actor, "own.agents.localhost")
                .await
                .unwrap();
            let outgoing = Outgoing {
                from: one("shop@own.agents.localhost").pop(),
                ..parts(door, email)
            };
            mailroom
                .send_for_domain(&domain, DomainMail::Parts(Box::new(outgoing)), None)
                .await
        }
    };
    match sent {
        Ok(sent) => Some(sent.id),
        Err(Refusal::Invalid { .. }) => None,
        Err(other) => panic!("{door:?} {email:?}: {other:?}"),
    }
}

/// Whom the message goes to on the wire.
async fn wire(office: &Office, message_id: &str) -> BTreeSet<String> {
    let filter = QueueFilter {
        message_id: Some(message_id.to_owned()),
        ..QueueFilter::default()
    };
    let page = office
        .mailroom
        .list_queue(&office.actor, filter, 50, None)
        .await;
    page.unwrap()
        .rows
        .into_iter()
        .map(|row| row.recipient)
        .collect()
}

async fn audited(office: &Office, message_id: &str) -> BTreeSet<String> {
    let filter = AuditFilter {
        object_id: Some(message_id.to_owned()),
        ..AuditFilter::default()
    };
    let page = office
        .mailroom
        .list_audit(&office.actor, filter, 50, None)
        .await;
    let rows = page.unwrap().rows.into_iter();
    rows.filter(|row| row.action == "message.send")
        .flat_map(|row| row.recipients)
        .collect()
}

/// Sends to an address through every door, and compares what everybody saw of it.
async fn compare(office: &Office, agent: &GrantRef, email: &str) -> usize {
    let mut accepted = 0;
    for door in DOORS {
        let before = evaluations(office, agent)
            .await
            .first()
            .map(|one| one.id.clone());
        let sent = send(office, agent, door, email).await;
        let newest = evaluations(office, agent).await;
        let newest = newest
            .first()
            .filter(|one| Some(&one.id) != before.as_ref());
        let Some(id) = sent else {
            assert!(
                newest.is_none(),
                "{door:?} {email:?}: a rule saw what was refused"
            );
            continue;
        };
        accepted += 1;
        let wire = wire(office, &id).await;
        assert!(!wire.is_empty(), "{door:?} {email:?}");
        assert!(!wire.contains("resent@evil.example"), "{door:?} {email:?}");
        assert!(
            wire.iter().all(|one| one.is_ascii() || one.contains('@')),
            "{wire:?}"
        );
        if door != Door::SourceTo && door != Door::SourceBcc {
            assert_eq!(wire.len(), 1, "{door:?} {email:?}: {wire:?}");
        }
        assert_eq!(audited(office, &id).await, wire, "{door:?} {email:?}");
        if door == Door::Domain {
            continue;
        }
        let evaluation = newest.unwrap_or_else(|| panic!("{door:?} {email:?}: no rule saw it"));
        assert_eq!(evaluation.message_id.as_deref(), Some(id.as_str()));
        let input = &evaluation.members["evaluation_input"];
        let texts = |name: &str| -> BTreeSet<String> {
            let list = input[name].as_array().unwrap().iter();
            list.map(|one| one.as_str().unwrap().to_lowercase())
                .collect()
        };
        let lower: BTreeSet<String> = wire.iter().map(|one| one.to_lowercase()).collect();
        assert_eq!(texts("recipient_addresses"), lower, "{door:?} {email:?}");
        let domains: BTreeSet<String> = lower
            .iter()
            .map(|one| one.rsplit_once('@').unwrap().1.to_owned())
            .collect();
        assert_eq!(texts("recipient_domains"), domains, "{door:?} {email:?}");
    }
    accepted
}

#[tokio::test(flavor = "multi_thread")]
async fn addr_08_what_a_rule_saw_is_on_the_wire_and_in_the_log_for_every_hostile_address() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        office.mailroom.limit_replies(1_000, 1_000);
        watch(&office).await;
        let mut accepted = 0;
        for (row, email) in HOSTILE {
            let count = compare(&office, &agent, email).await;
            // Where a domain has one reading, all doors take it.
            assert!(
                row != "addr_01" || count == 0 || email.starts_with('"'),
                "{email}: {count}"
            );
            accepted += count;
        }
        assert!(accepted > 40, "{accepted}");
    }
}

/// Pieces of addresses, harmless and not.
const PIECES: [&str; 36] = [
    "a", "b.c", "user", "evil", "ok", "example", ".", "..", "@", "@", "@", "\"", "\\", "(", ")",
    "<", ">", ",", ";", ":", " ", "\t", "\r\n ", "\u{ad}", "\u{3002}", "ß", "\u{200b}", "\u{202e}",
    "+tag", "%", "!", "[", "]", "xn--", "-", "ü",
];

#[tokio::test(flavor = "multi_thread")]
async fn addr_08_what_a_rule_saw_is_on_the_wire_for_addresses_that_nobody_thought_of() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        watch(&office).await;
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 33) as usize % below
        };
        let mut accepted = 0;
        for _ in 0..60 {
            let mut local = String::from("u");
            let mut domain = String::from("d");
            for _ in 0..next(3) {
                local.push_str(PIECES[next(PIECES.len())]);
            }
            for _ in 0..next(3) {
                domain.push_str(PIECES[next(PIECES.len())]);
            }
            accepted += compare(&office, &agent, &format!("{local}@{domain}.example")).await;
        }
        assert!(accepted > 30, "{accepted}");
    }
}
