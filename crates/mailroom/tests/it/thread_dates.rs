//! A thread tells when something was received and sent last, wherever it was put since.

use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::organise::MessageUpdate;
use posthouse_mailroom::send::Outgoing;
use posthouse_types::address::DisplayAddress;
use serde_json::{Value, json};

use crate::support::{Office, every_engine};

const TRIAGE: &str = "triage@agents.localhost";

async fn file(office: &Office, grant: &GrantRef, message: &str, folder: &str) {
    let update = MessageUpdate {
        folders: Some(vec![folder.to_owned()]),
        ..MessageUpdate::default()
    };
    let moved = office.mailroom.update_message(grant, message, update).await;
    moved.unwrap();
}

async fn dates(office: &Office, grant: &GrantRef, thread: &str) -> (Value, Value) {
    let json = office.mailroom.get_thread(grant, thread).await.unwrap();
    let thread: Value = serde_json::from_slice(&json).unwrap();
    (
        thread["latest_message_received_date"].clone(),
        thread["latest_message_sent_date"].clone(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_stays_sent_and_what_was_received_received() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let raw = format!(
            "From: ann@a.example\r\nTo: {TRIAGE}\r\nSubject: Quote\r\nMessage-ID: <q@a.example>\r\n\r\nhello\r\n"
        );
        let received = office.deliver_confirmed(&[TRIAGE], &raw).await.id;
        let received_at = office.mailroom.clock().unix_us() / 1_000_000;
        office.clock.forward(10);
        let reply = Outgoing {
            to: vec![DisplayAddress {
                name: String::new(),
                email: "ann@a.example".to_owned(),
            }],
            subject: "Re: Quote".to_owned(),
            body: "five".to_owned(),
            reply_to_message_id: Some(received.clone()),
            ..Outgoing::default()
        };
        let sent = office.mailroom.send_message(&grant, reply, None).await;
        let sent: Value = serde_json::from_slice(&sent.unwrap().object).unwrap();
        let (id, thread) = (
            sent["id"].as_str().unwrap(),
            sent["thread_id"].as_str().unwrap(),
        );
        let both = (json!(received_at), json!(received_at + 10));
        assert_eq!(dates(&office, &grant, thread).await, both);
        for folder in ["archive", "trash", "inbox"] {
            file(&office, &grant, id, folder).await;
            assert_eq!(
                dates(&office, &grant, thread).await,
                both,
                "sent, in {folder}"
            );
        }
        file(&office, &grant, &received, "sent").await;
        assert_eq!(dates(&office, &grant, thread).await, both);
    }
}
