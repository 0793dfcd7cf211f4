//! The search index as the API shows it.

use posthouse_mailroom::search::IndexReport;
use serde_json::{Value, json};

use crate::openapi::schema::{Component, Schema, count, object, one_of};

/// What the search index is answered as.
pub(crate) const SEARCH_INDEX: Component = Component::new("SearchIndex", search_index);

fn search_index() -> Schema {
    object([
        (
            "status",
            one_of(&["ready", "building", "rebuilding"])
                .about("`building` for the first time, `rebuilding` while it serves."),
        ),
        (
            "indexed",
            count().about("Messages of those that were there when it began that are indexed."),
        ),
        (
            "total",
            count().about("Messages that were there when it began; 0 before they are counted."),
        ),
    ])
}

/// Renders how far it is.
pub(super) fn render(report: &IndexReport) -> Value {
    json!({
        "status": report.status,
        "indexed": report.indexed,
        "total": report.total,
    })
}
