//! An account sends: the copy in Sent and the queue are one, and mailboxes of this server get theirs once.

use base64::Engine;
use bytes::Bytes;
use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::organise::Metadata;
use posthouse_mailroom::provision::NewAccount;
use posthouse_mailroom::read::{FolderFilter, HeaderDetail, MessageQuery};
use posthouse_mailroom::send::{
    Outgoing, OutgoingFile, OutgoingSource, QueueFilter, QueuedMail, SentMessage,
};
use posthouse_types::address::DisplayAddress;
use serde_json::{Value, json};

use crate::support::{Office, every_engine};

pub fn to(email: &str) -> Vec<DisplayAddress> {
    vec![DisplayAddress {
        name: String::new(),
        email: email.to_owned(),
    }]
}

pub fn letter(recipient: &str, subject: &str) -> Outgoing {
    Outgoing {
        to: to(recipient),
        subject: subject.to_owned(),
        body: "<p>Hello</p>".to_owned(),
        ..Outgoing::default()
    }
}

pub async fn send(office: &Office, grant: &GrantRef, outgoing: Outgoing) -> SentMessage {
    office
        .mailroom
        .send_message(grant, outgoing, None)
        .await
        .unwrap()
}

async fn refused(office: &Office, grant: &GrantRef, outgoing: Outgoing) -> Refusal {
    office
        .mailroom
        .send_message(grant, outgoing, None)
        .await
        .unwrap_err()
}

pub async fn queue(office: &Office) -> Vec<QueuedMail> {
    let page = office
        .mailroom
        .list_queue(&office.actor, QueueFilter::default(), 50, None)
        .await;
    page.unwrap().rows
}

async fn wire(office: &Office, id: &str) -> String {
    let source = office.mailroom.get_queued(&office.actor, id).await.unwrap();
    let raw = base64::engine::general_purpose::URL_SAFE
        .decode(source.raw_mime)
        .unwrap();
    String::from_utf8(raw).unwrap()
}

pub async fn deliver_inside(office: &Office) {
    while office.mailroom.deliver_local_mail().await.unwrap() {}
}

pub async fn inbox(office: &Office, grant: &GrantRef) -> Vec<Value> {
    let folders = FolderFilter::Named(vec!["inbox".to_owned()]);
    let query = MessageQuery {
        folders,
        ..MessageQuery::default()
    };
    office.list(grant, query).await
}

