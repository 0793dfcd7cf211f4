//! Files that only some programs find in a message are held to what a policy allows, as those that everybody finds.

use posthouse_mailroom::read::MessageQuery;
use posthouse_mailroom::rule_evaluations::EvaluationFilter;
use posthouse_mime::limits::{MIME_DEPTH_MAX, MIME_PARTS_MAX};
use serde_json::{Value, json};

use crate::policies::govern;
use crate::support::{Office, every_engine};

/// What must not be left of a message.
const PROGRAM: &str = "PROGRAM";

const HEAD: &str = "From: Buyer <buyer@shop.example>\r\nSubject: files\r\nMIME-Version: 1.0\r\n";

/// Parts of a `multipart/mixed`, each a header and a body.
fn mixed(boundary: &str, parts: &[(&str, &str)]) -> String {
    let mut text = format!("Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n");
    for (header, body) in parts {
        text.push_str(&format!("--{boundary}\r\n{header}\r\n\r\n{body}\r\n"));
    }
    text.push_str(&format!("--{boundary}--\r\n"));
    text
}

const HELLO: (&str, &str) = ("Content-Type: text/plain", "See below.");
const HIDDEN: (&str, &str) = (
    "Content-Type: application/x-msdownload; name=a.exe\r\nContent-Disposition: attachment; filename=a.exe",
    PROGRAM,
);

/// Messages with a program that at least one reader finds, and why it is taken out.
fn disguises() -> Vec<(&'static str, String, &'static str)> {
    let first = |header: &str| mixed("b", &[(header, PROGRAM), HELLO]);
    let second = |header: &str| mixed("b", &[HELLO, (header, PROGRAM)]);
    let whole = |header: &str| format!("{header}\r\n\r\n{PROGRAM}\r\n");
    let nested = |parts: &[(&str, &str)]| {
        let inner = mixed("i", parts);
        mixed("b", &[HELLO, ("Content-Type: message/rfc822", &inner)])
    };
    let deep: String = (0..=MIME_DEPTH_MAX)
        .map(|level| {
            format!("Content-Type: multipart/mixed; boundary=n{level}.\r\n\r\n--n{level}.\r\n")
        })
        .collect();
    let mut crowd: Vec<(&str, &str)> = vec![HELLO; MIME_PARTS_MAX - 1];
    crowd.extend([HIDDEN, HIDDEN]);
    vec![
        (
            "a first text with a name",
            first("Content-Type: text/plain; name=a.exe"),
            "type",
        ),
        (
            "a first text with a file name",
            first("Content-Type: text/plain\r\nContent-Disposition: inline; filename=a.exe"),
            "type",
        ),
        (
            "a first HTML with a file name",
            first("Content-Type: text/html\r\nContent-Disposition: inline; filename=a.exe"),
            "type",
        ),
        (
            "HTML that is a file to some",
            first("Content-Type: text/html; name=a.html"),
            "type",
        ),
        (
            "an only text with a name",
            whole("Content-Type: text/plain; name=a.exe"),
            "type",
        ),
        (
            "another kind of text",
            whole("Content-Type: text/javascript"),
            "type",
        ),
        (
            "a name without a semicolon",
            second("Content-Type: text/plain name=a.exe"),
            "structure",
        ),
        (
            "a disposition without a semicolon",
            second("Content-Type: text/plain\r\nContent-Disposition: attachment filename=a.exe"),
            "structure",
        ),
        (
            "a type in quotes",
            second("Content-Type: \"application/x-msdownload\"; x=y"),
            "structure",
        ),
        (
            "two types",
            second("Content-Type: text/plain\r\nContent-Type: application/x-msdownload"),
            "structure",
        ),
        (
            "two types of a file",
            second("Content-Type: image/png; name=a.png\r\nContent-Type: application/x-msdownload"),
            "structure",
        ),
        (
            "two encodings",
            second(
                "Content-Type: image/png\r\nContent-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64",
            ),
            "structure",
        ),
        (
            "two dispositions",
            second(
                "Content-Type: text/plain\r\nContent-Disposition: inline\r\nContent-Disposition: attachment; filename=a.exe",
            ),
            "type",
        ),
        (
            "a blank fold",
            second("Content-Type: text/plain\r\n \r\nContent-Type: application/x-msdownload"),
            "structure",
        ),
        (
            "two boundaries",
            second("X: y").replace("boundary=b", "boundary=x; boundary=b"),
            "structure",
        ),
        (
            "an extended boundary",
            second("X: y").replace("boundary=b", "boundary*=us-ascii''b"),
            "structure",
        ),
        (
            "a plain and an extended boundary",
            second("X: y").replace("boundary=b", "boundary=x; boundary*0=b"),
            "structure",
        ),
        (
            "two types of the whole",
            second("X: y").replace(
                "Content-Type: multipart",
                "Content-Type: text/plain\r\nContent-Type: multipart",
            ),
            "structure",
        ),
        (
            "a boundary that goes on",
            mixed("b", &[HELLO]).replace(
                "--b--",
                &format!("--bb\r\n{}\r\n\r\n{PROGRAM}\r\n--b--", HIDDEN.0),
            ),
            "structure",
        ),
        (
            "a boundary that is not there",
            mixed("b", &[HELLO, HIDDEN]).replace("boundary=b", "boundary=c"),
            "structure",
        ),
        ("more parts than are read", mixed("b", &crowd), "unread"),
        (
            "deeper than is read",
            format!("{deep}{}\r\n\r\n{PROGRAM}\r\n", HIDDEN.0),
            "unread",
        ),
        ("within a message", nested(&[HELLO, HIDDEN]), "type"),
        (
            "within a message, in disguise",
            nested(&[(HIDDEN.0, PROGRAM), HELLO])
                .replace("application/x-msdownload; name", "text/plain; name"),
            "type",
        ),
        (
            "within a message that is a file",
            mixed(
                "b",
                &[
                    HELLO,
                    (
                        "Content-Type: application/octet-stream; name=a.eml",
                        &mixed("i", &[HIDDEN]),
                    ),
                ],
            ),
            "type",
        ),
        (
            "more parameters than are read",
            second(&format!(
                "Content-Type: image/png{}; name=a.exe",
                "; x=y".repeat(100)
            )),
            "structure",
        ),
        (
            "a text that is none",
            second("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64")
                .replace(PROGRAM, "TVqQAAMAAAAEAAAA//8AALgAAAA="),
            "type",
        ),
    ]
}

