//! Which messages are one conversation.

use posthouse_mailroom::read::MessageQuery;

use crate::support::{Office, every_engine, message};

async fn thread_of(office: &Office, subject_headers: &[&str]) -> String {
    let grant = office.account("triage").await;
    office.clock.forward(60);
    let accepted = office
        .deliver_confirmed(
            &["triage@agents.localhost"],
            &message(subject_headers, "text"),
        )
        .await;
    let listed = office.list(&grant, MessageQuery::default()).await;
    let found = listed
        .iter()
        .find(|object| object["id"] == accepted.id.as_str())
        .unwrap();
    found["thread_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_joins_by_in_reply_to_then_by_the_last_known_reference() {
    for office in every_engine().await {
        let root = thread_of(&office, &["Subject: Order", "Message-ID: <1@shop.example>"]).await;
        let other = thread_of(
            &office,
            &["Subject: Refund", "Message-ID: <2@shop.example>"],
        )
        .await;
        assert_ne!(root, other);
        let by_reply = thread_of(
            &office,
            &[
                "Subject: x",
                "In-Reply-To: <1@shop.example>",
                "References: <2@shop.example>",
            ],
        )
        .await;
        assert_eq!(by_reply, root);
        let by_last = thread_of(
            &office,
            &[
                "Subject: y",
                "References: <1@shop.example> <2@shop.example> <unknown@x.example>",
            ],
        )
        .await;
        assert_eq!(by_last, other);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_joins_only_a_reply_from_somebody_who_is_in_the_thread() {
    for office in every_engine().await {
        let root = thread_of(
            &office,
            &["Subject: Order 42", "Message-ID: <1@shop.example>"],
        )
        .await;
        let same_subject = thread_of(&office, &["Subject: Order 42"]).await;
        assert_ne!(
            same_subject, root,
            "no reply prefix and no reference: a new conversation"
        );
        let reply = thread_of(&office, &["Subject: Re: AW: order 42"]).await;
        assert!(reply == same_subject || reply == root);
        let grant = office.account("triage").await;
        let stranger = "From: eve@evil.example\r\nSubject: Re: Order 42\r\n\r\nhi\r\n";
        let accepted = office
            .deliver_confirmed(&["triage@agents.localhost"], stranger)
            .await;
        let listed = office.list(&grant, MessageQuery::default()).await;
        let found = listed
            .iter()
            .find(|object| object["id"] == accepted.id.as_str())
            .unwrap();
        assert!(found["thread_id"] != root.as_str() && found["thread_id"] != reply.as_str());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_joins_nothing_that_is_older_than_a_month() {
    for office in every_engine().await {
        let root = thread_of(&office, &["Subject: Order 42"]).await;
        office.clock.forward(31 * 86_400);
        assert_ne!(thread_of(&office, &["Subject: Re: Order 42"]).await, root);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mime_13_a_thousand_unknown_references_start_a_thread_and_look_up_a_bounded_number() {
    for office in every_engine().await {
        let many: String = (0..5_000)
            .map(|number| format!(" <{number}@nowhere.example>"))
            .collect();
        let folded: Vec<String> = many
            .as_bytes()
            .chunks(900)
            .map(|chunk| String::from_utf8_lossy(chunk).into_owned())
            .collect();
        let header = format!("References:{}", folded.join("\r\n "));
        let one = thread_of(&office, &["Message-ID: <1@x.example>", &header]).await;
        let two = thread_of(&office, &["Message-ID: <2@x.example>", &header]).await;
        assert_ne!(one, two);
    }
}
