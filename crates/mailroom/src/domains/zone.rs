//! The records of a domain as a zone file: RFC 1035 5.

use std::fmt::Write as _;

use super::limits::{RECORD_TTL_SECONDS, TEXT_STRING_BYTES_MAX};
use super::records::{DnsRecord, Plan};

/// Writes a zone that a name server loads as it is.
pub(crate) fn write(plan: &Plan) -> String {
    let domain = &plan.domain;
    let mut text = format!(
        "; The records of {domain} for the mail server {host}.\n\
         ; A name server can load this file as it is. To add the records to a zone that you have elsewhere, leave out\n\
         ; $ORIGIN, SOA and NS. Where a comment says optional, nothing fails without the record.\n\
         $ORIGIN {domain}.\n\
         $TTL {RECORD_TTL_SECONDS}\n\
         @ IN SOA {host}. hostmaster.{domain}. {serial} 3600 900 1209600 300\n\
         @ IN NS {host}.\n",
        host = plan.mail_host,
        // RFC 1982: 32 bits that only grow; seconds do so until 2106.
        serial = u32::try_from(plan.now).unwrap_or(u32::MAX),
    );
    for record in plan.all() {
        let optional = if record.required { "" } else { "optional: " };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n; {optional}{}", record.purpose);
        let _ = writeln!(
            text,
            "{} IN {} {}",
            record.host,
            record.record_type,
            data(&record)
        );
    }
    text
}

fn data(record: &DnsRecord) -> String {
    if record.record_type != "TXT" {
        return record.value.clone();
    }
    let strings = record.value.as_bytes().chunks(TEXT_STRING_BYTES_MAX);
    let quoted: Vec<String> = strings.map(quoted).collect();
    quoted.join(" ")
}

/// RFC 1035 5.1: a backslash goes before quotes and backslashes, and before the number of what is not printable.
fn quoted(string: &[u8]) -> String {
    let mut text = String::with_capacity(string.len() + 2);
    text.push('"');
    for byte in string {
        match byte {
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(*byte));
            }
            0x20..=0x7e => text.push(char::from(*byte)),
            other => {
                let _ = write!(text, "\\{other:03}");
            }
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::records::tests::plan;

    #[test]
    fn a_long_text_is_written_in_strings_that_fit_and_joins_to_itself() {
        let mut plan = plan();
        plan.keys[0].record = format!("v=DKIM1; k=rsa; p={}", "A".repeat(736));
        let zone = write(&plan);
        let line = zone
            .lines()
            .find(|line| line.starts_with("ph1._domainkey"))
            .unwrap();
        let strings: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        assert!(strings.iter().all(|string| string.len() <= 255));
        assert_eq!(strings.concat(), plan.keys[0].record);
    }

    #[test]
    fn the_file_begins_with_what_makes_it_a_zone() {
        let zone = write(&plan());
        let lines: Vec<&str> = zone.lines().filter(|line| !line.starts_with(';')).collect();
        assert_eq!(lines[0], "$ORIGIN bots.example.org.");
        assert_eq!(
            lines[2],
            "@ IN SOA mx.example.net. hostmaster.bots.example.org. 2000 3600 900 1209600 300"
        );
        assert!(zone.contains("\n@ IN MX 10 mx.example.net.\n"), "{zone}");
        assert!(zone.contains(
            "\n_smtp._tls IN TXT \"v=TLSRPTv1; rua=mailto:tls-reports@mx.example.net\"\n"
        ));
    }

    #[test]
    fn what_would_end_a_string_is_escaped() {
        assert_eq!(quoted(b"a\"b\\c\x07\xff"), "\"a\\\"b\\\\c\\007\\255\"");
    }
}
