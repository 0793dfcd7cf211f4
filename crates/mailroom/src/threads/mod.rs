//! Threads: conversations as one object each, made of their messages when they are asked for.
//!
//! A thread has no row of its own. Its newest message says where it stands in listings, and what its object shows is
//! computed from all of its messages, whichever folder they are in. Its drafts are shown beside them; as long as one is
//! left the thread can be got, even when its messages are gone.

mod delete;
mod drafts;
mod get;
mod list;
mod object;
mod query;
mod search;
mod update;

pub use query::ThreadQuery;
pub use update::ThreadUpdate;
