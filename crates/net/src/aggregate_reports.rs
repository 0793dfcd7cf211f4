//! Aggregate reports of receivers, as their senders attach them: DMARC (RFC 7489 7.2, XML) and TLS (RFC 8460, JSON), often
//! compressed. Pure; here because the parser crate is that of [`crate::authentication`].
//!
//! AUTH-08: what is unpacked is bounded by bytes and by its ratio to what was sent, and an archive by its entries; XML is
//! read without expanding entities.

pub mod write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_auth::report::tlsrpt::TlsReport;
use mail_auth::report::{Record, Report};
use serde::Serialize;
use serde_json::{Value, json};

/// Bytes of a report file as it was sent.
pub const FILE_BYTES_MAX: usize = 2 << 20;
/// Bytes of a report once it is unpacked.
pub const UNPACKED_BYTES_MAX: usize = 16 << 20;
/// How many times as long as it was sent a report may become.
pub const UNPACKED_RATIO_MAX: usize = 100;
/// Bytes that a report may have whatever its ratio.
const UNPACKED_BYTES_FREE: usize = 64 << 10;
/// Files in an archive.
const ARCHIVE_ENTRIES_MAX: usize = 4;
/// Rows of a report that are kept.
pub const ROWS_MAX: usize = 1_000;
/// Characters of one text that are kept.
const TEXT_CHARACTERS_MAX: usize = 255;

/// How the entry of a file begins in the directory of an archive (APPNOTE 4.3.12).
const ARCHIVE_ENTRY: &[u8] = b"PK\x01\x02";

/// A file of a message.
#[derive(Debug, Clone, Copy)]
pub struct ReportFile<'a> {
    /// Its name, which says how it is packed where the type does not.
    pub name: &'a str,
    /// Its media type.
    pub content_type: &'a str,
    /// Its octets.
    pub content: &'a [u8],
}

/// A report about one domain.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateReport {
    /// The domain, as the report spells it.
    pub domain: String,
    /// Who made it.
    pub organization: String,
    /// What its maker calls it.
    pub report_id: String,
    /// Unix seconds.
    pub begins_at: i64,
    /// Unix seconds.
    pub ends_at: i64,
    /// What it says.
    pub document: Value,
}

/// Reads a DMARC report; `None` when the file is none, or more than this server reads.
#[must_use]
pub fn dmarc(file: &ReportFile<'_>) -> Option<AggregateReport> {
    let (message, unpacked_max) = alone(file)?;
    let report = Report::parse_rfc5322(&message, unpacked_max).ok()?;
    let rows: Vec<Value> = report.records().iter().take(ROWS_MAX).map(row).collect();
    let policy = &report.policy_published;
    Some(AggregateReport {
        domain: short(report.domain()),
        organization: short(report.org_name()),
        report_id: short(report.report_id()),
        begins_at: seconds(report.date_range_begin()),
        ends_at: seconds(report.date_range_end()),
        document: json!({
            "email": short(report.email()),
            "policy": {
                "p": word(&policy.p), "sp": word(&policy.sp),
                "adkim": word(&policy.adkim), "aspf": word(&policy.aspf),
            },
            "records": rows,
        }),
    })
}

fn row(record: &Record) -> Value {
    let results = &record.auth_results;
    let dkim = results.dkim.iter().take(10).map(|one| {
        json!({"domain": short(&one.domain), "selector": short(&one.selector), "result": word(&one.result)})
    });
    let spf = results
        .spf
        .iter()
        .take(10)
        .map(|one| json!({"domain": short(&one.domain), "result": word(&one.result)}));
    json!({
        "source_ip": record.source_ip().map(|address| address.to_string()),
        "count": record.count(),
        "disposition": word(&record.action_disposition()),
        "dkim": word(&record.dmarc_dkim_result()),
        "spf": word(&record.dmarc_spf_result()),
        "header_from": short(&record.identifiers.header_from),
        "envelope_from": short(&record.identifiers.envelope_from),
        "dkim_results": dkim.collect::<Vec<_>>(),
        "spf_results": spf.collect::<Vec<_>>(),
    })
}

