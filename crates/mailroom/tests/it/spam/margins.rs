//! Mail that is wanted, from senders without SPF, DKIM and DMARC, with nothing learned: how near each comes to Junk.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use posthouse_mailroom::receive::{Arrivals, CheckedPeers, DmarcAction};
use posthouse_net::authentication::Authenticator;
use posthouse_net::authentication::dns::{Dns, Found, NotFound};
use posthouse_types::address::EmailAddress;

use super::{codes, role, spam_of};
use crate::support::{Office, every_engine};

/// How far below the threshold wanted mail stays.
const MARGIN: f64 = 1.5;

/// A DNS in which `strict.example` forbids everybody else to send for it, and nobody else says anything.
struct Quiet;

impl Dns for Quiet {
    fn txt<'a>(&'a self, name: &'a str) -> Found<'a, Vec<u8>> {
        Box::pin(async move {
            match name {
                "strict.example" => Ok(vec![b"v=spf1 ip4:198.51.100.1 -all".to_vec()]),
                "_dmarc.strict.example" => Ok(vec![b"v=DMARC1; p=none".to_vec()]),
                _ => Err(NotFound::NoName),
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

/// A letter of the table: what it is, who sends it (nobody: the null sender), and its text behind `To`, `Date` and `Message-ID`.
struct Wanted {
    what: String,
    sender: Option<String>,
    raw: String,
}

/// Reads the table: `%% what | sender`, header fields, an empty line, the body.
fn wanted() -> Vec<Wanted> {
    let blocks = include_str!("wanted.txt").split("\n%% ").skip(1);
    let read = |(number, block): (usize, &str)| {
        let (head, text) = block.split_once('\n').unwrap();
        let (what, sender) = head.split_once(" | ").unwrap();
        let common = format!(
            "Message-ID: <{number}.7@mail.example>\nDate: Mon, 21 Sep 2026 13:46:40 +0000\nTo: triage@agents.localhost\n"
        );
        Wanted {
            what: what.to_owned(),
            sender: (sender != "<>").then(|| sender.to_owned()),
            raw: format!("{common}{}\n", text.trim_end()).replace('\n', "\r\n"),
        }
    };
    blocks.enumerate().map(read).collect()
}

async fn checked_office() -> Office {
    let office = every_engine().await.remove(0);
    office.mailroom.check_arrivals_with(Arrivals {
        authenticator: Authenticator::new(Arc::new(Quiet), Duration::from_secs(5)),
        peers: CheckedPeers::All,
        dmarc: DmarcAction::Junk,
        trusted_sealers: Vec::new(),
    });
    office
}

#[tokio::test]
async fn wanted_mail_of_senders_without_spf_and_dkim_stays_far_from_junk() {
    let office = checked_office().await;
    let grant = office.account("triage").await;
    let mut table = String::new();
    let mut too_near = Vec::new();
    for letter in wanted() {
        office.clock.forward(7);
        let mut delivery = office.delivery(&[super::TRIAGE], &letter.raw).await;
        let sender = letter.sender.as_deref();
        delivery.envelope_from = sender.map(|sender| EmailAddress::parse_strict(sender).unwrap());
        let accepted = office.mailroom.receive(delivery).await.unwrap();
        office.mailroom.confirm_receipt(accepted.receipt);
        let spam = spam_of(&office, &grant, &accepted.id).await;
        let score = spam["score"].as_f64().unwrap();
        assert!(
            spam["reasons"]
                .as_array()
                .is_some_and(|reasons| !reasons.is_empty()),
            "{} was not checked: {spam}",
            letter.what
        );
        table.push_str(&format!("| {} | {score:.1} |\n", letter.what));
        let in_inbox = role(&office, &accepted.id).await == 1;
        if !in_inbox || score > 5.0 - MARGIN {
            too_near.push(format!("{}: {score} {:?}", letter.what, codes(&spam)));
        }
    }
    println!("{table}");
    assert!(too_near.is_empty(), "{too_near:#?}");
    let page = include_str!("../../../../../docs/spam.md");
    for row in table.lines() {
        assert!(page.contains(row), "docs/spam.md does not say `{row}`");
    }
}
