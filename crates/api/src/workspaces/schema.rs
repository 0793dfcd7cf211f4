//! The workspace as the document shows it.

use posthouse_mailroom::limits::{NAME_CHARACTERS_MAX, WORKSPACE_RULES_MAX};

use crate::openapi::schema::{
    Component, Member, Schema, flag, list, object, optional, text, time, uuid,
};

/// What a workspace is answered as.
pub(crate) const WORKSPACE: Component = Component::new("Workspace", workspace);

fn workspace() -> Schema {
    object([
        ("workspace_id", uuid()),
        ("application_id", uuid()),
        ("name", text()),
        (
            "domain",
            text()
                .nullable()
                .about("The domain whose accounts it is for."),
        ),
        (
            "auto_group",
            flag().about("New accounts of the domain go here."),
        ),
        (
            "default",
            flag().about("The one that the application cannot be without."),
        ),
        ("policy_id", uuid().nullable()),
        ("rule_ids", list(uuid())),
        ("created_at", time()),
        ("updated_at", time()),
    ])
}

/// A name for people.
pub(super) fn name() -> Schema {
    text().at_least(1).at_most(NAME_CHARACTERS_MAX)
}

/// Policy and rules; `null` detaches.
pub(super) fn governance() -> [Member; 2] {
    [
        optional("policy_id", text().at_least(1)),
        optional("rule_ids", list(text()).at_most(WORKSPACE_RULES_MAX)),
    ]
}
