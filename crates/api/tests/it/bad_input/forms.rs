//! Forms and finished sources that are broken.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderValue, Method, header};
use http_body_util::Full;

use super::{Desk, assert_refused};
use crate::door::Answered;
use crate::office::with_key;

const FORM: &str = "multipart/form-data; boundary=b";

const MESSAGE: &str = "--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n{\"to\":[{\"email\":\"ann@shop.example\"}]}\r\n";

async fn send(desk: &Desk, query: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Answered {
    desk.call_raw(
        Method::POST,
        &format!("/messages/send{query}"),
        content_type,
        body.into(),
    )
    .await
}

fn file(name: &str, header: &str, content: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{header}\r\n\r\n{content}\r\n")
}

#[tokio::test]
async fn http_08_broken_forms_send_nothing() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    let twice = format!("{MESSAGE}{MESSAGE}--b--");
    let message_and_draft = format!(
        "{MESSAGE}{}--b--",
        MESSAGE.replace("\"message\"", "\"draft\"")
    );
    let endless = format!(
        "{MESSAGE}--b\r\nContent-Disposition: form-data; name=\"x\"\r\nX: {}",
        "x".repeat(100_000)
    );
    let nameless = format!("{MESSAGE}--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--");
    let headless = format!("{MESSAGE}--b\r\n\r\nx\r\n--b--");
    let no_end = format!("{MESSAGE}{}", file("file0", "; filename=\"a\"", "x"));
    let many = format!("{MESSAGE}{}--b--", file("f", "", "x").repeat(1_000));
    let latin: Vec<u8> = [
        MESSAGE.as_bytes(),
        b"--b\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\nx\r\n--b--",
    ]
    .concat();
    for (case, body) in [
        ("empty", Vec::new()),
        ("no boundary in it", b"hello".to_vec()),
        ("no parts", b"--b--".to_vec()),
        ("cut off in the message", MESSAGE.as_bytes()[..60].to_vec()),
        ("two messages", twice.into_bytes()),
        ("a message and a draft", message_and_draft.into_bytes()),
        ("an endless header", endless.into_bytes()),
        ("a part without a name", nameless.into_bytes()),
        ("a part without a header", headless.into_bytes()),
        ("no closing boundary", no_end.into_bytes()),
        ("1,001 parts", many.into_bytes()),
        ("a name that is no text", latin),
        (
            "bare line feeds",
            MESSAGE.replace("\r\n", "\n").into_bytes(),
        ),
    ] {
        let answer = send(&desk, "", FORM, body).await;
        let (status, kind, message) = answer.error();
        assert_eq!(
            (status, kind),
            (400, "invalid_request_error"),
            "{case}: {message}"
        );
    }
    for content_type in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/mixed; boundary=b",
        &format!("multipart/form-data; boundary={}", "b".repeat(71)),
    ] {
        let answer = send(&desk, "", content_type, format!("{MESSAGE}--b--")).await;
        assert_eq!(answer.error().0, 415, "{content_type}");
    }
    assert_eq!(desk.state().await, before);
}

#[tokio::test]
async fn smtp_08_names_of_parts_and_files_cannot_bring_a_line_into_the_message() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    for (part, field) in [
        (
            file("file0", "; filename*=UTF-8''a%0d%0aX-Evil:1", "x"),
            "attachments[0].filename",
        ),
        (
            file("file0", "; filename=\"a\nX-Evil: 1\"", "x"),
            "attachments[0].filename",
        ),
        (
            file("cid\rX-Evil: 1", "; filename=\"a\"", "x"),
            "attachments[0].content_id",
        ),
        (
            file(
                "file0",
                "; filename=\"a\"\r\nContent-Type: a/b\nX-Evil: 1",
                "x",
            ),
            "attachments[0].content_type",
        ),
    ] {
        let answer = send(&desk, "", FORM, format!("{MESSAGE}{part}--b--")).await;
        assert_refused(&part, &answer, field);
    }
    assert_eq!(desk.state().await, before);
}

