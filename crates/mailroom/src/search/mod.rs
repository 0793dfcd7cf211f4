//! Full-text search: mail is indexed from the change log and found by words.
//!
//! - [`words`]: how text is split and folded, the same for mail and for queries
//! - [`query`]: the grammar of a search
//! - [`index`]: the reader of the change log that fills the index
//!
//! What is in the index, and how each engine keeps it, is the store's (`tables/search.rs`).

mod begin;
mod document;
mod find;
pub mod index;
pub mod limits;
mod list;
pub mod query;
pub mod words;

pub(crate) use find::{Walk, open_cursor, seal_cursor};
pub use index::{Indexed, SearchIndex};
pub use query::{QueryError, SearchQuery};
