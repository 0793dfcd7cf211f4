//! What is written with octets above 127, and servers that take none.

use posthouse_tests::api::{Api, Request};
use posthouse_tests::dns::NameServer;
use posthouse_tests::server::Account;
use posthouse_tests::sink::{Manners, Sink};
use serde_json::json;

use super::{notifications, server, subscribe, until_queue_is_empty, zone};

async fn send_source(api: &Api, agent: &Account, source: &str) {
    let form = format!(
        "--form\r\nContent-Disposition: form-data; name=\"mime\"\r\n\r\n{source}\r\n--form--\r\n"
    );
    let path = format!("/v3/grants/{}/messages/send?type=mime", agent.id);
    let request = Request {
        method: "POST",
        path: &path,
        headers: &[("content-type", "multipart/form-data; boundary=form")],
        body: Some(form.into_bytes()),
    };
    api.send(request).await.expect(200);
}

fn ascii_only() -> Manners {
    Manners {
        offers: vec!["PIPELINING"],
        ..Manners::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_8bitmime_gets_the_message_in_ascii() {
    let sink = Sink::start(ascii_only()).await;
    let dns = NameServer::start(zone()).await;
    let server = server(&dns, &sink).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    let source = format!(
        "From: Jürgen <{}>\r\nTo: Zoë <a@shop.example>\r\nSubject: Grüße\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--b\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nschöne Grüße\r\n--b\r\n\
         Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: innen\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nnäher\r\n--b--",
        agent.email
    );
    send_source(&api, &agent, &source).await;
    until_queue_is_empty(&api).await;
    let captured = sink.captured();
    assert_eq!(captured.len(), 1);
    assert!(captured[0].wire.is_ascii(), "{}", captured[0].text());
    let message = posthouse_mime::parse(&captured[0].wire);
    assert_eq!(message.subject, "Grüße");
    assert_eq!(message.from[0].name, "Jürgen");
    assert_eq!(message.text.as_deref().map(str::trim), Some("schöne Grüße"));
    let inner = message.attachments[0].part;
    let inner = posthouse_mime::decode_part(&captured[0].wire, inner).expect("a message");
    let inner = posthouse_mime::parse(&inner);
    assert_eq!(inner.text.as_deref().map(str::trim), Some("näher"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_ascii_form_bounces_where_it_is_not_taken_and_goes_where_it_is() {
    let sink = Sink::start(ascii_only()).await;
    let modern = sink.beside(2, Manners::default()).await;
    let zone = zone().address("modern.example", [127, 0, 0, 2].into());
    let dns = NameServer::start(zone).await;
    let server = server(&dns, &sink).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    let events = subscribe(&api).await;
    let path = format!("/v3/grants/{}/messages/send", agent.id);
    for domain in ["shop.example", "modern.example"] {
        let outgoing =
            json!({"to": [{"email": format!("jürgen@{domain}")}], "subject": "x", "body": "x"});
        api.post(&path, outgoing).await.expect(200);
        // What its author signed is not written anew: RFC 1847 2.1.
        let signed = format!(
            "From: {}\r\nTo: a@{domain}\r\nSubject: signed\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/signed; boundary=s; micalg=pgp-sha256; protocol=\"application/pgp-signature\"\r\n\r\n\
             --s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nschön\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--s--",
            agent.email
        );
        send_source(&api, &agent, &signed).await;
    }
    until_queue_is_empty(&api).await;
    assert!(sink.captured().is_empty());
    let mut taken: Vec<String> = modern.captured().into_iter().map(|one| one.mail).collect();
    taken.sort_by_key(|mail| mail.contains("SMTPUTF8"));
    assert!(
        taken[0].contains(" BODY=8BITMIME") && !taken[0].contains("SMTPUTF8"),
        "{taken:?}"
    );
    assert!(taken[1].contains(" SMTPUTF8"), "{taken:?}");
    let told = notifications(&events, 4).await;
    let mut bounced: Vec<String> = told
        .iter()
        .filter(|one| one.json()["type"] == "message.bounced")
        .map(|one| {
            one.json()["data"]["object"]["bounce"]["recipients"][0]["diagnostic_code"].to_string()
        })
        .collect();
    bounced.sort();
    assert_eq!(
        bounced,
        [
            "\"550 5.6.7 the server takes no addresses or headers in UTF-8\"",
            "\"554 5.6.3 the server takes no 8-bit message\""
        ]
    );
}