fn object(sent: &SentMessage) -> Value {
    serde_json::from_slice(&sent.object).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_in_sent_and_in_the_queue_for_each_recipient() {
    for office in every_engine().await {
        let (agent, other) = (office.account("agent").await, office.account("other").await);
        let outgoing = Outgoing {
            cc: to("other@agents.localhost"),
            bcc: to("hidden@shop.example"),
            metadata: Metadata::new([("key1".to_owned(), "v".to_owned())].into()).unwrap(),
            starred: true,
            files: vec![OutgoingFile {
                filename: "a.txt".to_owned(),
                content_type: "text/plain".to_owned(),
                content: Bytes::from_static(b"one\ntwo"),
                ..OutgoingFile::default()
            }],
            ..letter("buyer@shop.example", "Quote")
        };
        let sent = send(&office, &agent, outgoing).await;
        let shown = object(&sent);
        assert_eq!(shown["id"], sent.id);
        assert_eq!(
            (&shown["unread"], &shown["starred"], &shown["subject"]),
            (&json!(false), &json!(true), &json!("Quote"))
        );
        assert_eq!(
            shown["bcc"],
            json!([{"name": "", "email": "hidden@shop.example"}])
        );
        assert_eq!(shown["metadata"], json!({"key1": "v"}));
        assert_eq!(shown["attachments"][0]["filename"], "a.txt");
        let found = MessageQuery {
            metadata_pairs: vec!["key1:v".to_owned()],
            ..MessageQuery::default()
        };
        assert_eq!(
            office.list(&agent, found).await,
            std::slice::from_ref(&shown)
        );
        let folders = office
            .mailroom
            .list_folders(&agent, None, true)
            .await
            .unwrap();
        let folder = folders.iter().find(|folder| folder.name == "Sent").unwrap();
        assert_eq!((folder.total_count, folder.unread_count), (1, 0));
        assert_eq!(shown["folders"], json!([folder.id]));

        let rows = queue(&office).await;
        assert_eq!(rows.len(), 3);
        for row in &rows {
            assert_eq!(
                (row.state, row.message_id.as_str()),
                ("queued", sent.id.as_str())
            );
            let raw = wire(&office, &row.id).await;
            assert!(!raw.contains("hidden@"), "{raw}");
            assert!(raw.contains("\r\nTo: buyer@shop.example\r\nCc: other@agents.localhost\r\n"));
        }
        deliver_inside(&office).await;
        let arrived = inbox(&office, &other).await;
        assert_eq!(arrived.len(), 1);
        assert_eq!(
            (&arrived[0]["unread"], &arrived[0]["bcc"]),
            (&json!(true), &json!([]))
        );
        assert_eq!(arrived[0]["rfc822_message_id"], shown["rfc822_message_id"]);
        let left: Vec<String> = queue(&office)
            .await
            .into_iter()
            .map(|row| row.recipient)
            .collect();
        assert_eq!(left, ["hidden@shop.example", "buyer@shop.example"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_in_one_thread_on_both_sides_and_its_target_is_answered() {
    for office in every_engine().await {
        let (ann, bob) = (office.account("ann").await, office.account("bob").await);
        let asked = send(&office, &ann, letter("bob@agents.localhost", "Question")).await;
        deliver_inside(&office).await;
        let question = inbox(&office, &bob).await.remove(0);
        let answer = Outgoing {
            reply_to_message_id: Some(question["id"].as_str().unwrap().to_owned()),
            ..letter("ann@agents.localhost", "Something else")
        };
        let answered = send(&office, &bob, answer).await;
        assert_eq!(object(&answered)["thread_id"], question["thread_id"]);
        assert_eq!(object(&answered)["reply_to_message_id"], question["id"]);
        assert_eq!(inbox(&office, &bob).await[0]["answered"], true);
        deliver_inside(&office).await;
        let arrived = inbox(&office, &ann).await.remove(0);
        assert_eq!(arrived["thread_id"], object(&asked)["thread_id"]);

        let again = Outgoing {
            reply_to_message_id: Some(arrived["id"].as_str().unwrap().to_owned()),
            ..letter("bob@agents.localhost", "Re: Question")
        };
        let headers = Some(HeaderDetail::Basic);
        let last = office
            .mailroom
            .send_message(&ann, again, headers)
            .await
            .unwrap();
        let last = object(&last);
        let header = |name: &str| {
            let headers = last["headers"].as_array().unwrap();
            headers
                .iter()
                .find(|header| header["name"] == name)
                .unwrap()["value"]
                .clone()
        };
        assert_eq!(header("In-Reply-To"), arrived["rfc822_message_id"]);
        let ids = [
            &object(&asked)["rfc822_message_id"],
            &arrived["rfc822_message_id"],
        ];
        let ids: Vec<&str> = ids.iter().map(|id| id.as_str().unwrap()).collect();
        assert_eq!(header("References"), ids.join(" "));

        let foreign = Outgoing {
            reply_to_message_id: Some(question["id"].as_str().unwrap().to_owned()),
            ..letter("bob@agents.localhost", "x")
        };
        let refusal = refused(&office, &ann, foreign).await;
        assert!(
            matches!(refusal, Refusal::Invalid { field: Some(field), .. } if field == "reply_to_message_id")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_13_an_account_sends_under_its_own_addresses_only() {
    for office in every_engine().await {
        let new = NewAccount {
            provider: "nylas".to_owned(),
            email: "named@agents.localhost".to_owned(),
            name: Some("Triage Bot".to_owned()),
            ..NewAccount::default()
        };
        let account = office
            .mailroom
            .create_account(&office.actor, new)
            .await
            .unwrap();
        let grant = office
            .mailroom
            .grant_for(&office.actor, &account.id)
            .await
            .unwrap();
        office.account("other").await;
        let from = |name: &str, email: &str| Outgoing {
            from: Some(DisplayAddress {
                name: name.to_owned(),
                email: email.to_owned(),
            }),
            ..letter("buyer@shop.example", "x")
        };
        for (given, shown) in [
            (
                letter("buyer@shop.example", "x"),
                ("Triage Bot", "named@agents.localhost"),
            ),
            (
                from("", "Named@agents.localhost"),
                ("Triage Bot", "Named@agents.localhost"),
            ),
            (
                from("Sales", "named+tag@agents.localhost"),
                ("Sales", "named+tag@agents.localhost"),
            ),
        ] {
            let sent = object(&send(&office, &grant, given).await);
            assert_eq!(sent["from"], json!([{"name": shown.0, "email": shown.1}]));
        }
        for foreign in [
            "other@agents.localhost",
            "named@other.example",
            "named@agents.localhost.evil.example",
            "x",
        ] {
            assert!(matches!(
                refused(&office, &grant, from("", foreign)).await,
                Refusal::Invalid { .. }
            ));
            let raw = format!("From: {foreign}\r\nTo: buyer@shop.example\r\n\r\nx\r\n");
            let source = OutgoingSource {
                raw: raw.into(),
                ..OutgoingSource::default()
            };
            assert!(
                office
                    .mailroom
                    .send_source(&grant, source, None)
                    .await
                    .is_err(),
                "{foreign}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_refused_and_leaves_nothing() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let many = |count: usize| Outgoing {
            to: (0..count)
                .flat_map(|number| to(&format!("a{number}@shop.example")))
                .collect(),
            // The same address in another spelling is the same recipient.
            cc: to("A0@Shop.Example"),
            ..Outgoing::default()
        };
        let header = |name: &str, value: &str| Outgoing {
            custom_headers: vec![(name.to_owned(), value.to_owned())],
            ..letter("buyer@shop.example", "x")
        };
        for outgoing in [
            Outgoing::default(),
            letter("not an address", "x"),
            letter("a@b.example, c@d.example", "x"),
            letter("buyer@shop.example", "x\r\nBcc: y@z.example"),
            letter("buyer@shop.example", &"x".repeat(999)),
            header("X-A", "a\nBcc: y@z.example"),
            header("Bcc", "y@z.example"),
            many(51),
        ] {
            assert!(matches!(
                refused(&office, &agent, outgoing).await,
                Refusal::Invalid { .. }
            ));
        }
        let large = Outgoing {
            files: vec![OutgoingFile {
                filename: "large".to_owned(),
                content: vec![0; 20 << 20].into(),
                ..OutgoingFile::default()
            }],
            ..letter("buyer@shop.example", "x")
        };
        let refusal = refused(&office, &agent, large).await;
        let Refusal::TooLarge { message } = refusal else {
            panic!("{refusal}");
        };
        assert_eq!(message, "message is 27.4 MB, at most 25 MB may be sent");
        assert!(queue(&office).await.is_empty());
        assert!(
            office
                .list(&agent, MessageQuery::default())
                .await
                .is_empty()
        );
        send(&office, &agent, many(50)).await;
        assert_eq!(queue(&office).await.len(), 50);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_sent_as_it_is_but_for_what_nobody_may_see() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let raw = "From: Agent <agent@agents.localhost>\nBcc: hidden@shop.example,\n secret@shop.example\nTo: buyer@shop.example\n\
                   Delivered-To: agent@agents.localhost\nX-Own: kept\n\nbody\rwith every\nline end\n";
        let source = OutgoingSource {
            raw: raw.into(),
            ..OutgoingSource::default()
        };
        let sent = office
            .mailroom
            .send_source(&agent, source, None)
            .await
            .unwrap();
        assert_eq!(object(&sent)["bcc"].as_array().unwrap().len(), 2);
        let rows = queue(&office).await;
        assert_eq!(rows.len(), 3);
        let wire = wire(&office, &rows[0].id).await;
        let (added, rest) = wire.split_once("From:").unwrap();
        assert!(
            added.starts_with("Received: by ")
                && added.contains("\r\nDate: ")
                && added.contains("\r\nMessage-ID: <"),
            "{added}"
        );
        assert_eq!(
            rest,
            " Agent <agent@agents.localhost>\r\nTo: buyer@shop.example\r\nX-Own: kept\r\n\r\nbody\r\nwith every\r\nline end\r\n"
        );
        for bad in [
            "To: buyer@shop.example\r\n\r\nx",
            "From: agent@agents.localhost\r\nFrom: agent@agents.localhost\r\nTo: buyer@shop.example\r\n\r\nx",
            "From: agent@agents.localhost\r\nSender: other@shop.example\r\nTo: buyer@shop.example\r\n\r\nx",
            "From: agent@agents.localhost\r\nBcc : buyer@shop.example\r\nTo: buyer@shop.example\r\n\r\nx",
            "From: agent@agents.localhost\r\n\r\nx",
            "",
        ] {
            let source = OutgoingSource {
                raw: bad.into(),
                ..OutgoingSource::default()
            };
            assert!(
                office
                    .mailroom
                    .send_source(&agent, source, None)
                    .await
                    .is_err(),
                "{bad}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_narrowed_by_state_and_domain_in_any_spelling() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        send(&office, &agent, letter("nobody@Shop.example", "x")).await;
        send(&office, &agent, letter("nobody@other.example", "x")).await;
        let queued = QueueFilter {
            state: Some("queued".to_owned()),
            domain: Some("SHOP.Example".to_owned()),
            ..QueueFilter::default()
        };
        let page = office
            .mailroom
            .list_queue(&office.actor, queued, 50, None)
            .await;
        let rows = page.unwrap().rows;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].recipient, "nobody@shop.example");
    }
}
