//! Drafts: what an account has begun to write, and sends when it is finished.
//!
//! A draft is kept in its parts and not as a message (ADR 0008): its fields and its body in a row, each file as a blob.
//! What it has is checked as sending would check it; what it lacks it may get later. Everything that happens to a draft
//! is one transaction under the account's lock in which its rows, the counters of its folder and the change log stay in
//! step.
//!
//! | module | what it is for |
//! |---|---|
//! | `change` | what a door says about a draft |
//! | `fields` | what a row keeps of it |
//! | `files` | what goes along: kept durably before the transaction |
//! | `state`, `write` | a draft with all that belongs to it, and the transaction of everything that makes or changes one |
//! | `create`, `update`, `delete`, `get`, `list`, `send` | the use cases |
//! | `object` | the JSON that the API and webhooks show |

mod change;
mod create;
mod delete;
mod fields;
mod files;
mod get;
mod list;
mod object;
mod send;
mod state;
mod update;
mod write;

pub use change::DraftChange;
pub use send::SentDraft;

pub(crate) use delete::remove;
pub(crate) use object::{load, shown_file};

/// Drafts that belong to one thread at most: every thread shows all of its own.
pub const DRAFTS_PER_THREAD_MAX: i64 = 1_000;
