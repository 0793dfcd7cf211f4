//! What becomes of sent messages: what was asked for is shown, and replies are announced, each once.

use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::read::Detail;
use posthouse_mailroom::send::{Outgoing, TrackingOptions};
use posthouse_store::{Param, StoreError, Tx, changes::ChangeKind};
use posthouse_types::address::DisplayAddress;
use posthouse_types::ids::{Key, Kind};
use serde_json::{Value, json};

use crate::support::{Office, every_engine};

fn replies(label: &str) -> TrackingOptions {
    TrackingOptions {
        thread_replies: true,
        label: label.to_owned(),
        ..TrackingOptions::default()
    }
}

async fn send(
    office: &Office,
    grant: &GrantRef,
    reply_to: Option<&Value>,
    tracking: Option<TrackingOptions>,
) -> Value {
    let outgoing = Outgoing {
        to: vec![DisplayAddress {
            name: String::new(),
            email: "buyer@shop.example".to_owned(),
        }],
        subject: "Quote".to_owned(),
        body: "<p>Hello</p>".to_owned(),
        reply_to_message_id: reply_to.map(|target| text(target, "id").to_owned()),
        tracking,
        ..Outgoing::default()
    };
    let sent = office.mailroom.send_message(grant, outgoing, None).await;
    office.clock.forward(1);
    serde_json::from_slice(&sent.unwrap().object).unwrap()
}

fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap()
}

/// Delivers an answer to a message, if to any.
async fn answer(office: &Office, from: &str, subject: &str, target: Option<&Value>) -> String {
    let mut raw = format!("From: <{from}>\r\nSubject: {subject}\r\n");
    if let Some(target) = target {
        raw.push_str(&format!(
            "In-Reply-To: {}\r\n",
            text(target, "rfc822_message_id")
        ));
    }
    raw.push_str("\r\nYes.\r\n");
    let to = ["agent@agents.localhost"];
    let arrived = office.deliver_confirmed(&to, &raw).await.id;
    office.clock.forward(1);
    arrived
}

/// Returns the announced replies: the message, and what was noted down of it.
async fn announced(office: &Office) -> Vec<(String, Value)> {
    let rows = office
        .store
        .read(|tx: &mut dyn Tx| -> Result<_, StoreError> {
            tx.query(
                "SELECT object_id, data FROM changes WHERE kind = $1 ORDER BY seq",
                &[Param::Int(ChangeKind::ThreadReplied as i64)],
                |row| Ok((row.key(0)?, row.string(1)?)),
            )
        })
        .await
        .unwrap();
    rows.into_iter()
        .map(|(message, data)| {
            let mut data: Value = serde_json::from_str(&data).unwrap();
            for (member, kind) in [
                ("root", Kind::Message),
                ("answered", Kind::Message),
                ("thread", Kind::Thread),
            ] {
                let key = Key(data[member].as_i64().unwrap());
                data[member] = office.mailroom.public_id(kind, key).into();
            }
            (office.mailroom.public_id(Kind::Message, message), data)
        })
        .collect()
}

