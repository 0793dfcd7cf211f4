//! What leaves, byte for byte: one message for every message sent, and nothing of what is nobody's business.

use base64::Engine;
use posthouse_tests::dns::NameServer;
use posthouse_tests::sink::{Captured, Manners, Sink};
use serde_json::{Value, json};

use super::{queue, server, until_queue_is_empty, zone};

/// Bodies that hold the end of data for some reader, and commands behind it.
const SEQUENCES: [&str; 9] = [
    "\n.\n",
    "\n.\r\n",
    "\r.\r",
    "\r\n.\r",
    "\r.\r\n",
    "\r\n.\n",
    "\r\n.\r\n",
    "\r\r\n.\r\r\n",
    "\r\n..\r\n",
];

const SMUGGLED: &str = "MAIL FROM:<evil@far.example>\r\nRCPT TO:<victim@shop.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n";

fn is_one_strict_message(captured: &Captured) {
    let text = captured.text();
    assert!(text.ends_with("\r\n.\r\n"), "{text:?}");
    assert_eq!(text.matches("\r\n.\r\n").count(), 1, "{text:?}");
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text:?}");
    let longest = text.split("\r\n").map(str::len).max();
    assert!(longest <= Some(999), "a line is too long");
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_02_no_body_becomes_a_second_message_on_the_wire() {
    let sink = Sink::start(Manners::default()).await;
    let dns = NameServer::start(zone()).await;
    let server = server(&dns, &sink).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    let path = format!("/v3/grants/{}/messages/send", agent.id);
    let mut sent = 0;
    for sequence in SEQUENCES {
        let body = format!("a{sequence}{SMUGGLED}");
        for is_plaintext in [true, false] {
            let outgoing = json!({
                "to": [{"email": "a@shop.example"}], "subject": "x", "body": body, "is_plaintext": is_plaintext,
            });
            api.post(&path, outgoing).await.expect(200);
            sent += 1;
        }
    }
    until_queue_is_empty(&api).await;
    let captured = sink.captured();
    assert_eq!(captured.len(), sent);
    for one in &captured {
        is_one_strict_message(one);
        assert_eq!(one.rcpts.len(), 1);
        assert!(one.rcpts[0].starts_with("<a@shop.example>"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_08_no_field_adds_a_header_or_a_command() {
    let sink = Sink::start(Manners::default()).await;
    let dns = NameServer::start(zone()).await;
    let server = server(&dns, &sink).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    let path = format!("/v3/grants/{}/messages/send", agent.id);
    let odd = "x\r\nBcc: victim@shop.example\r\n\r\nbody";
    let plain = json!({"to": [{"email": "a@shop.example"}], "subject": "x", "body": "x"});
    let mut tries: Vec<Value> = Vec::new();
    for change in [
        json!({"subject": odd}),
        json!({"to": [{"email": "a@shop.example", "name": odd}]}),
        json!({"to": [{"email": "a@shop.example>\r\nRCPT TO:<victim@shop.example"}]}),
        json!({"from": [{"email": agent.email, "name": odd}]}),
        json!({"reply_to": [{"email": agent.email, "name": odd}]}),
        json!({"custom_headers": [{"name": "X-Odd", "value": odd}]}),
        json!({"custom_headers": [{"name": "X-Odd\r\nBcc", "value": "victim@shop.example"}]}),
    ] {
        let mut one = plain.clone();
        for (name, value) in change.as_object().expect("an object") {
            one[name] = value.clone();
        }
        tries.push(one);
    }
    for outgoing in tries {
        let answer = api.post(&path, outgoing.clone()).await;
        assert!(
            [200, 400].contains(&answer.status),
            "{outgoing}: {}",
            answer.status
        );
    }
    until_queue_is_empty(&api).await;
    for one in sink.captured() {
        is_one_strict_message(&one);
        let text = one.text();
        let header = text.split("\r\n\r\n").next().expect("a header");
        assert!(!header.contains("\r\nBcc:"), "{header}");
        assert!(
            one.rcpts
                .iter()
                .all(|rcpt| rcpt.starts_with("<a@shop.example>")),
            "{:?}",
            one.rcpts
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addr_09_who_gets_it_unseen_is_in_no_copy_and_the_queue_shows_it_as_it_goes() {
    let sink = Sink::start(Manners::default()).await;
    let dns = NameServer::start(zone()).await;
    let server = server(&dns, &sink).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    let source = "From: agent@agents.localhost\r\nTo: a@shop.example\r\nBcc: hidden@shop.example\r\nReturn-Path: <x@far.example>\r\nSubject: x\r\n\r\nbody\r\n";
    let path = format!("/v3/grants/{}/messages/send?type=mime", agent.id);
    let mime = base64::engine::general_purpose::URL_SAFE.encode(source);
    let answer = api.post(&path, json!({ "mime": mime })).await;
    if answer.status != 200 {
        // Sources are taken as forms only; the parts say the same.
        let body = json!({
            "to": [{"email": "a@shop.example"}], "bcc": [{"email": "hidden@shop.example"}], "subject": "x", "body": "x",
        });
        let path = format!("/v3/grants/{}/messages/send", agent.id);
        api.post(&path, body).await.expect(200);
    }
    until_queue_is_empty(&api).await;
    let captured = sink.captured();
    let rcpts: usize = captured.iter().map(|one| one.rcpts.len()).sum();
    assert_eq!(rcpts, 2);
    for one in captured {
        assert!(!one.text().contains("hidden"), "{}", one.text());
        assert!(!one.text().contains("Return-Path"), "{}", one.text());
    }
    assert!(queue(&api).await.is_empty());
}
