//! Mail for other servers: found by their DNS, handed over, told of, whatever they are like.

mod asked;
mod downgrade;
mod killed;
mod misbehaving;
mod outlived;
mod postfix;
mod ways;
mod wire;

use std::net::Ipv4Addr;

use posthouse_tests::api::Api;
use posthouse_tests::dns::{NameServer, Zone};
use posthouse_tests::eventually;
use posthouse_tests::server::{Account, Options, Posthouse};
use posthouse_tests::sink::{Manners, Sink};
use posthouse_tests::webhook::{Received, WebhookReceiver};
use serde_json::{Value, json};

const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// A zone in which `shop.example` has a mail server on 127.0.0.1.
fn zone() -> Zone {
    Zone::default()
        .mail_server("shop.example", 10, "mx.shop.example")
        .address("mx.shop.example", LOOPBACK)
}

/// Flags of a server that delivers directly, to a port, by a name server.
fn direct(dns: &NameServer, port: u16) -> Vec<String> {
    let flags = [
        "--outbound",
        "direct",
        "--mx-port",
        &port.to_string(),
        "--dns",
        &dns.address().to_string(),
        "--hostname",
        "mail.ours.example",
    ];
    flags.map(str::to_owned).to_vec()
}

async fn server(dns: &NameServer, sink: &Sink) -> Posthouse {
    let options = Options {
        flags: direct(dns, sink.address().port()),
        ..Options::default()
    };
    Posthouse::start_with(options).await
}

async fn send(api: &Api, from: &Account, to: &[&str], subject: &str) -> Value {
    let to: Vec<Value> = to.iter().map(|email| json!({"email": email})).collect();
    let body = json!({"to": to, "subject": subject, "body": "<p>Hello</p>"});
    let path = format!("/v3/grants/{}/messages/send", from.id);
    api.post(&path, body).await.expect(200).data()
}

async fn queue(api: &Api) -> Vec<Value> {
    api.get("/v3/admin/queue?limit=200")
        .await
        .expect(200)
        .rows()
}

async fn until_queue_is_empty(api: &Api) {
    eventually("the queue to be empty", async || {
        queue(api).await.is_empty().then_some(())
    })
    .await;
}

/// Subscribes to what becomes of mail.
async fn subscribe(api: &Api) -> WebhookReceiver {
    let receiver = WebhookReceiver::start().await;
    let body = json!({
        "webhook_url": receiver.url("/events"),
        "trigger_types": ["message.delivered", "message.bounced"],
    });
    api.post("/v3/webhooks", body).await.expect(200);
    receiver
}

/// Waits for so many notifications.
async fn notifications(receiver: &WebhookReceiver, count: usize) -> Vec<Received> {
    eventually("the notifications", async || {
        let received = receiver.notifications();
        (received.len() >= count).then_some(received)
    })
    .await
}

