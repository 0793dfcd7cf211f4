//! `posthouse domain reports`.

use serde_json::Value;

use super::place;
use crate::cli::ReportType;
use crate::client::{Api, Failure};
use crate::output::{Screen, field, moment, table};

/// Lists what receivers reported about a domain, newest first.
///
/// # Errors
/// Not found, or whatever the server said.
pub async fn list(
    domain: &str,
    kind: ReportType,
    limit: u32,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let path = format!(
        "{}/reports?type={}&limit={limit}",
        place(domain),
        kind.word()
    );
    let answer = api.get(&path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("No reports yet. They come once a day from receivers that make them.");
        return Ok(());
    }
    let rows = answer
        .rows()
        .iter()
        .map(|report| {
            let (good, bad) = match kind {
                ReportType::Dmarc => dmarc(&report["report"]),
                ReportType::Tls => tls(&report["report"]),
            };
            vec![
                field(report, "organization"),
                moment(&report["begins_at"]),
                moment(&report["ends_at"]),
                good.to_string(),
                bad.to_string(),
            ]
        })
        .collect();
    let headers = ["FROM", "BEGINS", "ENDS", "PASSED", "FAILED"];
    screen.text(&table(screen, &headers, rows));
    if answer.body["next_cursor"].is_string() {
        screen.text(&format!(
            "\nThere are more: add --limit (up to 200). This was {limit}."
        ));
    }
    Ok(())
}

/// Returns how many messages passed DMARC, and how many did not.
fn dmarc(report: &Value) -> (u64, u64) {
    let records = report["records"].as_array().map_or(&[][..], Vec::as_slice);
    let passes = |record: &Value| record["dkim"] == "pass" || record["spf"] == "pass";
    count(records.iter(), "count", passes)
}

fn count<'a>(
    rows: impl Iterator<Item = &'a Value>,
    name: &str,
    is_good: impl Fn(&Value) -> bool,
) -> (u64, u64) {
    rows.fold((0, 0), |(good, bad), row| {
        let number = row[name].as_u64().unwrap_or_default();
        match is_good(row) {
            true => (good + number, bad),
            false => (good, bad + number),
        }
    })
}

/// Returns how many sessions were as secure as they should be, and how many were not.
fn tls(report: &Value) -> (u64, u64) {
    let policies = report["policies"].as_array().map_or(&[][..], Vec::as_slice);
    let sum = |name: &str| {
        policies
            .iter()
            .map(|policy| policy[name].as_u64().unwrap_or_default())
            .sum()
    };
    (sum("successful_sessions"), sum("failed_sessions"))
}
