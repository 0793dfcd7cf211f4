//! An evaluation as the document shows it, and as it is answered.

use posthouse_mailroom::rule_evaluations::{EvaluationView, STAGES};
use serde_json::{Value, json};

use crate::openapi::schema::{
    Component, Schema, constant, count, list, object, one_of, replacement, text, time, uuid,
};

/// What an evaluation is answered as.
pub(crate) const RULE_EVALUATION: Component = Component::new("RuleEvaluation", evaluation);

fn evaluation() -> Schema {
    let texts = || list(text());
    let done = |name| replacement(name, constant(true));
    let input = object([
        ("from_address", text().nullable()),
        ("from_domain", text().nullable()),
        ("from_tld", text().nullable()),
        ("recipient_addresses", texts()),
        ("recipient_domains", texts()),
        ("recipient_tlds", texts()),
        ("outbound_type", one_of(&["compose", "reply"]).nullable()),
    ]);
    let applied = object([
        done("blocked"),
        done("blocked_by_evaluation_error"),
        done("held"),
        done("marked_as_spam"),
        done("marked_as_read"),
        done("marked_starred"),
        done("archived"),
        done("trashed"),
        done("attachments_dropped"),
        replacement("folder_ids", list(uuid())),
    ]);
    let dropped = object([
        ("filename", text()),
        ("content_type", text()),
        ("size", count()),
        ("reason", text()),
    ]);
    object([
        ("id", uuid()),
        ("grant_id", uuid()),
        (
            "message_id",
            uuid()
                .nullable()
                .about("`null` where nothing was stored: at RCPT, blocks and holds."),
        ),
        ("evaluated_at", time()),
        ("evaluation_stage", one_of(&STAGES)),
        ("evaluation_input", input),
        (
            "applied_actions",
            applied.about("What was done; what was not is left out."),
        ),
        ("matched_rule_ids", list(text())),
        replacement("dropped_attachments", list(dropped)),
        ("application_id", uuid()),
        ("organization_id", uuid()),
        ("created_at", time()),
        ("updated_at", time()),
    ])
}

/// Renders an evaluation.
pub(super) fn render(view: &EvaluationView) -> Value {
    let mut shown = json!({
        "id": view.id,
        "grant_id": view.grant_id,
        "message_id": view.message_id,
        "evaluated_at": view.evaluated_at,
        "evaluation_stage": view.stage,
        "application_id": view.application_id,
        "organization_id": view.organization_id,
        "created_at": view.evaluated_at,
        "updated_at": view.evaluated_at,
    });
    if let Value::Object(members) = &mut shown {
        members.extend(view.members.clone());
    }
    shown
}
