//! Whoever looks after the server is reached, and domains are told how their mail was judged.

use std::io::Read;
use std::net::Ipv4Addr;
use std::path::Path;

use posthouse_tests::dns::{NameServer, Zone};
use posthouse_tests::eventually;
use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Options, Posthouse};
use posthouse_tests::sink::{Captured, Manners, Sink};
use tempfile::TempDir;

const OPERATOR: &str = "op@ops.example";

/// `shop.example` sends from here and asks for reports; the operator reads mail at `ops.example`. Both have their mail server
/// on 127.0.0.1.
fn zone() -> Zone {
    Zone::default()
        .text("shop.example", "v=spf1 ip4:127.0.0.1 -all")
        .text(
            "_dmarc.shop.example",
            "v=DMARC1; p=quarantine; rua=mailto:dmarc@shop.example,mailto:victim@ops.example",
        )
        .mail_server("shop.example", 10, "mx.shop.example")
        .address("mx.shop.example", Ipv4Addr::LOCALHOST)
        .mail_server("ops.example", 10, "mx.shop.example")
}

async fn server(dns: &NameServer, sink: &Sink, clock: &Path) -> Posthouse {
    let port = sink.address().port().to_string();
    let dns = dns.address().to_string();
    let flags = [
        "--outbound",
        "direct",
        "--mx-port",
        &port,
        "--dns",
        &dns,
        "--hostname",
        "mx.posthouse.example",
        "--inbound-checks",
        "all",
        "--operator-email",
        OPERATOR,
        "--dmarc-reports",
    ];
    let clock = clock.to_str().expect("a plain path").to_owned();
    let options = Options {
        flags: flags.map(str::to_owned).to_vec(),
        environment: vec![("POSTHOUSE_TEST_CLOCK".to_owned(), clock)],
        ..Options::default()
    };
    Posthouse::start_with(options).await
}

/// Waits for a message with this subject.
async fn arrived(sink: &Sink, subject: &str) -> Captured {
    let wanted = format!("Subject: {subject}");
    let what = format!("{subject} at the operator's server");
    eventually(&what, async || {
        let mut all = sink.captured().into_iter();
        all.find(|one| one.text().contains(&wanted))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_to_postmaster_reaches_the_operator_by_every_name_of_the_server() {
    let dns = NameServer::start(zone()).await;
    let sink = Sink::start(Manners::default()).await;
    let place = TempDir::new().expect("a directory");
    let server = server(&dns, &sink, &place.path().join("clock")).await;
    for (address, subject) in [
        ("Postmaster@agents.localhost", "by the domain"),
        ("abuse@agents.localhost", "about abuse"),
        ("abuse@mx.posthouse.example", "by the host"),
    ] {
        let letter = Letter::to(address).subject(subject);
        server.deliver(&letter).await.expect(250);
        let passed_on = arrived(&sink, subject).await;
        assert!(passed_on.mail.contains("<>"), "{}", passed_on.mail);
        assert!(
            passed_on.rcpts[0].contains(OPERATOR),
            "{:?}",
            passed_on.rcpts
        );
        let text = passed_on.text();
        assert!(text.contains(&format!("Delivered-To: {address}")), "{text}");
        assert!(
            text.contains("spf=pass smtp.mailfrom=shop.example"),
            "{text}"
        );
    }
    // RFC 5321 4.5.1: without a domain, in any case.
    let mut smtp = server.smtp().await;
    smtp.command("EHLO client.example").await.expect(250);
    smtp.command("MAIL FROM:<>").await.expect(250);
    smtp.command("RCPT TO:<PostMaster>").await.expect(250);
    smtp.command("DATA").await.expect(354);
    smtp.write(b"Subject: to nobody in particular\r\n\r\nx\r\n.\r\n")
        .await;
    smtp.read_reply().await.expect(250);
    arrived(&sink, "to nobody in particular").await;
    smtp.command("MAIL FROM:<>").await.expect(250);
    smtp.command("RCPT TO:<info@mx.posthouse.example>")
        .await
        .expect(550);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_told_once_a_day_how_its_mail_was_judged() {
    let dns = NameServer::start(zone()).await;
    let sink = Sink::start(Manners::default()).await;
    let place = TempDir::new().expect("a directory");
    let clock = place.path().join("clock");
    let mut server = server(&dns, &sink, &clock).await;
    let account = server.create_account("triage").await;
    for _ in 0..2 {
        server
            .deliver(&Letter::to(&account.email))
            .await
            .expect(250);
    }
    let forged = Letter::to(&account.email).from("someone@elsewhere.example");
    let forged = Letter {
        from: "buyer@shop.example".to_owned(),
        ..forged
    };
    server.deliver(&forged).await.expect(250);
    // What was counted is kept when the server stops.
    server.restart().await;
    assert_eq!(sink.captured().len(), 0, "the day is not over");
    std::fs::write(&clock, (2 * 86_400).to_string()).expect("a clock to set");
    let report = arrived(&sink, "Report Domain: shop.example").await;
    assert!(report.mail.contains("<>"), "{}", report.mail);
    assert_eq!(
        report.rcpts.len(),
        1,
        "ops.example did not agree: {:?}",
        report.rcpts
    );
    assert!(report.rcpts[0].contains("dmarc@shop.example"));

    let wire = report.text();
    let raw = wire.trim_end_matches(".\r\n").as_bytes();
    let message = posthouse_mime::parse(raw);
    assert!(
        message.subject.starts_with(
            "Report Domain: shop.example Submitter: mx.posthouse.example Report-ID: <"
        ),
        "{}",
        message.subject
    );
    let file = &message.attachments[0];
    assert!(
        file.filename
            .starts_with("mx.posthouse.example!shop.example!"),
        "{}",
        file.filename
    );
    assert!(file.filename.ends_with(".xml.gz"), "{}", file.filename);
    assert_eq!(file.content_type, "application/gzip");
    let content = posthouse_mime::decode_part(raw, file.part).expect("the file");
    let mut xml = String::new();
    let mut unpacked = flate2::read::GzDecoder::new(content.as_slice());
    unpacked.read_to_string(&mut xml).expect("a packed report");
    let xml: String = xml.lines().collect();
    for part in [
        "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">",
        "<domain>shop.example</domain><discovery_method>treewalk</discovery_method><p>quarantine</p>",
        "<row><source_ip>127.0.0.1</source_ip><count>2</count><policy_evaluated><disposition>pass</disposition>\
         <dkim>fail</dkim><spf>pass</spf></policy_evaluated></row>",
        "<row><source_ip>127.0.0.1</source_ip><count>1</count><policy_evaluated><disposition>quarantine</disposition>\
         <dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>",
        "<header_from>shop.example</header_from><envelope_from>elsewhere.example</envelope_from>",
    ] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
    assert_eq!(xml.matches("<record>").count(), 2);
    // A day later there is nothing more to tell.
    std::fs::write(&clock, (3 * 86_400).to_string()).expect("a clock to set");
    let letter = Letter::to("postmaster@agents.localhost").subject("afterwards");
    server.deliver(&letter).await.expect(250);
    arrived(&sink, "afterwards").await;
    let reports = sink
        .captured()
        .iter()
        .filter(|one| one.text().contains("Report Domain"))
        .count();
    assert_eq!(reports, 1);
}