async fn options(office: &Office, grant: &GrantRef, id: &str) -> Value {
    let detail = Detail::With {
        headers: None,
        tracking: true,
        extracted: false,
        security: false,
    };
    let object = office
        .mailroom
        .get_message(grant, id, detail)
        .await
        .unwrap();
    let object: Value = serde_json::from_slice(&object).unwrap();
    object["tracking_options"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reply_is_announced_once_and_counted() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let asked = send(&office, &agent, None, Some(replies("q4"))).await;
        let first = answer(&office, "buyer@shop.example", "Re: Quote", Some(&asked)).await;
        // Found by its subject alone, as programs that write no In-Reply-To reply.
        let second = answer(&office, "buyer@shop.example", "Re: Quote", None).await;
        answer(&office, "buyer@shop.example", "Something else", None).await;
        let expected = |message: String, count: i64| {
            let data = json!({
                "v": 1,
                "thread": asked["thread_id"],
                "root": asked["id"],
                "answered": asked["id"],
                "label": "q4",
                "count": count,
                "from_self": false,
            });
            (message, data)
        };
        assert_eq!(
            announced(&office).await,
            [expected(first, 1), expected(second, 2)]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_is_the_message_that_was_answered_else_the_newest_that_wants_to_know() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let one = send(&office, &agent, None, Some(replies("one"))).await;
        let two = send(&office, &agent, Some(&one), Some(replies("two"))).await;
        let three = send(&office, &agent, Some(&two), None).await;
        assert_eq!(one["thread_id"], three["thread_id"]);
        for target in [&one, &two, &three] {
            answer(&office, "buyer@shop.example", "Re: Quote", Some(target)).await;
        }
        answer(&office, "agent@agents.localhost", "Re: Quote", Some(&three)).await;
        let roots: Vec<(Value, Value, Value)> = announced(&office)
            .await
            .into_iter()
            .map(|(_, data)| {
                let is_self = data["from_self"].clone();
                (data["label"].clone(), data["answered"].clone(), is_self)
            })
            .collect();
        let expected = [
            (json!("one"), one["id"].clone(), json!(false)),
            (json!("two"), two["id"].clone(), json!(false)),
            (json!("two"), three["id"].clone(), json!(false)),
            (json!("two"), three["id"].clone(), json!(true)),
        ];
        assert_eq!(roots, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_announced_that_nobody_asked_for_nor_bounces() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let counted = TrackingOptions {
            opens: true,
            links: true,
            label: "opens".to_owned(),
            ..TrackingOptions::default()
        };
        for tracking in [None, Some(counted)] {
            let asked = send(&office, &agent, None, tracking).await;
            answer(&office, "buyer@shop.example", "Re: Quote", Some(&asked)).await;
        }
        let asked = send(&office, &agent, None, Some(replies(""))).await;
        let raw = format!(
            "From: <mailer-daemon@shop.example>\r\nSubject: Failure\r\nIn-Reply-To: {}\r\n\r\nGone.\r\n",
            text(&asked, "rfc822_message_id")
        );
        let mut bounce = office.delivery(&["agent@agents.localhost"], &raw).await;
        bounce.envelope_from = None;
        office.mailroom.receive(bounce).await.unwrap();
        assert_eq!(announced(&office).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_for_is_shown_and_goes_with_the_message() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let asked = send(&office, &agent, None, Some(replies("q4"))).await;
        let plain = send(&office, &agent, None, None).await;
        let nothing = json!({"opens": false, "links": false, "thread_replies": false, "label": ""});
        let mut wanted = nothing.clone();
        wanted["thread_replies"] = true.into();
        wanted["label"] = "q4".into();
        assert_eq!(options(&office, &agent, text(&asked, "id")).await, wanted);
        assert_eq!(options(&office, &agent, text(&plain, "id")).await, nothing);
        let other = office.account("other").await;
        let foreign = office
            .mailroom
            .get_message(&other, text(&asked, "id"), Detail::Standard);
        assert!(foreign.await.is_err());
        for _ in 0..2 {
            let gone = office
                .mailroom
                .delete_message(&agent, text(&asked, "id"))
                .await;
            gone.unwrap();
        }
        let count = |tx: &mut dyn Tx| -> Result<i64, StoreError> {
            tx.query_one("SELECT COUNT(*) FROM tracked", &[], |row| row.int(0))
        };
        assert_eq!(office.store.read(count).await.unwrap(), 0);
        answer(&office, "buyer@shop.example", "Re: Quote", Some(&asked)).await;
        assert_eq!(announced(&office).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_copy_that_an_account_sends_itself_is_no_reply_to_it() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let raw = "From: <buyer@shop.example>\r\nSubject: Quote\r\nMessage-ID: <q@shop.example>\r\n\r\nHow much?\r\n";
        let asked = office.deliver_confirmed(&["agent@agents.localhost"], raw);
        let asked = asked.await.id;
        let outgoing = Outgoing {
            cc: vec![DisplayAddress {
                name: String::new(),
                email: "agent@agents.localhost".to_owned(),
            }],
            subject: "Re: Quote".to_owned(),
            reply_to_message_id: Some(asked),
            tracking: Some(replies("")),
            ..Outgoing::default()
        };
        let sent = office.mailroom.send_message(&agent, outgoing, None).await;
        let sent: Value = serde_json::from_slice(&sent.unwrap().object).unwrap();
        office.mailroom.deliver_local_mail().await.unwrap();
        assert_eq!(announced(&office).await, []);
        let reply = answer(&office, "buyer@shop.example", "Re: Quote", Some(&sent)).await;
        let announced = announced(&office).await;
        assert_eq!(announced.len(), 1);
        let (message, data) = &announced[0];
        assert_eq!(
            (message, &data["root"], &data["count"]),
            (&reply, &sent["id"], &json!(1))
        );
    }
}