/// Reads a TLS report: one for each domain that it is about.
#[must_use]
pub fn tls(file: &ReportFile<'_>) -> Vec<AggregateReport> {
    let Some((message, unpacked_max)) = alone(file) else {
        return Vec::new();
    };
    let Ok(report) = TlsReport::parse_rfc5322(&message, unpacked_max) else {
        return Vec::new();
    };
    let mut reports: Vec<AggregateReport> = Vec::new();
    for policy in report.policies.iter().take(ROWS_MAX) {
        let failures = policy.failure_details.iter().take(ROWS_MAX).map(|one| {
            json!({
                "result": word(&one.result_type),
                "sessions": one.failed_session_count,
                "sending_ip": one.sending_mta_ip.map(|address| address.to_string()),
                "receiving_ip": one.receiving_ip.map(|address| address.to_string()),
                "receiving_host": one.receiving_mx_hostname.as_deref().map(short),
            })
        });
        let shown = json!({
            "type": word(&policy.policy.policy_type),
            "successful_sessions": policy.summary.total_success,
            "failed_sessions": policy.summary.total_failure,
            "failures": failures.collect::<Vec<_>>(),
        });
        let domain = short(&policy.policy.policy_domain).to_lowercase();
        let same = reports.iter_mut().find(|report| report.domain == domain);
        if let Some(Value::Array(policies)) = same.map(|one| &mut one.document["policies"]) {
            policies.push(shown);
            continue;
        }
        let contact = report.contact_info.as_deref().unwrap_or_default();
        reports.push(AggregateReport {
            domain,
            organization: short(report.organization_name.as_deref().unwrap_or_default()),
            report_id: short(&report.report_id),
            begins_at: report.date_range.start_datetime.to_timestamp(),
            ends_at: report.date_range.end_datetime.to_timestamp(),
            document: json!({"email": short(contact), "policies": [shown]}),
        });
    }
    reports
}

/// Returns a message with this file and nothing else, and how long it may become: the parser looks for the file itself, and
/// must not find another one than was checked.
fn alone(file: &ReportFile<'_>) -> Option<(Vec<u8>, usize)> {
    if file.content.len() > FILE_BYTES_MAX {
        return None;
    }
    let entries = memchr::memmem::find_iter(file.content, ARCHIVE_ENTRY).count();
    if entries > ARCHIVE_ENTRIES_MAX {
        return None;
    }
    let plain = |text: &str| -> String {
        let fits = |one: &char| one.is_ascii_alphanumeric() || "+-./_".contains(*one);
        text.chars().filter(fits).take(100).collect()
    };
    let (content_type, name) = (plain(file.content_type), plain(file.name));
    let mut message = format!(
        "Content-Type: {content_type}; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n"
    );
    STANDARD.encode_string(file.content, &mut message);
    message.push_str("\r\n");
    let by_ratio = file.content.len().saturating_mul(UNPACKED_RATIO_MAX);
    let unpacked_max = by_ratio.clamp(UNPACKED_BYTES_FREE, UNPACKED_BYTES_MAX);
    Some((message.into_bytes(), unpacked_max))
}

fn seconds(stamp: u64) -> i64 {
    i64::try_from(stamp).unwrap_or(i64::MAX)
}

/// Bounds a text; nothing of it may break a line.
fn short(text: &str) -> String {
    let plain = text
        .chars()
        .map(|one| if one.is_control() { ' ' } else { one });
    let text: String = plain.take(TEXT_CHARACTERS_MAX).collect();
    text.trim().to_owned()
}

