//! Messages that somebody has to approve before they go.
//!
//! A held message is kept as one that is to be sent later is, with the ids its copy will have. Approving it sends it the
//! whole way again, but for what asked for the approval; the decision is part of the transaction that stores the copy in
//! Sent, so that it is sent once whatever dies. A draft stays until its message was decided on, and a schedule stays
//! pending.
//!
//! | module | what it is for |
//! |---|---|
//! | `take` | a message is held |
//! | `approve`, `reject` | somebody decides, or nobody does in time |
//! | `list`, `view` | holds are shown |

mod approve;
mod list;
mod reject;
mod take;
mod view;

pub use list::{HoldFilter, HoldPage};
pub use view::{HOLD_STATUSES, HoldView};

use std::sync::atomic::Ordering;

use posthouse_store::tables::holds::{self, Hold, HoldState};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};
use serde::{Deserialize, Serialize};

use crate::actor::{Actor, Scope};
use crate::{Mailroom, Refusal};

/// Why a message waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HoldCause {
    /// Keys of the rules that ask for it.
    pub(crate) rules: Vec<i64>,
    /// In words: of the rules, and of what the guard found.
    pub(crate) reasons: Vec<String>,
}

impl HoldCause {
    fn read(json: &str) -> Result<Self, StoreError> {
        serde_json::from_str(json)
            .map_err(|error| StoreError::Fault(format!("the cause of a hold is damaged: {error}")))
    }
}

/// A hold that somebody approves, and what was promised when it was taken.
#[derive(Debug, Clone)]
pub(super) struct Approval {
    pub(super) id: Key,
    /// What the hold kept of the message.
    pub(super) blob: Key,
    /// Reserved for the copy in Sent.
    pub(super) message: Key,
    pub(super) thread: Key,
    /// Part of the Message-ID that was shown.
    pub(super) secret: String,
    /// Keys of the attachments that were shown, in their order.
    pub(super) attachments: Vec<Key>,
    /// The draft that goes, if it is still in this state.
    pub(super) draft: Option<(Key, i64)>,
    /// The schedule that is closed.
    pub(super) schedule: Option<Key>,
    /// What who approves has to say.
    pub(super) note: Option<String>,
}

impl Mailroom {
    /// Lets holds wait for so many seconds from now on, at least one.
    pub fn hold_for_seconds(&self, seconds: u32) {
        let seconds = i64::from(seconds.max(1));
        self.inner
            .outgate
            .hold_seconds
            .store(seconds, Ordering::Relaxed);
    }

    /// Returns a hold that an actor may see. What it may not see is not there.
    fn find_hold(&self, tx: &mut dyn Tx, actor: &Actor, id: Key) -> Result<Hold, Refusal> {
        let found = holds::find(tx, actor.application, id)?;
        let hold = found.ok_or(Refusal::NotFound)?;
        let account = posthouse_store::tables::grants::find(tx, actor.application, hold.grant)?;
        let account = account.ok_or(Refusal::NotFound)?;
        let is_within = match actor.scope {
            Scope::Application => true,
            Scope::Workspace(workspace) => account.workspace == workspace,
            Scope::Grant(grant) => hold.grant == grant,
        };
        is_within.then_some(hold).ok_or(Refusal::NotFound)
    }

    /// As [`Mailroom::find_hold`], for an actor who wants to decide: an account does not decide on its own mail.
    async fn hold_to_decide(&self, actor: &Actor, hold_id: &str) -> Result<Hold, Refusal> {
        let id = self.open_id(Kind::Hold, hold_id)?;
        let (mailroom, asking) = (self.clone(), actor.clone());
        let hold = self
            .store()
            .read(move |tx: &mut dyn Tx| mailroom.find_hold(tx, &asking, id))
            .await?;
        if matches!(actor.scope, Scope::Grant(_)) {
            return Err(Refusal::Forbidden {
                message: "a key of an account cannot decide on the account's held messages"
                    .to_owned(),
            });
        }
        match hold.state {
            HoldState::Pending => Ok(hold),
            state => Err(decided(state)),
        }
    }
}

/// Returns why a hold cannot be decided on again.
fn decided(state: HoldState) -> Refusal {
    let status = view::status(state);
    Refusal::Conflict {
        message: format!("the hold was decided on already: {status}"),
    }
}