async fn newest(office: &Office, grant: &posthouse_mailroom::actor::GrantRef) -> (String, Value) {
    let message = office.list(grant, MessageQuery::default()).await.remove(0);
    let id = message["id"].as_str().unwrap();
    let source = crate::receiving::raw(office, grant, id).await;
    let page = office
        .mailroom
        .list_rule_evaluations(grant, EvaluationFilter::default(), 10, None)
        .await
        .unwrap();
    let told = page
        .rows
        .into_iter()
        .find(|row| row.message_id.as_deref() == Some(id));
    let reasons = told.map_or(Value::Null, |row| {
        row.members["dropped_attachments"][0]["reason"].clone()
    });
    (source, reasons)
}

#[tokio::test(flavor = "multi_thread")]
async fn mime_10_a_file_that_only_some_programs_find_is_taken_out() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(
            &office,
            json!({"limit_attachment_allowed_types": ["image/*", "message/rfc822"]}),
        )
        .await;
        for (case, body, reason) in disguises() {
            let raw = format!("{HEAD}{body}");
            office
                .deliver_confirmed(&["agent@agents.localhost"], &raw)
                .await;
            office.clock.forward(1);
            let (source, told) = newest(&office, &agent).await;
            assert!(
                !source.contains(PROGRAM) && !source.contains("TVqQ"),
                "{case}: {source}"
            );
            assert_eq!(told, json!(reason), "{case}");
            assert!(source.contains("Subject: files"), "{case}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_mail_is_let_in_whole_where_types_are_limited() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        govern(
            &office,
            json!({"limit_attachment_allowed_types": ["image/*", "message/rfc822"]}),
        )
        .await;
        let image = (
            "Content-Type: image/png; name=a.png\r\nContent-Type: image/png; name=a.png",
            "\u{89}PNG",
        );
        let cases = [
            (
                "a plain text",
                "Content-Type: text/plain\r\n\r\nHello\r\n".to_owned(),
            ),
            ("no type", "\r\nHello\r\n".to_owned()),
            (
                "an empty type",
                "Content-Type: \r\n\r\nHello\r\n".to_owned(),
            ),
            (
                "the oldest type",
                "Content-Type: text\r\n\r\nHello\r\n".to_owned(),
            ),
            (
                "a charset without a semicolon",
                "Content-Type: text/plain charset=utf-8\r\n\r\nHello\r\n".to_owned(),
            ),
            (
                "a text that is called one",
                mixed("b", &[("Content-Type: text/plain; name=body.txt", "Hello")]),
            ),
            (
                "HTML and an image, its type said twice",
                mixed("b", &[("Content-Type: text/html", "<p>Hello"), image]),
            ),
            (
                "a forwarded message",
                mixed(
                    "b",
                    &[
                        HELLO,
                        ("Content-Type: message/rfc822", &mixed("i", &[HELLO, image])),
                    ],
                ),
            ),
        ];
        for (case, body) in cases {
            let raw = format!("{HEAD}{body}");
            office
                .deliver_confirmed(&["agent@agents.localhost"], &raw)
                .await;
            office.clock.forward(1);
            let (source, told) = newest(&office, &agent).await;
            assert!(source.ends_with(&raw), "{case}: {source}");
            assert_eq!(told, Value::Null, "{case}");
        }
    }
}

/// Where types are not limited, only numbers count: what nobody reads hides files from them, what readers differ about does not.
#[tokio::test(flavor = "multi_thread")]
async fn mime_02_what_is_not_read_is_not_let_in_where_only_the_number_of_files_is_limited() {
    for office in every_engine().await {
        let agent = office.account("agent").await;
        let mut all = disguises().into_iter();
        let (case, body, _) = all.find(|(_, _, reason)| *reason == "unread").unwrap();
        let raw = format!("{HEAD}{body}");
        office
            .deliver_confirmed(&["agent@agents.localhost"], &raw)
            .await;
        office.clock.forward(1);
        let (source, _) = newest(&office, &agent).await;
        assert!(source.ends_with(&raw), "{case}, without a policy");
        govern(&office, json!({"limit_attachment_count_limit": 5})).await;
        for (case, body, reason) in disguises() {
            let raw = format!("{HEAD}{body}");
            office
                .deliver_confirmed(&["agent@agents.localhost"], &raw)
                .await;
            office.clock.forward(1);
            let (source, told) = newest(&office, &agent).await;
            let is_whole = source.ends_with(&raw);
            assert_eq!(is_whole, reason != "unread", "{case}");
            assert_eq!(
                told,
                if is_whole {
                    Value::Null
                } else {
                    json!("unread")
                },
                "{case}"
            );
        }
    }
}
