//! What follows from mail that does not arrive: events, suppressed addresses, paused senders.

use std::net::Ipv4Addr;

use posthouse_tests::api::Api;
use posthouse_tests::dns::{NameServer, Zone};
use posthouse_tests::eventually;
use posthouse_tests::server::{Options, Posthouse};
use posthouse_tests::sink::{Manners, Sink};
use posthouse_tests::webhook::WebhookReceiver;
use serde_json::{Value, json};

/// Recipients that one message may have.
const RECIPIENTS: usize = 45;

/// `shop.example` has a mail server on 127.0.0.1, `late.example` one on 127.0.0.2.
async fn name_server() -> NameServer {
    let zone = Zone::default()
        .mail_server("shop.example", 10, "mx.shop.example")
        .address("mx.shop.example", Ipv4Addr::LOCALHOST)
        .mail_server("late.example", 10, "mx.late.example")
        .address("mx.late.example", Ipv4Addr::new(127, 0, 0, 2));
    NameServer::start(zone).await
}

async fn server(dns: &NameServer, sink: &Sink) -> Posthouse {
    let port = sink.address().port().to_string();
    let dns = dns.address().to_string();
    let flags = ["--outbound", "direct", "--mx-port", &port, "--dns", &dns];
    let options = Options {
        flags: flags.map(str::to_owned).to_vec(),
        ..Options::default()
    };
    Posthouse::start_with(options).await
}

async fn account(api: &Api, email: &str) -> String {
    let body = json!({"provider": "nylas", "settings": {"email": email}});
    let made = api.post("/v3/connect/custom", body).await;
    made.expect(201).text_of("id")
}

fn letter(to: &[String]) -> Value {
    let to: Vec<Value> = to.iter().map(|email| json!({"email": email})).collect();
    json!({"to": to, "subject": "Quote", "body": "<p>Hello</p>"})
}

async fn send(api: &Api, grant: &str, to: &[String]) {
    let path = format!("/v3/grants/{grant}/messages/send");
    api.post(&path, letter(to)).await.expect(200);
}

async fn queue(api: &Api) -> Vec<Value> {
    let queue = api.get("/v3/admin/queue?limit=200").await;
    queue.expect(200).rows()
}

async fn until_nothing_waits_for(api: &Api, domain: &str) {
    let path = format!("/v3/admin/queue?domain={domain}");
    eventually("the mail to be settled", async || {
        let rows = api.get(&path).await.expect(200).rows();
        rows.is_empty().then_some(())
    })
    .await;
}

