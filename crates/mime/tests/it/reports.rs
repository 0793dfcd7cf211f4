//! Reports of mail systems: as the RFCs show them, as others write them, and as attackers do.

use posthouse_mime::limits::{REPORT_RECIPIENTS_MAX, REPORT_TEXT_CHARS_MAX};
use posthouse_mime::report::{Action, DeliveryReport, FeedbackReport, Report, report};
use proptest::prelude::*;

fn delivery(raw: &str) -> DeliveryReport {
    match report(raw.replace('\n', "\r\n").as_bytes()) {
        Some(Report::Delivery(report)) => report,
        other => panic!("{other:?}"),
    }
}

fn feedback(raw: &str) -> FeedbackReport {
    match report(raw.replace('\n', "\r\n").as_bytes()) {
        Some(Report::Feedback(report)) => report,
        other => panic!("{other:?}"),
    }
}

/// As Postfix writes it.
const POSTFIX: &str = "From: MAILER-DAEMON@mx.shop.example (Mail Delivery System)
To: b+0123@bounce.bots.example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary=\"AAA/mx.shop.example\"

--AAA/mx.shop.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

<gone@shop.example>: host 10.0.0.1 said: 550 5.1.1 no such user

--AAA/mx.shop.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.shop.example
Original-Envelope-Id: 0190f3d0-1111
X-Postfix-Queue-ID: AAA

Final-Recipient: rfc822; gone@shop.example
Original-Recipient: rfc822;Gone@Shop.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; 10.0.0.1
Diagnostic-Code: smtp; 550 5.1.1
    no such user

Final-Recipient: rfc822; slow@shop.example
Action: delayed
Status: 4.4.1 (nobody there)

--AAA/mx.shop.example
Content-Description: Undelivered Message
Content-Type: message/rfc822

Return-Path: <b+0123@bounce.bots.example.org>
Message-ID: <m1@bots.example.org>
Subject: Quote

Hello
--AAA/mx.shop.example--
";

#[test]
fn a_delivery_report_names_recipients_status_and_message() {
    let report = delivery(POSTFIX);
    assert_eq!(
        report.original_envelope_id.as_deref(),
        Some("0190f3d0-1111")
    );
    assert_eq!(
        report.original.message_id.as_deref(),
        Some("<m1@bots.example.org>")
    );
    assert_eq!(
        report.original.return_path.as_deref(),
        Some("b+0123@bounce.bots.example.org")
    );
    let [gone, slow] = report.recipients.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!(gone.action, Action::Failed);
    assert_eq!(
        gone.original_recipient.as_deref(),
        Some("Gone@Shop.example")
    );
    assert_eq!(gone.final_recipient.as_deref(), Some("gone@shop.example"));
    assert_eq!(gone.status.as_deref(), Some("5.1.1"));
    assert_eq!(
        gone.diagnostic.as_deref(),
        Some("550 5.1.1    no such user")
    );
    assert_eq!(
        (slow.action, slow.status.as_deref()),
        (Action::Delayed, Some("4.4.1"))
    );
}

#[test]
fn an_encoded_or_headers_only_report_reads_alike() {
    let report = delivery(
        "Content-Type: multipart/report; boundary=x; report-type=delivery-status

--x
Content-Type: message/global-delivery-status
Content-Transfer-Encoding: base64

UmVwb3J0aW5nLU1UQTogZG5zOyBhCgpGaW5hbC1SZWNpcGllbnQ6IHV0Zi04OyDDpEBiLmV4YW1wbGUKU3RhdHVzOiA1LjAuMAo=
--x
Content-Type: text/rfc822-headers

Message-ID: <m2@bots.example.org>
--x--
",
    );
    assert_eq!(report.recipients.len(), 1);
    assert_eq!(
        report.recipients[0].final_recipient.as_deref(),
        Some("ä@b.example")
    );
    assert_eq!(report.recipients[0].action, Action::Failed);
    assert_eq!(
        report.original.message_id.as_deref(),
        Some("<m2@bots.example.org>")
    );
}

