//! The full-text index: which messages hold which words, and how far it is.
//!
//! - [`documents`]: messages enter and leave the index
//! - [`mod@matches`]: searches read it, beside the messages
//! - [`mod@state`]: what is still to be indexed
//!
//! Filled from the change log. A search looks at messages that are there only, so that an index that is behind never
//! shows what is gone or somebody else's.

mod documents;
mod matches;
mod state;

pub use crate::engine::full_text::{Condition, Fields, READER, WordList, Words};
pub use documents::{Document, forget, forget_account, forget_some, index, is_indexed};
pub use matches::{Match, Stretch, among, newest, ranked};
pub use state::{
    Standing, State, begin, complete_account, count_messages, mark_complete, not_indexed,
    of_backlog, shorten, standing, state,
};
