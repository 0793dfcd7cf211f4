//! What agents look for is read out of stored messages, whatever the engine and wherever the source is kept.

use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::clean::Options;
use posthouse_mailroom::read::{Detail, MessageQuery, PageRequest};
use serde_json::Value;

use crate::support::{Office, every_engine, message, objects};

const EXTRACTED: Detail = Detail::With {
    headers: None,
    tracking: false,
    extracted: true,
    security: false,
};

const TO: &[&str] = &["triage@agents.localhost"];

async fn conversations(
    office: &Office,
    grant: &GrantRef,
    ids: &[String],
) -> Result<Vec<String>, Refusal> {
    let cleaned = office
        .mailroom
        .clean_messages(grant, ids, Options::default())
        .await?;
    let text = |json: Vec<u8>| {
        let object: Value = serde_json::from_slice(&json).expect("an object");
        object["conversation"].as_str().expect("a text").to_owned()
    };
    Ok(cleaned.into_iter().map(text).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_cleaned_and_extracted_from_rows_and_from_outside_blobs() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let short = message(
            &["Subject: Short"],
            "Your login code is 739201.\r\n\r\n-- \r\nAnn",
        );
        let filler: String = (0..40_000)
            .map(|number| format!("{:x} ", number * 7_919))
            .collect();
        let long = message(
            &["Subject: Long"],
            &format!("Yes.\r\n\r\nOn Mon, 21 Sep 2026, Bob <b@b.example> wrote:\r\n> {filler}\r\n"),
        );
        let mut ids = Vec::new();
        for text in [&short, &long] {
            ids.push(office.deliver_confirmed(TO, text).await.id);
            office.clock.forward(10);
        }
        let texts = conversations(&office, &grant, &ids)
            .await
            .expect("both are there");
        assert_eq!(texts, ["Your login code is 739201.", "Yes."]);
        ids.reverse();
        let texts = conversations(&office, &grant, &ids)
            .await
            .expect("both are there");
        assert_eq!(texts, ["Yes.", "Your login code is 739201."]);

        let page = PageRequest {
            limit: 10,
            ..PageRequest::default()
        };
        let listed = office
            .mailroom
            .list_messages(&grant, MessageQuery::default(), page, EXTRACTED)
            .await
            .expect("a page");
        let listed = objects(&listed);
        assert_eq!(listed[0]["extracted"]["reply_text"], "Yes.");
        assert_eq!(listed[1]["extracted"]["otp_codes"][0]["code"], "739201");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_is_cleaned_when_one_is_not_there() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let other = office.account("other").await;
        let id = office
            .deliver_confirmed(TO, &message(&["Subject: Hi"], "Hi"))
            .await
            .id;
        for ids in [
            vec![id.clone(), "nonsense".to_owned()],
            vec![grant.grant.0.to_string()],
        ] {
            let refused = conversations(&office, &grant, &ids).await;
            assert!(matches!(refused, Err(Refusal::NotFound)), "{refused:?}");
        }
        let foreign = conversations(&office, &other, std::slice::from_ref(&id)).await;
        assert!(matches!(foreign, Err(Refusal::NotFound)), "{foreign:?}");
        for count in [0, 21] {
            let refused = conversations(&office, &grant, &vec![id.clone(); count]).await;
            assert!(
                matches!(refused, Err(Refusal::Invalid { .. })),
                "{refused:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_extracts_ends_early_when_it_has_read_much() {
    const SOURCE_BYTES: usize = 9 << 20;
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let file = "x".repeat(70).repeat(SOURCE_BYTES / 70);
        let text = message(
            &[
                "Subject: Files",
                "MIME-Version: 1.0",
                "Content-Type: multipart/mixed; boundary=b",
            ],
            &format!(
                "--b\r\n\r\nseen\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n{file}\r\n--b--\r\n"
            ),
        );
        for _ in 0..3 {
            office.deliver_confirmed(TO, &text).await;
            office.clock.forward(10);
        }
        let mut cursor = None;
        for expected in [2, 1] {
            let page = PageRequest {
                limit: 10,
                cursor,
                ..PageRequest::default()
            };
            let listed = office
                .mailroom
                .list_messages(&grant, MessageQuery::default(), page, EXTRACTED)
                .await
                .expect("a page");
            let shown = objects(&listed);
            assert_eq!(shown.len(), expected);
            assert!(
                shown
                    .iter()
                    .all(|object| object["extracted"]["reply_text"] == "seen")
            );
            cursor = listed.next_cursor;
        }
        assert!(cursor.is_none());
    }
}
