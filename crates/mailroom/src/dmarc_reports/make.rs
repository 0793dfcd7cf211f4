//! What was counted becomes a report.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use posthouse_net::aggregate_reports::write::{DmarcReport, ReportRow};
use posthouse_net::authentication::dmarc::Published;

use super::count::hex;
use super::limits::DAY_SECONDS;
use super::sighting::Sighting;

/// Why something else became of mail than its domain asks for: its owner is still trying.
const TEST_MODE: &str = "policy_test_mode";

/// A day of a domain, ready to be told.
#[derive(Debug, Clone)]
pub(super) struct Day<'a> {
    pub(super) hostname: &'a str,
    pub(super) domain: &'a str,
    /// Days since 1970-01-01, UTC.
    pub(super) day: i64,
}

/// A report as it goes out.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) file_name: String,
    /// Compressed.
    pub(super) file: Vec<u8>,
}

impl Day<'_> {
    /// The same whoever makes the report, and whenever: receivers know a second one by it.
    fn unique(&self) -> String {
        hex(&format!("{}!{}!{}", self.hostname, self.domain, self.day))
    }

    /// Makes the report; `None` when there is nothing to tell.
    pub(super) fn report(&self, published: Published, seen: &[(String, i64)]) -> Option<Made> {
        let rows: Vec<ReportRow> = seen
            .iter()
            .filter_map(|(about, messages)| {
                let sighting = serde_json::from_str(about).ok()?;
                Some(row(sighting, *messages, &published))
            })
            .collect();
        if rows.is_empty() {
            return None;
        }
        let (hostname, domain, unique) = (self.hostname, self.domain, self.unique());
        let begins_at = self.day * DAY_SECONDS;
        let ends_at = begins_at + DAY_SECONDS - 1;
        let report_id = format!("{unique}@{hostname}");
        let xml = DmarcReport {
            organization: hostname,
            email: &format!("postmaster@{hostname}"),
            report_id: &report_id,
            begins_at,
            ends_at,
            policy_domain: domain,
            published,
            rows: &rows,
        }
        .to_xml();
        Some(Made {
            // RFC 9990 3.5.2: subject and file name have this form.
            subject: format!(
                "Report Domain: {domain} Submitter: {hostname} Report-ID: <{report_id}>"
            ),
            text: format!(
                "This is a DMARC aggregate report about {domain}, made by {hostname}.\n\
                 Its record in the DNS asks for it (rua). Nobody reads answers to this message.\n"
            ),
            file_name: format!("{hostname}!{domain}!{begins_at}!{ends_at}!{unique}.xml.gz"),
            file: gzip(xml.as_bytes())?,
        })
    }
}

fn row(sighting: Sighting, messages: i64, published: &Published) -> ReportRow {
    let override_reason = match sighting.reason.as_deref() {
        Some("trusted_forwarder") => Some("trusted_forwarder"),
        Some(_) => Some("local_policy"),
        None => {
            let is_softened = published.is_testing
                && !sighting.dkim_aligned
                && !sighting.spf_aligned
                && sighting.disposition != published.policy.word();
            is_softened.then_some(TEST_MODE)
        }
    };
    ReportRow {
        source_ip: sighting.source_ip,
        count: u64::try_from(messages).unwrap_or_default(),
        disposition: sighting.disposition,
        is_dkim_aligned: sighting.dkim_aligned,
        is_spf_aligned: sighting.spf_aligned,
        override_reason,
        header_from: sighting.header_from,
        envelope_from: sighting.envelope_from,
        dkim: sighting.dkim,
        spf: sighting.spf,
    }
}

fn gzip(content: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).ok()?;
    encoder.finish().ok()
}
