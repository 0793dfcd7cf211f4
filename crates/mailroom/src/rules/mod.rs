//! Rules: what becomes of messages, as operators write it down. A rule acts only where a workspace lists it.
//!
//! | module | what it is for |
//! |---|---|
//! | `create`, `find`, `update`, `delete` | rules |
//! | `check` | that the lists a rule names are there |
//! | `dry_run`, `trial_message`, `trial_source` | rules are tried on a message, without an effect |
//! | `view` | how a rule is shown |

mod check;
mod create;
mod delete;
mod dry_run;
mod find;
mod trial_message;
mod trial_source;
mod update;
mod view;

pub use dry_run::{DryRun, Subject, Tried};
pub use find::RulePage;
pub use trial_message::TrialMessage;
pub use view::RuleView;

pub(crate) use find::rules_of_workspace;

pub use posthouse_rules::limits::{
    ACTIONS_MAX, CONDITIONS_MAX, DESCRIPTION_CHARACTERS_MAX, PRIORITY_MAX,
};
pub use posthouse_rules::rule::WRITABLE;

/// Which way messages go that a rule looks at.
pub const TRIGGERS: [&str; 2] = ["inbound", "outbound"];

/// What becomes of a message that rules were tried on.
pub const OUTCOMES: [&str; 3] = ["deliver", "block", "hold"];

/// What rules compare with, as it is named.
pub const OPERATORS: [&str; 7] = [
    "is",
    "is_not",
    "contains",
    "in_list",
    "not_in_list",
    "gte",
    "lte",
];

/// What rules do, as it is named.
pub const ACTION_TYPES: [&str; 9] = [
    "block",
    "mark_as_spam",
    "assign_to_folder",
    "move_to_folder",
    "archive",
    "trash",
    "mark_as_read",
    "mark_as_starred",
    "hold",
];
