//! Sends as forms and finished sources.

use http::{HeaderValue, Method, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::door::request;
use crate::sending::{Agent, with};

#[tokio::test]
async fn a_message_above_the_size_limit_is_413() {
    let agent = Agent::open().await;
    let content = "A".repeat(27 << 20);
    let attachment = json!([{"filename": "large", "content": content}]);
    let (status, kind, message) = agent.refused(with("attachments", attachment)).await;
    assert_eq!(
        (status, kind.as_str()),
        (413, "request_too_large"),
        "{message}"
    );
    assert!(
        message.starts_with("message is 27.") && message.ends_with("at most 25 MB may be sent"),
        "{message}"
    );
}

#[tokio::test]
async fn forms_carry_files_and_inline_images() {
    let agent = Agent::open().await;
    let body = "--b\r\nContent-Disposition: form-data; name=\"message\"; filename=\"\"\r\nContent-Type: application/json\r\n\r\n\
                {\"to\":[{\"email\":\"buyer@shop.example\"}],\"subject\":\"Form\",\"body\":\"<img src='cid:logo'>\"}\r\n\
                --b\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"logo.png\"\r\nContent-Type: image/png\r\n\r\nPNG\r\n\
                --b\r\nContent-Disposition: form-data; name=\"file0\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\none\ntwo\r\n--b--\r\n";
    let sent = agent.office.door.send(agent.form("", body, None)).await;
    assert_eq!(sent.status, 200, "{:?}", sent.json);
    let files = sent.json["data"]["attachments"].as_array().unwrap();
    let file = |name: &str| files.iter().find(|file| file["filename"] == name).unwrap();
    assert_eq!(
        (
            &file("logo.png")["is_inline"],
            &file("logo.png")["content_id"]
        ),
        (&json!(true), &json!("logo"))
    );
    assert_eq!(
        (&file("a.txt")["is_inline"], &file("a.txt")["content_id"]),
        (&json!(false), &Value::Null)
    );
    let path = agent.path(&format!(
        "/attachments/{}/download?message_id={}",
        file("a.txt")["id"].as_str().unwrap(),
        sent.json["data"]["id"].as_str().unwrap()
    ));
    assert_eq!(&agent.office.get(&path).await.bytes[..], b"one\ntwo");
    let wrong = agent
        .office
        .door
        .send(agent.form("", "--b\r\nnonsense", None))
        .await;
    assert_eq!(wrong.status, 400);
    let mut text = request(Method::POST, &agent.path("/messages/send"));
    text.headers_mut()
        .extend(agent.form("", "x", None).headers().clone());
    text.headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    *text.body_mut() = Full::from("x");
    assert_eq!(agent.office.door.send(text).await.status, 415);
}

#[tokio::test]
async fn addr_09_a_finished_source_loses_its_bcc_and_reaches_it() {
    let agent = Agent::open().await;
    let source = "From: agent@agents.test\r\nTo: buyer@shop.example\r\nBcc: hidden@shop.example\r\nSubject: Raw\r\n\r\nHello\r\n";
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"mime\"; filename=\"message.eml\"\r\nContent-Type: message/rfc822\r\n\r\n{source}\r\n--b--\r\n"
    );
    let sent = agent
        .office
        .door
        .send(agent.form("?type=mime", &body, None))
        .await;
    assert_eq!(sent.status, 200, "{:?}", sent.json);
    assert_eq!(
        sent.json["data"]["bcc"],
        json!([{"name": "", "email": "hidden@shop.example"}])
    );
    assert_eq!(agent.queue().await.len(), 2);
    let wire = agent.wire().await;
    assert!(
        !wire.contains("hidden") && wire.contains("Message-ID: <"),
        "{wire}"
    );
    let without = agent
        .office
        .door
        .send(agent.form("?type=mime", "--b--\r\n", None))
        .await;
    assert_eq!(
        (without.status.as_u16(), &without.json["error"]["field"]),
        (400, &json!("mime"))
    );
}