fn subjects(sink: &Sink) -> Vec<String> {
    let captured = sink.captured();
    let subject = |text: String| {
        let line = text.lines().find_map(|line| line.strip_prefix("Subject: "));
        line.expect("a subject").to_owned()
    };
    captured.iter().map(|one| subject(one.text())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_goes_to_the_servers_of_each_domain_and_each_answer_is_told_once() {
    let sink = Sink::start(Manners {
        refusals: [("gone@shop.example".to_owned(), "550 5.1.1 no such user")].into(),
        ..Manners::default()
    })
    .await;
    let zone = zone().address("bare.example", LOOPBACK);
    let dns = NameServer::start(zone).await;
    let server = server(&dns, &sink).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    let events = subscribe(&api).await;
    let to = [
        "a@shop.example",
        "gone@shop.example",
        "b@shop.example",
        "c@bare.example",
    ];
    let sent = send(&api, &agent, &to, "Quote").await;
    until_queue_is_empty(&api).await;

    let mut captured = sink.captured();
    captured.sort_by_key(|one| one.rcpts.len());
    assert_eq!(captured.len(), 2, "{captured:?}");
    let shop = &captured[1];
    assert!(
        shop.mail.starts_with(&format!("<{}> SIZE=", agent.email)),
        "{}",
        shop.mail
    );
    assert!(
        shop.rcpts[0].starts_with("<a@shop.example> NOTIFY=FAILURE ORCPT=rfc822;a@"),
        "{:?}",
        shop.rcpts
    );
    assert_eq!(shop.rcpts.len(), 2);
    let text = shop.text();
    assert!(
        text.starts_with("Received: by mail.ours.example with HTTP\r\n"),
        "{text}"
    );

    let delivered = notifications(&events, 3).await;
    let objects: Vec<Value> = delivered.iter().map(|one| one.json()).collect();
    let of = |kind: &str| -> Vec<Value> {
        let matching = objects.iter().filter(|event| event["type"] == kind);
        matching.map(|event| event["data"].clone()).collect()
    };
    let (delivered, bounced) = (of("message.delivered"), of("message.bounced"));
    assert_eq!((delivered.len(), bounced.len()), (2, 1));
    let mut recipients: Vec<&Value> = delivered
        .iter()
        .map(|data| &data["object"]["delivered"]["recipients"])
        .collect();
    recipients.sort_by_key(|list| list.to_string());
    assert_eq!(
        recipients,
        [
            &json!(["a@shop.example", "b@shop.example"]),
            &json!(["c@bare.example"])
        ]
    );
    assert_eq!(bounced[0]["grant_id"], agent.id.as_str());
    assert_eq!(bounced[0]["object"]["message"]["id"], sent["id"]);
    assert_eq!(bounced[0]["object"]["message"]["to"], json!(to));
    assert_eq!(bounced[0]["object"]["bounce"]["type"], "NoEmail");
    assert_eq!(
        bounced[0]["object"]["bounce"]["recipients"],
        json!([{"email": "gone@shop.example", "diagnostic_code": "550 5.1.1 no such user"}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn smtp_18_domains_that_take_no_mail_lead_inside_or_are_none_bounce_at_once() {
    let sink = Sink::start(Manners::default()).await;
    let zone = zone()
        .mail_server("null.example", 0, "")
        .mail_server("inside.example", 10, "mx.inside.example")
        .address("mx.inside.example", Ipv4Addr::new(10, 0, 0, 1))
        .mail_server("loop.example", 10, "mail.ours.example")
        .address("mail.ours.example", LOOPBACK)
        .mail_server("nowhere.example", 10, "mx.nowhere.example");
    let dns = NameServer::start(zone).await;
    let server = server(&dns, &sink).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    let events = subscribe(&api).await;
    let expected = [
        ("x@inside.example", "550 5.4.4"),
        ("x@loop.example", "554 5.4.6"),
        ("x@missing.example", "550 5.1.2"),
        ("x@nowhere.example", "550 5.4.4"),
        ("x@null.example", "556 5.1.10"),
    ];
    for (recipient, _) in expected {
        send(&api, &agent, &[recipient], "x").await;
    }
    until_queue_is_empty(&api).await;
    let bounced = notifications(&events, expected.len()).await;
    let mut diagnostics: Vec<(String, String)> = bounced
        .iter()
        .map(|event| {
            let one = event.json()["data"]["object"]["bounce"]["recipients"][0].clone();
            let text = |name: &str| one[name].as_str().expect("a text").to_owned();
            (text("email"), text("diagnostic_code"))
        })
        .collect();
    diagnostics.sort();
    for ((email, diagnostic), (recipient, begin)) in diagnostics.iter().zip(expected) {
        assert_eq!(email, recipient);
        assert!(diagnostic.starts_with(begin), "{email}: {diagnostic}");
        assert!(!diagnostic.contains("10.0.0.1"), "{diagnostic}");
    }
    assert!(sink.captured().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_hold_retry_and_drop_what_waits_from_the_command_line() {
    let sink = Sink::start(Manners {
        greylists: true,
        ..Manners::default()
    })
    .await;
    let dns = NameServer::start(zone()).await;
    let server = server(&dns, &sink).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    for name in ["keep", "drop"] {
        send(&api, &agent, &[&format!("{name}@shop.example")], name).await;
    }
    let rows = eventually("both to be deferred", async || {
        let rows = queue(&api).await;
        let deferred = rows.iter().filter(|row| row["state"] == "deferred").count();
        (deferred == 2).then_some(rows)
    })
    .await;
    let id = |name: &str| {
        let row = rows
            .iter()
            .find(|row| row["recipient"] == format!("{name}@shop.example"));
        row.expect("a row")["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    assert_eq!(
        rows[0]["last_reply"],
        "451 4.7.1 greylisted, come back later"
    );
    let cli = server.cli();
    let listed = cli.run(&["queue", "list", "--state", "deferred"]).await;
    assert!(
        listed.stdout.contains("keep@shop.example"),
        "{}",
        listed.stdout
    );
    cli.run(&["queue", "hold", &id("keep")]).await;
    let path = format!("/v3/admin/queue/{}", id("keep"));
    assert_eq!(api.get(&path).await.expect(200).data()["state"], "held");
    cli.run(&["queue", "retry", &id("keep")]).await;
    cli.run(&["queue", "drop", &id("drop"), "--yes"]).await;
    until_queue_is_empty(&api).await;
    assert_eq!(subjects(&sink), ["keep"]);
    api.get(&path).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_gets_everything_whatever_the_domains_dns_says() {
    let sink = Sink::start(Manners::default()).await;
    let dns = NameServer::start(Zone::default()).await;
    let relay = format!("relay:127.0.0.1:{}", sink.address().port());
    let flags = ["--outbound", &relay, "--dns", &dns.address().to_string()];
    let server = Posthouse::start_with(Options {
        flags: flags.map(str::to_owned).to_vec(),
        ..Options::default()
    })
    .await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    for domain in ["one.example", "two.example", "three.example"] {
        send(&api, &agent, &[&format!("a@{domain}")], domain).await;
    }
    until_queue_is_empty(&api).await;
    let mut arrived = subjects(&sink);
    arrived.sort();
    assert_eq!(arrived, ["one.example", "three.example", "two.example"]);
}
