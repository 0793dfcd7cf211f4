//! The OpenAPI 3.1 document of the API, put together from the route table and from what stands beside each handler.
//!
//! | module | what it is for |
//! |---|---|
//! | [`operation`] | what a route is for: parameters, body, answers, refusals |
//! | [`schema`] | objects and their members, in the words of the readers of bodies |
//! | [`parameter`] | parameters, in the words of the readers of queries |
//! | `failures` | the refusals that routes have in common, each once |
//! | `components` | the objects that have a name |
//! | `document` | the whole |
//! | `described` | holds handlers to their descriptions, in debug builds |
//!
//! The committed copy is `docs/openapi.json`, written by `cargo xtask docs`. A description cannot drift unseen: a test
//! wants one for every route, in debug builds the readers of parameters and fields panic over a name that is not in it,
//! and the tests of this crate hold every answer they get against the document.

pub mod operation;
pub mod parameter;
pub mod schema;

mod components;
mod described;
mod document;
mod failures;
mod get;

use std::sync::Arc;

pub(crate) use described::Described;
use document::SERVER;
pub use document::document;
#[cfg(test)]
pub(crate) use failures::is_described;
pub use operation::{Operation, envelope};
pub use parameter::Parameter;

use crate::routes::{Route, Scope, routes};

/// What makes the description of a route when somebody wants it.
pub type Describe = Arc<dyn Fn() -> Operation + Send + Sync>;

/// Returns the routes of this folder.
pub(crate) fn table() -> Vec<Route> {
    vec![
        Route::get("/v3/openapi.json", Scope::Server, get::get)
            .public()
            .described(get::operation),
    ]
}

/// Returns the document of the whole API as text, in the form in which it is committed.
#[must_use]
pub fn page() -> String {
    let document = document(&routes());
    let mut page = serde_json::to_string_pretty(&document).expect("JSON serialises");
    page.push('\n');
    page
}
