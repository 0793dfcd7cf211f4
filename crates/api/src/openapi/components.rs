//! Every object that has a name in the document.

use super::schema::Component;
use crate::messages::schema as messages;

/// In the order of the document.
pub(super) const COMPONENTS: &[Component] = &[
    crate::applications::APPLICATION,
    crate::callback_uris::CALLBACK_URI,
    crate::api_keys::API_KEY,
    crate::connectors::CONNECTOR,
    crate::grants::GRANT,
    crate::workspaces::WORKSPACE,
    crate::policies::POLICY,
    crate::rules::RULE,
    crate::lists::LIST,
    crate::lists::LIST_ITEM,
    crate::rule_evaluations::RULE_EVALUATION,
    crate::domains::DOMAIN,
    crate::domains::VERIFICATION,
    crate::grants::aliases::ALIAS,
    messages::MESSAGE,
    messages::RAW_MESSAGE,
    messages::MAILBOX,
    messages::ATTACHMENT,
    messages::EXTRACTED,
    messages::SECURITY,
    crate::drafts::DRAFT,
    crate::messages::SCHEDULE,
    crate::threads::THREAD,
    crate::queue::QUEUED_MAIL,
    crate::suppressions::SUPPRESSION,
    crate::domain_reports::DOMAIN_REPORT,
    crate::pauses::PAUSE,
    crate::holds::HOLD,
    crate::audit::AUDIT_ENTRY,
    crate::search_index::SEARCH_INDEX,
    crate::folders::FOLDER,
    crate::webhooks::WEBHOOK,
    crate::contacts::CONTACT,
];