#[test]
fn a_complaint_names_its_kind_and_whom_the_message_was_for() {
    let report = feedback(
        "From: <abusedesk@example.com>
Content-Type: multipart/report; report-type=feedback-report; boundary=\"part1\"

--part1
Content-Type: text/plain

This is an email abuse report.
--part1
Content-Type: message/feedback-report

Feedback-Type: Abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <b+0123@bounce.bots.example.org>
Original-Rcpt-To: <user@example.com>
Arrival-Date: Thu, 8 Mar 2005 14:00:00 EDT

--part1
Content-Type: message/rfc822

From: <somespammer@example.net>
Message-ID: 8787KJKJ3K4J3K4J3K4J3.mail@example.net

Spam Spam
--part1--
",
    );
    assert_eq!(report.kind, "abuse");
    assert_eq!(
        report.original_mail_from.as_deref(),
        Some("b+0123@bounce.bots.example.org")
    );
    assert_eq!(report.original_recipients, ["user@example.com"]);
}

#[test]
fn bounces_without_a_report_part_are_read_where_they_name_recipients() {
    let exim = delivery(
        "From: Mail Delivery System <Mailer-Daemon@mx>\nX-Failed-Recipients: gone@shop.example,\n  other@shop.example\n\nA message failed\n",
    );
    let addresses: Vec<_> = exim
        .recipients
        .iter()
        .filter_map(|one| one.final_recipient.as_deref())
        .collect();
    assert_eq!(addresses, ["gone@shop.example", "other@shop.example"]);
    let qmail = delivery(
        "From: MAILER-DAEMON@mx\n\nHi. This is the qmail-send program at mx.\nI'm afraid.\n\n<gone@shop.example>:\n10.0.0.1 does not like recipient.\nRemote host said: 550 no\n\n--- Below this line is a copy of the message.\n\n<not@this.example>:\n",
    );
    let [one] = qmail.recipients.as_slice() else {
        panic!("{qmail:?}");
    };
    assert_eq!(one.final_recipient.as_deref(), Some("gone@shop.example"));
    assert_eq!(
        one.diagnostic.as_deref(),
        Some("10.0.0.1 does not like recipient. Remote host said: 550 no")
    );
}

#[test]
fn other_mail_is_no_report_whatever_it_quotes() {
    for raw in [
        "",
        "Subject: x\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\n",
        "Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\r\nnothing\r\n--x--\r\n",
    ] {
        assert_eq!(report(raw.as_bytes()), None, "{raw}");
    }
    // A bounce that somebody forwards as an attachment is not a bounce of the forward.
    let forwarded = format!(
        "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n{}\r\n--o--\r\n",
        POSTFIX.replace('\n', "\r\n")
    );
    assert_eq!(report(forwarded.as_bytes()), None);
}

#[test]
fn a_flood_of_recipients_and_endless_texts_are_cut() {
    let group = format!(
        "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; {}\n\n",
        "x".repeat(5_000)
    );
    let raw = format!(
        "Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n{}--x--\n",
        group.repeat(5_000)
    );
    let report = delivery(&raw);
    assert!(report.recipients.len() <= REPORT_RECIPIENTS_MAX);
    for one in &report.recipients {
        let text = one.diagnostic.as_deref().unwrap_or_default();
        assert!(text.chars().count() <= REPORT_TEXT_CHARS_MAX);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_report_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0_usize..1_600) {
        let _ = report(&bytes);
        let raw = POSTFIX.replace('\n', "\r\n");
        let (head, tail) = raw.as_bytes().split_at(cut.min(raw.len()));
        let _ = report(&[head, &bytes, tail].concat());
    }

    #[test]
    fn what_a_report_says_is_read_back(local in "[a-z0-9.]{1,20}", status in "5\\.[0-9]{1,3}\\.[0-9]{1,3}", text in "[ -~]{0,80}") {
        let text = text.replace(';', ":");
        let raw = format!(
            "Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\nFinal-Recipient: rfc822; {local}@b.example\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; 550 t{text}\n--x--\n"
        );
        let report = delivery(&raw);
        let address = format!("{local}@b.example");
        prop_assert_eq!(report.recipients.len(), 1);
        prop_assert_eq!(report.recipients[0].final_recipient.as_deref(), Some(address.as_str()));
        prop_assert_eq!(report.recipients[0].status.as_deref(), Some(status.as_str()));
        prop_assert!(report.recipients[0].diagnostic.as_deref().is_some_and(|text| text.starts_with("550 t")));
    }
}