#[tokio::test]
async fn what_is_wrong_in_the_message_of_a_form_is_named_as_in_json() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    for (json, field) in [
        ("{\"to\":[{\"email\":7}]}", "to[0].email"),
        ("{\"to\":[{\"email\":\"\\ud800\"}]}", "to[0].email"),
        (
            "{\"to\":[{\"email\":\"a@b.example\"}],\"subject\":\"a\\nb\"}",
            "subject",
        ),
        ("{\"to\":[],\"to\":[]}", "to"),
    ] {
        let answer = send(
            &desk,
            "",
            FORM,
            format!("{}--b--", file("message", "", json)),
        )
        .await;
        assert_refused(json, &answer, field);
    }
    assert_eq!(desk.state().await, before);
}

#[tokio::test]
async fn finished_sources_that_are_broken_or_not_the_accounts_are_refused() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    let whole = "From: agent@agents.test\r\nTo: ann@shop.example\r\nSubject: x\r\n\r\ntext\r\n";
    let many_fields = format!("{}{whole}", "X-A: b\r\n".repeat(2_001));
    let large_header = format!(
        "{}{whole}",
        format!("X-A: {}\r\n", "b".repeat(900)).repeat(1_200)
    );
    let long_line = format!("{whole}{}\r\n", "x".repeat(1_000));
    for (case, source) in [
        ("empty", String::new()),
        ("no From", "To: ann@shop.example\r\n\r\nx".to_owned()),
        (
            "two From fields",
            format!("From: agent@agents.test\r\n{whole}"),
        ),
        ("another's From", whole.replace("agent@", "other@")),
        (
            "a Sender that is another",
            format!("Sender: other@agents.test\r\n{whole}"),
        ),
        (
            "no recipient",
            whole.replace("To: ann@shop.example\r\n", ""),
        ),
        (
            "a recipient that is none",
            whole.replace("ann@shop.example", "ann"),
        ),
        ("a NUL", whole.replace("text", "te\0xt")),
        (
            "a control character in the header",
            whole.replace("Subject: x", "Subject: \u{1}x"),
        ),
        ("a line that is no field", format!("hello\r\n{whole}")),
        (
            "a blank before the colon",
            whole.replace("Subject:", "Subject :"),
        ),
        ("a header that begins with a fold", format!(" {whole}")),
        ("a line of 1,000 octets", long_line),
        ("2,004 fields", many_fields),
        ("a header of more than 1 MB", large_header),
    ] {
        let form = format!("{}--b--", file("mime", "", &source));
        let answer = send(&desk, "?type=mime", FORM, form).await;
        let field = answer.json["error"]["field"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        // Recipients have the names they have in JSON.
        assert!(
            ["mime", "to", "to[0].email"].contains(&field.as_str()),
            "{case}: {answer:?}"
        );
        assert_refused(case, &answer, &field);
    }
    let nothing = send(&desk, "?type=mime", FORM, format!("{MESSAGE}--b--")).await;
    assert_refused("no part mime", &nothing, "mime");
    let json = send(&desk, "?type=mime", "application/json", "{\"mime\":\"x\"}").await;
    assert_refused("JSON", &json, "mime");
    assert_eq!(desk.state().await, before);
}

#[tokio::test]
async fn http_08_what_inflates_beyond_the_limit_is_refused() {
    let desk = Desk::open().await;
    let before = desk.state().await;
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    let megabyte = vec![b' '; 1 << 20];
    for _ in 0..64 {
        bomb.write_all(&megabyte).expect("memory");
    }
    let bomb = bomb.finish().expect("memory");
    assert!(bomb.len() < 100_000);
    // A bomb in a bomb is inflated once.
    let mut twice = GzEncoder::new(Vec::new(), Compression::best());
    twice.write_all(&bomb).expect("memory");
    let twice = twice.finish().expect("memory");
    for (below, content_type, body, status) in [
        ("/messages/send", "application/json", &bomb, 413),
        ("/messages/send", FORM, &bomb, 413),
        ("/folders", "application/json", &bomb, 413),
        ("/folders", "application/json", &twice, 400),
        ("/messages/send", FORM, &bomb[..1_000].to_vec(), 400),
    ] {
        let mut request = with_key(&desk.office.key, Method::POST, &desk.path(below), None);
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        *request.body_mut() = Full::from(body.clone());
        let answer = desk.office.door.send(request).await;
        assert_eq!(answer.error().0, status, "{below} {content_type}");
    }
    assert_eq!(desk.state().await, before);
}