fn numbered(label: &str, count: usize) -> Vec<String> {
    let one = |number| format!("{label}{number}@shop.example");
    (0..count).map(one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_report_by_smtp_bounces_its_message_and_suppresses_the_address() {
    let sink = Sink::start(Manners::default()).await;
    let dns = name_server().await;
    let server = server(&dns, &sink).await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    let events = WebhookReceiver::start().await;
    let body = json!({"webhook_url": events.url("/e"), "trigger_types": ["message.bounced"]});
    api.post("/v3/webhooks", body).await.expect(200);
    send(&api, &agent.id, &["gone@shop.example".to_owned()]).await;
    until_nothing_waits_for(&api, "shop.example").await;
    let captured = sink.captured();
    let (_, id) = captured[0]
        .mail
        .split_once("ENVID=")
        .expect("an envelope id");
    let id = id.split(' ').next().expect("a word");

    let report = |id: &str| {
        format!(
            "From: MAILER-DAEMON@mx.shop.example\r\nTo: {email}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n\
             --x\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mx.shop.example\r\nOriginal-Envelope-Id: {id}\r\n\r\n\
             Final-Recipient: rfc822; gone@shop.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--x--\r\n",
            email = agent.email,
        )
    };
    // A forged one first: it is mail, and nothing else.
    for id in ["0".repeat(32), id.to_owned()] {
        let mut smtp = server.smtp().await;
        smtp.command("EHLO mx.shop.example").await.expect(250);
        smtp.command("MAIL FROM:<>").await.expect(250);
        let rcpt = format!("RCPT TO:<{}>", agent.email);
        smtp.command(&rcpt).await.expect(250);
        smtp.command("DATA").await.expect(354);
        smtp.write(format!("{}.\r\n", report(&id)).as_bytes()).await;
        smtp.read_reply().await.expect(250);
        smtp.command("QUIT").await.expect(221);
        if id.starts_with("00000000") {
            let listed = api.get("/v3/suppressions").await.expect(200).rows();
            assert_eq!(listed, Vec::<Value>::new());
        }
    }
    let event = events.wait_for_type("message.bounced").await.json();
    let bounce = &event["data"]["object"]["bounce"];
    assert_eq!(bounce["recipients"][0]["email"], "gone@shop.example");
    assert_eq!(events.notifications().len(), 1);
    let listed = api.get("/v3/suppressions").await.expect(200).rows();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0]["address"], &listed[0]["reason"]),
        (&json!("gone@shop.example"), &json!("hard_bounce"))
    );
    let path = format!("/v3/grants/{}/messages/send", agent.id);
    let to = ["gone@shop.example".to_owned()];
    let refused = api.post(&path, letter(&to)).await.expect(400);
    assert_eq!(refused.error_type(), "recipient_suppressed");
    // The reports are mail of their own.
    server.wait_for_messages(&agent, 2).await;

    let shown = server.cli().run(&["suppression", "list"]).await.expect(0);
    shown.shows(&["gone@shop.example", "hard_bounce"]);
    let remove = ["suppression", "remove", "gone@shop.example"];
    server.cli().run(&remove).await.expect(0);
    send(&api, &agent.id, &to).await;
    let add = [
        "suppression",
        "add",
        "no@shop.example",
        "--reason",
        "complaint",
    ];
    server
        .cli()
        .run(&add)
        .await
        .expect(0)
        .shows(&["no@shop.example"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_domains_bounces_pause_that_domain_and_no_other_and_kept_mail_goes_after_the_lift() {
    let gone = numbered("gone", 20);
    let refusals = gone
        .iter()
        .map(|one| (one.clone(), "550 5.1.1 no such user"));
    let sink = Sink::start(Manners {
        refusals: refusals.collect(),
        ..Manners::default()
    })
    .await;
    let dns = name_server().await;
    let server = server(&dns, &sink).await;
    let api = server.api();
    for name in ["bad", "good"] {
        let body = json!({"name": name, "domain_address": format!("{name}.agents.localhost")});
        api.post("/v3/admin/domains", body).await.expect(200);
    }
    let bad = account(&api, "one@bad.agents.localhost").await;
    let worse = account(&api, "two@bad.agents.localhost").await;
    let good = account(&api, "three@good.agents.localhost").await;
    // It is asked to come again later, so it waits.
    let busy = Manners {
        greylists: true,
        ..Manners::default()
    };
    let late = sink.beside(2, busy).await;
    send(&api, &bad, &["kept@late.example".to_owned()]).await;
    eventually("the mail to be deferred", async || {
        let rows = queue(&api).await;
        (rows[0]["state"] == "deferred").then_some(())
    })
    .await;
    for number in 0..4 {
        let to = numbered(&format!("ok{number}x"), RECIPIENTS);
        send(&api, &good, &to).await;
    }
    until_nothing_waits_for(&api, "shop.example").await;
    send(&api, &bad, &gone[..10]).await;
    send(&api, &worse, &gone[10..]).await;
    until_nothing_waits_for(&api, "shop.example").await;

    let pauses = api.get("/v3/admin/pauses").await.expect(200).rows();
    assert_eq!(pauses.len(), 1, "{pauses:?}");
    assert_eq!(
        (&pauses[0]["scope"], &pauses[0]["domain"]),
        (&json!("domain"), &json!("bad.agents.localhost"))
    );
    for grant in [&bad, &worse] {
        let path = format!("/v3/grants/{grant}/messages/send");
        let refused = api
            .post(&path, letter(&["x@shop.example".to_owned()]))
            .await;
        assert_eq!(refused.expect(400).error_type(), "sending_paused");
    }
    let before = sink.captured().len();
    send(&api, &good, &["free@shop.example".to_owned()]).await;
    eventually("the other domain's mail", async || {
        (sink.captured().len() > before).then_some(())
    })
    .await;
    until_nothing_waits_for(&api, "shop.example").await;
    let kept = queue(&api).await;
    assert_eq!(kept.len(), 1, "{kept:?}");
    let retry = format!(
        "/v3/admin/queue/{}/retry",
        kept[0]["id"].as_str().expect("an id")
    );
    api.post(&retry, json!({})).await.expect(200);
    eventually("the mail to be kept", async || {
        let rows = queue(&api).await;
        (rows[0]["last_reply"] == "sending is paused").then_some(())
    })
    .await;
    assert_eq!(late.captured().len(), 0);

    let cli = server.cli();
    let listed = cli.run(&["pauses", "list"]).await.expect(0);
    let id = pauses[0]["id"].as_str().expect("an id");
    listed.shows(&["bad.agents.localhost", "bounce rate", id]);
    cli.run(&["pauses", "lift", id]).await.expect(0);
    eventually("the kept mail", async || {
        (late.captured().len() == 1).then_some(())
    })
    .await;
    send(&api, &bad, &["again@shop.example".to_owned()]).await;
    until_nothing_waits_for(&api, "shop.example").await;
}
