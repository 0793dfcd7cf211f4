//! Full-text search: mail is indexed from the change log and found by words.
//!
//! - [`words`]: how text is split and folded, the same for mail and for queries
//! - [`query`]: the grammar of a search
//! - [`index`]: the reader of the change log that fills the index; [`pace`]: when it does
//! - [`rebuild`]: everything is indexed anew, on demand
//!
//! What is in the index, and how each engine keeps it, is the store's (`tables/search/`).

mod catch_up;
mod document;
mod find;
pub mod index;
pub mod limits;
mod list;
mod matches;
mod pace;
pub mod query;
pub mod rebuild;
pub mod words;

pub(crate) use find::{Walk, open_cursor, seal_cursor};
pub use index::{Indexed, SearchIndex};
pub(crate) use matches::matches;
pub use pace::Pace;
pub use query::{QueryError, SearchQuery};
pub use rebuild::IndexReport;