/// Returns the word for a value of a closed set, in lower case.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word.to_lowercase(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const DMARC: &str = r#"<?xml version="1.0"?><feedback><report_metadata><org_name>Shop</org_name><email>d@shop.example</email><report_id>r-1</report_id><date_range><begin>1790000000</begin><end>1790086400</end></date_range></report_metadata><policy_published><domain>bots.example.org</domain><adkim>r</adkim><aspf>r</aspf><p>none</p><sp>none</sp><pct>100</pct></policy_published><record><row><source_ip>192.0.2.1</source_ip><count>7</count><policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>bots.example.org</header_from></identifiers><auth_results><dkim><domain>bots.example.org</domain><selector>ph1</selector><result>pass</result></dkim><spf><domain>bots.example.org</domain><result>softfail</result></spf></auth_results></record></feedback>"#;

    const TLS: &str = r#"{"organization-name":"Shop","date-range":{"start-datetime":"2026-09-21T00:00:00Z","end-datetime":"2026-09-21T23:59:59Z"},"contact-info":"t@shop.example","report-id":"t-1","policies":[{"policy":{"policy-type":"sts","policy-string":["version: STSv1"],"policy-domain":"bots.example.org","mx-host":["mx.bots.example.org"]},"summary":{"total-successful-session-count":12,"total-failure-session-count":3},"failure-details":[{"result-type":"certificate-expired","sending-mta-ip":"192.0.2.1","receiving-mx-hostname":"mx.bots.example.org","receiving-ip":"192.0.2.2","failed-session-count":3}]}]}"#;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn file<'a>(name: &'a str, content_type: &'a str, content: &'a [u8]) -> ReportFile<'a> {
        ReportFile {
            name,
            content_type,
            content,
        }
    }

    #[test]
    fn a_dmarc_report_is_read_plain_and_packed() {
        let packed = gzip(DMARC.as_bytes());
        let plain = dmarc(&file("r.xml", "application/xml", DMARC.as_bytes())).unwrap();
        assert_eq!(plain.domain, "bots.example.org");
        assert_eq!(
            (plain.begins_at, plain.ends_at),
            (1_790_000_000, 1_790_086_400)
        );
        assert_eq!(
            (plain.organization.as_str(), plain.report_id.as_str()),
            ("Shop", "r-1")
        );
        let row = &plain.document["records"][0];
        assert_eq!(row["source_ip"], "192.0.2.1");
        assert_eq!(
            (&row["count"], &row["dkim"], &row["spf"]),
            (&json!(7), &json!("pass"), &json!("fail"))
        );
        assert_eq!(row["spf_results"][0]["result"], "softfail");
        assert_eq!(plain.document["policy"]["p"], "none");
        assert_eq!(
            dmarc(&file("r.xml.gz", "application/gzip", &packed)),
            Some(plain)
        );
    }

    #[test]
    fn a_tls_report_is_read() {
        let packed = gzip(TLS.as_bytes());
        let reports = tls(&file("t.json.gz", "application/tlsrpt+gzip", &packed));
        let [report] = reports.as_slice() else {
            panic!("{reports:?}");
        };
        assert_eq!(report.domain, "bots.example.org");
        let policy = &report.document["policies"][0];
        assert_eq!(policy["type"], "sts");
        assert_eq!(policy["failed_sessions"], 3);
        assert_eq!(policy["failures"][0]["result"], "certificate-expired");
    }

    #[test]
    fn auth_08_bombs_are_not_unpacked_and_entities_not_expanded() {
        let bomb = gzip(&vec![b' '; 64 << 20]);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(dmarc(&file("r.xml.gz", "application/gzip", &bomb)), None);
        assert!(tls(&file("t.json.gz", "application/tlsrpt+gzip", &bomb)).is_empty());
        let laughs = DMARC.replace(
            "<feedback>",
            "<!DOCTYPE lolz [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><feedback>",
        );
        let laughs = laughs.replace("<org_name>Shop", "<org_name>&b;&b;&b;");
        let read = dmarc(&file("r.xml", "application/xml", laughs.as_bytes()));
        if let Some(read) = read {
            assert!(!read.organization.contains("ha"));
        }
        let many = ARCHIVE_ENTRY.repeat(ARCHIVE_ENTRIES_MAX + 1);
        assert_eq!(dmarc(&file("r.zip", "application/zip", &many)), None);
        let long = vec![b'x'; FILE_BYTES_MAX + 1];
        assert_eq!(dmarc(&file("r.xml", "application/xml", &long)), None);
    }

    proptest::proptest! {
        #[test]
        fn any_file_is_a_report_or_not(content in proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..300), kind in 0_usize..4) {
            let (name, content_type) = [("r.xml", "application/xml"), ("r.gz", "application/gzip"), ("r.zip", "application/zip"), ("t.json", "application/tlsrpt+json")][kind];
            let _ = dmarc(&file(name, content_type, &content));
            let _ = tls(&file(name, content_type, &content));
        }
    }
}
