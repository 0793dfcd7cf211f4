//! The lines that a recipient's copy carries above the message: Return-Path, Delivered-To, Authentication-Results,
//! Received.

use std::net::IpAddr;

use posthouse_types::address::EmailAddress;

use super::accept::InboundDelivery;

/// How the message came, as the `with` clause of Received names it (RFC 3848, RFC 6531 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the registered keyword")]
pub enum Transmission {
    Smtp,
    Esmtp,
    Esmtps,
    Utf8Smtp,
    Utf8Smtps,
}

impl Transmission {
    fn keyword(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP",
            Self::Esmtp => "ESMTP",
            Self::Esmtps => "ESMTPS",
            Self::Utf8Smtp => "UTF8SMTP",
            Self::Utf8Smtps => "UTF8SMTPS",
        }
    }
}

/// Octets of a peer-given text that go into a trace line at most.
const TRACE_TEXT_OCTETS_MAX: usize = 255;

/// Returns the trace lines of one recipient's copy, each ended by CRLF. `results_field` is whole or empty.
pub(crate) fn lines(
    delivery: &InboundDelivery,
    hostname: &str,
    results_field: &str,
    recipient: &EmailAddress,
    now_seconds: i64,
) -> String {
    let sender = delivery
        .envelope_from
        .as_ref()
        .map_or("", EmailAddress::as_str);
    let helo = harmless(&delivery.helo);
    let peer = address_literal(delivery.peer);
    let with = delivery.transmission.keyword();
    let tls = delivery
        .tls
        .as_deref()
        .map_or(String::new(), |tls| format!(" ({})", harmless(tls)));
    let id = harmless(&delivery.session_id);
    let date = rfc5322_date(now_seconds);
    // RFC 5321 4.4: Return-Path goes on top, and the `for` clause only names a single recipient.
    let purpose = if delivery.recipients.len() == 1 {
        format!("\r\n\tfor <{}>", recipient.as_str())
    } else {
        String::new()
    };
    format!(
        "Return-Path: <{sender}>\r\nDelivered-To: {to}\r\n{results_field}Received: from {helo} ({peer})\r\n\tby {hostname} with {with}{tls}\r\n\tid {id}{purpose};\r\n\t{date}\r\n",
        to = recipient.as_str(),
    )
}

/// Keeps what may stand in a header: no control bytes, no parentheses that could close a comment, bounded length.
fn harmless(text: &str) -> String {
    let kept: String = text
        .chars()
        .map(|character| {
            if character.is_control() || matches!(character, '(' | ')' | '\\' | ';') {
                '?'
            } else {
                character
            }
        })
        .take(TRACE_TEXT_OCTETS_MAX)
        .collect();
    if kept.is_empty() {
        "unknown".to_owned()
    } else {
        kept
    }
}

fn address_literal(peer: IpAddr) -> String {
    match peer.to_canonical() {
        IpAddr::V4(v4) => format!("[{v4}]"),
        IpAddr::V6(v6) => format!("[IPv6:{v6}]"),
    }
}

/// Returns a date as RFC 5322 3.3 spells it, in UTC.
pub(crate) fn rfc5322_date(unix_seconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let days = unix_seconds.div_euclid(86_400);
    let second = unix_seconds.rem_euclid(86_400);
    let (year, month, day) = civil(days);
    let weekday = DAYS[days.rem_euclid(7) as usize];
    let month = MONTHS[(month - 1) as usize];
    format!(
        "{weekday}, {day} {month} {year} {:02}:{:02}:{:02} +0000",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

/// Returns year, month and day of a day counted from 1970-01-01 (the proleptic Gregorian calendar).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_spelled_as_the_rfc_wants() {
        assert_eq!(rfc5322_date(0), "Thu, 1 Jan 1970 00:00:00 +0000");
        assert_eq!(rfc5322_date(951_782_400), "Tue, 29 Feb 2000 00:00:00 +0000");
        assert_eq!(
            rfc5322_date(1_790_000_123),
            "Mon, 21 Sep 2026 14:15:23 +0000"
        );
    }

    #[test]
    fn smtp_08_no_outside_text_can_end_a_trace_line() {
        assert_eq!(harmless("a\rb\nc\u{7f}"), "a?b?c?");
        assert_eq!(harmless("x) by evil; (y"), "x? by evil? ?y");
        assert_eq!(harmless(""), "unknown");
    }
}
