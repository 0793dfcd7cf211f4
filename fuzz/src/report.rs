//! Reports of mail systems: bounded, made of clean text, and the same answer again.

use posthouse_mime::limits::{REPORT_RECIPIENTS_MAX, REPORT_TEXT_CHARS_MAX};
use posthouse_mime::report::{Report, report};

use crate::Target;

/// Delivery status notifications and complaints.
pub const TARGET: Target = Target {
    name: "report",
    run: fuzz_report,
    seeds: &[
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nsorry\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a.example\r\nOriginal-Envelope-Id: 7\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nOriginal-Recipient: rfc822;c@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no\r\n such\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nReturn-Path: <b+1@bounce.c.example>\r\nMessage-ID: <m@c.example>\r\n\r\nx\r\n--x--\r\n",
        b"Content-Type: multipart/report; report-type=feedback-report; boundary=x\r\n\r\n--x\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\nOriginal-Mail-From: <b+1@bounce.c.example>\r\nOriginal-Rcpt-To: <a@b.example>\r\n\r\n--x\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <m@c.example>\r\n--x--\r\n",
        b"X-Failed-Recipients: a@b.example, c@b.example\r\n\r\nA message that you sent could not be delivered\r\n",
        b"From: MAILER-DAEMON@a\r\n\r\nHi. This is the qmail-send program at a.\r\n\r\n<a@b.example>:\r\nno\r\n\r\n--- Below\r\n",
    ],
    dictionary: &[
        b"\r\n", b"\r\n\r\n", b"\r\n ", b"--x\r\n", b"--x--", b": ", b"; ", b"rfc822; ", b"utf-8; ", b"<", b">", b"@", b",", b"\0", b"\xff", b"\x1b[",
        b"Content-Type: message/delivery-status\r\n\r\n", b"Content-Type: message/feedback-report\r\n\r\n", b"Content-Transfer-Encoding: base64\r\n",
        b"Final-Recipient: ", b"Original-Recipient: ", b"Action: ", b"failed", b"delayed", b"Status: ", b"5.1.1", b"Diagnostic-Code: ", b"Feedback-Type: ",
        b"Original-Mail-From: ", b"Original-Rcpt-To: ", b"=?utf-8?Q?=0A?=",
    ],
};

/// Reads one message as a report.
pub fn fuzz_report(data: &[u8]) {
    let found = report(data);
    assert_eq!(found, report(data), "the same answer again");
    match found {
        None => {}
        Some(Report::Delivery(report)) => {
            assert!(report.recipients.len() <= REPORT_RECIPIENTS_MAX);
            for one in &report.recipients {
                assert!(one.final_recipient.is_some() || one.original_recipient.is_some());
                let addresses = [&one.final_recipient, &one.original_recipient];
                for text in addresses.into_iter().chain([&one.diagnostic]).flatten() {
                    check_text(text);
                }
                for address in addresses.into_iter().flatten() {
                    assert!(!address.contains(char::is_whitespace));
                }
            }
        }
        Some(Report::Feedback(report)) => {
            assert!(report.original_recipients.len() <= REPORT_RECIPIENTS_MAX);
            check_text(&report.kind);
            report
                .original_recipients
                .iter()
                .for_each(|text| check_text(text));
        }
    }
}

fn check_text(text: &str) {
    assert!(text.chars().count() <= REPORT_TEXT_CHARS_MAX);
    assert!(!text.contains(char::is_control));
}
