//! Policies: what the accounts of a workspace may send, receive and keep.
//!
//! | module | what it is for |
//! |---|---|
//! | `create`, `find`, `update`, `delete` | keeping them |
//! | `view` | how one is shown |
//! | `plan` | what the operator caps for everybody |
//! | `equip` | folders that a policy makes in accounts |
//! | `in_force` | what holds for an account, and what it has used up |
//! | `retain` | messages go when their time is up |
//!
//! What a policy may say is decided in [`posthouse_rules::policy`]; where its limits are enforced is `govern`.

mod create;
mod delete;
mod equip;
mod find;
mod in_force;
mod plan;
mod retain;
mod update;
mod view;

pub use find::PolicyPage;
pub use posthouse_rules::policy::document::{ADDITIONAL_FOLDERS_MAX, ALLOWED_TYPES_MAX};
pub use posthouse_rules::policy::guard::{GUARD_ACTIONS, PATTERNS_MAX as GUARD_PATTERNS_MAX};
pub use posthouse_rules::policy::{Cap, Plan};
pub use view::PolicyView;

pub(crate) use equip::reference;
pub(crate) use plan::ChosenPlan;
pub(crate) use retain::Walk;

use posthouse_rules::policy::Fault;

use crate::Refusal;

/// A policy that is kept, and what was not understood of what was said.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptPolicy {
    /// The policy.
    pub policy: PolicyView,
    /// Paths of members that are not known.
    pub unknown: Vec<String>,
}

fn refused(fault: Fault) -> Refusal {
    match fault {
        Fault::Invalid { field, message } => Refusal::Invalid {
            field: (!field.is_empty()).then_some(field),
            message,
            fix: None,
        },
        Fault::OverPlan { message } => Refusal::PlanCap { message },
    }
}
