//! A report about a domain as the API shows it.

use posthouse_mailroom::reports::DomainReportView;
use serde_json::{Value, json};

use crate::openapi::schema::{Component, Schema, any, integer, map, object, text, time, uuid};

/// What a report about a domain is answered as.
pub(crate) const DOMAIN_REPORT: Component = Component::new("DomainReport", domain_report);

fn domain_report() -> Schema {
    object([
        ("id", uuid()),
        ("domain_address", text()),
        (
            "organization",
            text().about("Who made it, by its own word: nobody vouches for it."),
        ),
        ("report_id", text()),
        ("begins_at", integer().about("Unix seconds.")),
        ("ends_at", integer().about("Unix seconds.")),
        ("received_at", time()),
        (
            "report",
            map(any()).about("DMARC: `policy` and `records`. TLS: `policies`."),
        ),
    ])
}

/// Renders a report.
pub(super) fn render(view: DomainReportView) -> Value {
    json!({
        "id": view.id,
        "domain_address": view.domain_address,
        "organization": view.organization,
        "report_id": view.report_id,
        "begins_at": view.begins_at,
        "ends_at": view.ends_at,
        "received_at": view.received_at,
        "report": view.document,
    })
}
