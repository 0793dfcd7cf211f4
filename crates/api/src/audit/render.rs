//! An entry of the audit log as the API shows it.

use posthouse_mailroom::audit::AuditView;
use serde_json::{Value, json};

use crate::openapi::schema::{Component, Schema, list, object, text, time, uuid};

/// What an entry is answered as.
pub(crate) const AUDIT_ENTRY: Component = Component::new("AuditEntry", entry);

fn entry() -> Schema {
    object([
        ("id", uuid()),
        ("at", time()),
        (
            "actor",
            text().about(
                "An API key's id, `service_account:` with an id, `smtp:` with the network of a peer, or `system`.",
            ),
        ),
        ("action", text().about("`message.send`, `policy.update` and the like.")),
        (
            "object",
            object([("type", text()), ("id", text())]).nullable(),
        ),
        ("grant_id", uuid().nullable()),
        (
            "recipients",
            list(text()).about("Everybody a message was for, Bcc included."),
        ),
        ("policy_id", uuid().nullable()),
        ("rule_ids", list(uuid())),
        (
            "outcome",
            text().about("`done`, `blocked`, `held`, `junked`, `rejected`, `dropped`, `warned` or `failed`."),
        ),
        ("reason", text().nullable()),
        ("request_id", text().nullable()),
    ])
}

/// Renders an entry.
pub(super) fn render(view: &AuditView) -> Value {
    let object = view
        .object
        .as_ref()
        .map(|(kind, id)| json!({ "type": kind, "id": id }));
    json!({
        "id": view.id,
        "at": view.at,
        "actor": view.actor,
        "action": view.action,
        "object": object,
        "grant_id": view.grant_id,
        "recipients": view.recipients,
        "policy_id": view.policy_id,
        "rule_ids": view.rule_ids,
        "outcome": view.outcome,
        "reason": view.reason,
        "request_id": view.request_id,
    })
}
