//! Mailboxes are read: filters, pages, folders, headers, attachments.

use posthouse_mailroom::read::{
    Detail, FolderFilter, HeaderDetail, MessageQuery, PAGE_BYTES_MAX, PageRequest,
};
use serde_json::Value;

use crate::support::{Office, every_engine, message, objects};

fn subjects(listed: &[Value]) -> Vec<&str> {
    listed
        .iter()
        .map(|object| object["subject"].as_str().unwrap())
        .collect()
}

async fn with_three_messages(office: &Office) -> posthouse_mailroom::actor::GrantRef {
    let grant = office.account("triage").await;
    for (from, subject, extra) in [
        ("Ann <ann@a.example>", "First", "Cc: carl@c.example"),
        (
            "Bob <Bob@B.example>",
            "Second ÄRGER",
            "Message-ID: <two@b.example>",
        ),
        (
            "Ann <ann@a.example>",
            "Third 100%",
            "Reply-To: help@a.example",
        ),
    ] {
        let text = format!(
            "From: {from}\r\nTo: triage@agents.localhost\r\nSubject: {subject}\r\n{extra}\r\n\r\nhello\r\n"
        );
        office
            .deliver_confirmed(&["triage@agents.localhost"], &text)
            .await;
        office.clock.forward(10);
    }
    grant
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_keeps_what_it_names_and_they_combine() {
    for office in every_engine().await {
        let grant = with_three_messages(&office).await;
        let start = 1_790_000_000;
        let list = async |query: MessageQuery| {
            let listed = office.list(&grant, query).await;
            listed
                .iter()
                .map(|object| object["subject"].as_str().unwrap().chars().next().unwrap())
                .collect::<String>()
        };
        let text = |value: &str| vec![value.to_owned()];
        let default = MessageQuery::default;
        assert_eq!(list(default()).await, "TSF");
        assert_eq!(
            list(MessageQuery {
                from: text("ANN@a.example"),
                ..default()
            })
            .await,
            "TF"
        );
        assert_eq!(
            list(MessageQuery {
                from: vec!["ann@a.example".into(), "bob@b.example".into()],
                ..default()
            })
            .await,
            "TSF"
        );
        assert_eq!(
            list(MessageQuery {
                from: text("nn@a.example"),
                ..default()
            })
            .await,
            ""
        );
        assert_eq!(
            list(MessageQuery {
                to: text("triage@agents.localhost"),
                ..default()
            })
            .await,
            "TSF"
        );
        assert_eq!(
            list(MessageQuery {
                cc: text("carl@c.example"),
                ..default()
            })
            .await,
            "F"
        );
        assert_eq!(
            list(MessageQuery {
                any_email: text("help@a.example"),
                ..default()
            })
            .await,
            "T"
        );
        assert_eq!(
            list(MessageQuery {
                any_email: vec!["carl@c.example".into(), "bob@b.example".into()],
                ..default()
            })
            .await,
            "SF"
        );
        assert_eq!(
            list(MessageQuery {
                any_email: text("triage@agents.localhost"),
                from: text("ann@a.example"),
                ..default()
            })
            .await,
            "TF"
        );
        assert_eq!(
            list(MessageQuery {
                subject: Some("ärger".into()),
                ..default()
            })
            .await,
            "S"
        );
        assert_eq!(
            list(MessageQuery {
                subject: Some("0%".into()),
                ..default()
            })
            .await,
            "T"
        );
        assert_eq!(
            list(MessageQuery {
                subject: Some("%".into()),
                from: text("bob@b.example"),
                ..default()
            })
            .await,
            ""
        );
        assert_eq!(
            list(MessageQuery {
                unread: Some(true),
                ..default()
            })
            .await,
            "TSF"
        );
        assert_eq!(
            list(MessageQuery {
                unread: Some(false),
                ..default()
            })
            .await,
            ""
        );
        assert_eq!(
            list(MessageQuery {
                starred: Some(false),
                ..default()
            })
            .await,
            "TSF"
        );
        assert_eq!(
            list(MessageQuery {
                has_attachment: Some(true),
                ..default()
            })
            .await,
            ""
        );
        assert_eq!(
            list(MessageQuery {
                received_after: Some(start),
                ..default()
            })
            .await,
            "TS"
        );
        assert_eq!(
            list(MessageQuery {
                received_before: Some(start + 20),
                ..default()
            })
            .await,
            "SF"
        );
        assert_eq!(
            list(MessageQuery {
                received_after: Some(start),
                received_before: Some(start + 20),
                ..default()
            })
            .await,
            "S"
        );
        assert_eq!(
            list(MessageQuery {
                rfc822_message_id: Some("two@b.example".into()),
                ..default()
            })
            .await,
            "S"
        );
        assert_eq!(
            list(MessageQuery {
                rfc822_message_id: Some("<two@b.example>".into()),
                ..default()
            })
            .await,
            "S"
        );
        assert_eq!(
            list(MessageQuery {
                metadata_pairs: text("key1:x"),
                ..default()
            })
            .await,
            ""
        );
        let first = office
            .list(
                &grant,
                MessageQuery {
                    cc: text("carl@c.example"),
                    ..default()
                },
            )
            .await;
        let thread = first[0]["thread_id"].as_str().unwrap().to_owned();
        assert_eq!(
            list(MessageQuery {
                thread_id: Some(thread.clone()),
                ..default()
            })
            .await,
            "F"
        );
        assert_eq!(
            list(MessageQuery {
                thread_id: Some(thread),
                from: text("bob@b.example"),
                ..default()
            })
            .await,
            ""
        );
        assert_eq!(
            list(MessageQuery {
                thread_id: Some("no-thread".into()),
                ..default()
            })
            .await,
            ""
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_filter_by_id_name_and_alias_and_unknown_ones_match_nothing() {
    for office in every_engine().await {
        let grant = with_three_messages(&office).await;
        let inbox = office.mailroom.get_folder(&grant, "INBOX").await.unwrap();
        let named = |names: &[&str]| MessageQuery {
            folders: FolderFilter::Named(names.iter().map(|name| (*name).to_owned()).collect()),
            ..MessageQuery::default()
        };
        for (names, count) in [
            (&[inbox.id.as_str()][..], 3),
            (&["inbox"][..], 3),
            (&["Junk", "INBOX"][..], 3),
            (&["spam"][..], 0),
            (&["no such folder"][..], 0),
        ] {
            assert_eq!(
                office.list(&grant, named(names)).await.len(),
                count,
                "{names:?}"
            );
        }
        let all = MessageQuery {
            folders: FolderFilter::All,
            ..MessageQuery::default()
        };
        assert_eq!(office.list(&grant, all).await.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_any_size_visit_every_message_once_while_mail_arrives() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        for number in 0..45 {
            // Many share a second, so ties are decided by the key.
            if number % 9 == 0 {
                office.clock.forward(1);
            }
            let text = message(&[&format!("Subject: {number:02}")], "x");
            office
                .deliver_confirmed(&["triage@agents.localhost"], &text)
                .await;
        }
        let mut seen = Vec::new();
        let mut cursor = None;
        for limit in [1, 7, 2, 20, 3, 50].into_iter().cycle() {
            let page = PageRequest {
                limit,
                cursor: cursor.clone(),
                offset: 0,
            };
            let page = office
                .mailroom
                .list_messages(&grant, MessageQuery::default(), page, Detail::Standard)
                .await
                .unwrap();
            seen.extend(
                objects(&page)
                    .iter()
                    .map(|object| object["subject"].as_str().unwrap().to_owned()),
            );
            office
                .deliver_confirmed(
                    &["triage@agents.localhost"],
                    &message(&["Subject: late"], "x"),
                )
                .await;
            assert!(
                page.next_cursor.is_none() || page.ends.len() == limit,
                "a page was not filled"
            );
            assert_ne!(page.next_cursor, cursor, "a cursor repeated");
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let expected: Vec<String> = (0..45).rev().map(|number| format!("{number:02}")).collect();
        assert_eq!(seen, expected);
        let skipped = PageRequest {
            limit: 1,
            cursor: None,
            offset: 44,
        };
        let skipped = office
            .mailroom
            .list_messages(&grant, MessageQuery::default(), skipped, Detail::Standard)
            .await
            .unwrap();
        assert_eq!(skipped.ends.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_object_has_every_member_of_the_specification() {
    for office in every_engine().await {
        let grant = with_three_messages(&office).await;
        let listed = office
            .list(
                &grant,
                MessageQuery {
                    cc: vec!["carl@c.example".into()],
                    ..MessageQuery::default()
                },
            )
            .await;
        let object = &listed[0];
        assert_eq!(object["object"], "message");
        assert_eq!(
            object["from"],
            serde_json::json!([{"name": "Ann", "email": "ann@a.example"}])
        );
        assert_eq!(
            object["cc"],
            serde_json::json!([{"name": "", "email": "carl@c.example"}])
        );
        for empty in ["bcc", "reply_to", "attachments"] {
            assert_eq!(object[empty], serde_json::json!([]), "{empty}");
        }
        assert_eq!(object["unread"], true);
        assert_eq!(object["starred"], false);
        assert_eq!(object["answered"], false);
        assert_eq!(object["metadata"], serde_json::json!({}));
        assert_eq!(object["date"], 1_790_000_000_i64);
        assert_eq!(object["created_at"], 1_790_000_000_i64);
        assert_eq!(object["snippet"], "hello");
        assert_eq!(object["body"].as_str().unwrap().trim_end(), "hello");
        assert_eq!(object["folders"].as_array().unwrap().len(), 1);
        assert!(object["size"].as_i64().unwrap() > 100);
        let id = object["id"].as_str().unwrap();
        let got = office
            .mailroom
            .get_message(&grant, id, Detail::Standard)
            .await
            .unwrap();
        assert_eq!(&serde_json::from_slice::<Value>(&got).unwrap(), object);
        assert_eq!(subjects(&listed), ["First"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_come_in_order_with_the_trace_on_top_or_just_the_basic_three() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let text = message(
            &[
                "Message-ID: <1@x.example>",
                "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
                "X-Two: folded\r\n value",
            ],
            "x",
        );
        let accepted = office
            .deliver_confirmed(&["triage@agents.localhost"], &text)
            .await;
        let get = async |headers| {
            let detail = Detail::With {
                headers: Some(headers),
                tracking: false,
                extracted: false,
                security: false,
            };
            let object = office
                .mailroom
                .get_message(&grant, &accepted.id, detail)
                .await
                .unwrap();
            let object: Value = serde_json::from_slice(&object).unwrap();
            let headers = object["headers"].as_array().unwrap().iter();
            headers
                .map(|header| {
                    format!(
                        "{}={}",
                        header["name"].as_str().unwrap(),
                        header["value"].as_str().unwrap()
                    )
                })
                .collect::<Vec<_>>()
        };
        let all = get(HeaderDetail::All).await;
        assert_eq!(all[0], "Return-Path=<sender@client.example>");
        assert!(
            all.contains(&"Subject=Grüße".to_owned())
                && all.contains(&"X-Two=folded value".to_owned()),
            "{all:?}"
        );
        assert_eq!(get(HeaderDetail::Basic).await, ["Message-ID=<1@x.example>"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_are_described_and_decoded_and_stay_with_their_message() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let text = "From: a@a.example\r\nSubject: files\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsee file\r\n\
            --b\r\nContent-Type: application/pdf; name=\"r.pdf\"\r\nContent-Disposition: attachment; filename=\"r.pdf\"\r\n\
            Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n";
        let accepted = office
            .deliver_confirmed(&["triage@agents.localhost"], text)
            .await;
        let other = office
            .deliver_confirmed(&["triage@agents.localhost"], &message(&[], "plain"))
            .await;
        let listed = office
            .list(
                &grant,
                MessageQuery {
                    has_attachment: Some(true),
                    ..MessageQuery::default()
                },
            )
            .await;
        assert_eq!(listed.len(), 1);
        let attachment = &listed[0]["attachments"][0];
        assert_eq!(
            (attachment["filename"].as_str(), attachment["size"].as_i64()),
            (Some("r.pdf"), Some(5))
        );
        let id = attachment["id"].as_str().unwrap();
        let content = office
            .mailroom
            .attachment_content(&grant, &accepted.id, id)
            .await
            .unwrap();
        assert_eq!(content.bytes, b"hello");
        assert_eq!(content.info.content_type, "application/pdf");
        assert!(
            office
                .mailroom
                .attachment(&grant, &other.id, id)
                .await
                .is_err()
        );
        let stranger = office.account("stranger").await;
        assert!(
            office
                .mailroom
                .attachment_content(&stranger, &accepted.id, id)
                .await
                .is_err()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_is_shown_whole_like_a_short_one() {
    for office in every_engine().await {
        let grant = office.account("triage").await;
        let long = "A line of the kind that people write, with \"quotes\" and \\ and Ünïcode.\r\n"
            .repeat(4_000);
        office
            .deliver_confirmed(
                &["triage@agents.localhost"],
                &message(&["Content-Type: text/plain; charset=utf-8"], &long),
            )
            .await;
        office
            .deliver_confirmed(&["triage@agents.localhost"], &message(&[], "short"))
            .await;
        let listed = office.list(&grant, MessageQuery::default()).await;
        let mut bodies: Vec<&str> = listed
            .iter()
            .map(|object| object["body"].as_str().unwrap().trim_end())
            .collect();
        bodies.sort_by_key(|body| body.len());
        assert_eq!(bodies, ["short", long.trim_end()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_very_long_messages_ends_early_and_the_next_one_goes_on() {
    let office = every_engine().await.remove(0);
    let grant = office.account("triage").await;
    // Each compresses to next to nothing, so that only its length in memory counts.
    let long = "all work and no play\r\n".repeat(PAGE_BYTES_MAX / 22 * 2 / 3);
    for number in 0..3 {
        let sent = message(&[&format!("Subject: {number}")], &long);
        office
            .deliver_confirmed(&["triage@agents.localhost"], &sent)
            .await;
    }
    for detail in [Detail::Standard, Detail::RawMime] {
        let (mut cursor, mut pages, mut seen) = (None, 0, Vec::new());
        loop {
            let page = PageRequest {
                limit: 50,
                cursor,
                ..PageRequest::default()
            };
            let page = office
                .mailroom
                .list_messages(&grant, MessageQuery::default(), page, detail)
                .await
                .unwrap();
            pages += 1;
            assert!(page.json.len() < 3 * PAGE_BYTES_MAX, "{}", page.json.len());
            seen.extend(page.objects().map(|object| object[..110].to_vec()));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert!(pages > 1);
        assert_eq!(seen.len(), 3);
        seen.dedup();
        assert_eq!(seen.len(), 3);
    }
}
