//! A hold as it is shown.

use posthouse_store::StoreError;
use posthouse_store::tables::holds::{Hold, HoldState};
use posthouse_types::ids::{Key, Kind};

use super::HoldCause;
use crate::Mailroom;

/// What may have become of a hold.
pub const HOLD_STATUSES: [&str; 4] = ["pending", "approved", "rejected", "expired"];

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldView {
    /// Public id.
    pub id: String,
    /// Public id of the account that sends.
    pub grant_id: String,
    /// Public ids of the rules that ask for approval.
    pub rule_ids: Vec<String>,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// One of [`HOLD_STATUSES`].
    pub status: &'static str,
    /// What who decided had to say.
    pub note: Option<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub expires_at: i64,
    /// Unix seconds; `None` while it is pending.
    pub decided_at: Option<i64>,
    /// The message object as JSON; its body only where one hold is asked for.
    pub message: Vec<u8>,
}

impl Mailroom {
    /// Returns a hold as it is shown, without the message's body.
    pub(super) fn view_hold(&self, hold: &Hold) -> Result<HoldView, StoreError> {
        let cause = HoldCause::read(&hold.why)?;
        let rules = cause.rules.iter();
        Ok(HoldView {
            id: self.public_id(Kind::Hold, hold.id),
            grant_id: self.public_id(Kind::Grant, hold.grant),
            rule_ids: rules
                .map(|rule| self.public_id(Kind::Rule, Key(*rule)))
                .collect(),
            reasons: cause.reasons,
            status: status(hold.state),
            note: hold.note.clone(),
            created_at: hold.created_at,
            expires_at: hold.expires_at,
            decided_at: hold.decided_at,
            message: shown_object(hold),
        })
    }
}

/// Returns the message object that a hold shows, without its body.
fn shown_object(hold: &Hold) -> Vec<u8> {
    hold.shown.clone().into_bytes()
}

pub(super) fn status(state: HoldState) -> &'static str {
    match state {
        HoldState::Pending => "pending",
        HoldState::Approved => "approved",
        HoldState::Rejected => "rejected",
        HoldState::Expired => "expired",
    }
}
