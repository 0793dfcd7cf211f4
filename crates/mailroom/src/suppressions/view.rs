//! Suppressions as they are shown.

use posthouse_store::tables::suppressions::{Suppression, SuppressionReason};
use posthouse_types::ids::Kind;

use crate::{Mailroom, Refusal};

/// Every reason, as it is shown.
pub const REASONS: [&str; 4] = ["hard_bounce", "complaint", "unsubscribe", "manual"];

/// An address that nothing is sent to, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppressionView {
    /// Public id.
    pub id: String,
    /// The address, lower case.
    pub address: String,
    /// One of [`REASONS`].
    pub reason: &'static str,
    /// Public id of the workspace whose mail it is kept from; `None`: the whole application's.
    pub workspace_id: Option<String>,
    /// Public id of the message that taught it.
    pub source_message_id: Option<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds from which it has no effect.
    pub expires_at: Option<i64>,
}

impl Mailroom {
    pub(super) fn view_suppression(&self, row: &Suppression) -> SuppressionView {
        SuppressionView {
            id: self.public_id(Kind::Suppression, row.id),
            address: row.address.clone(),
            reason: name_of(row.reason),
            workspace_id: row
                .workspace
                .map(|workspace| self.public_id(Kind::Workspace, workspace)),
            source_message_id: row
                .source_message
                .map(|message| self.public_id(Kind::Message, message)),
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}

/// Returns the name of a reason.
pub(super) fn name_of(reason: SuppressionReason) -> &'static str {
    match reason {
        SuppressionReason::HardBounce => "hard_bounce",
        SuppressionReason::Complaint => "complaint",
        SuppressionReason::Unsubscribe => "unsubscribe",
        SuppressionReason::Manual => "manual",
    }
}

/// Reads the name of a reason.
pub(super) fn reason_of(name: &str) -> Result<SuppressionReason, Refusal> {
    let found = SuppressionReason::ALL
        .into_iter()
        .find(|reason| name_of(*reason) == name);
    found.ok_or_else(|| {
        let message = format!("reason: expected one of {}", REASONS.join(", "));
        Refusal::invalid("reason", message)
    })
}
