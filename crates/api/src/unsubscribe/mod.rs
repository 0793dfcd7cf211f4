//! Links by which recipients want no more mail: followed by their mail programs (RFC 8058), or by themselves.

mod ask;
mod confirm;

use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::reply::Reply;
use crate::routes::{Route, Scope};

const PATH: &str = "/unsubscribe/{token}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get(PATH, Scope::Server, ask::ask)
            .public()
            .described(ask::operation),
        Route::post(PATH, Scope::Server, confirm::confirm)
            .public()
            .described(confirm::operation),
    ]
}

/// Answers a page for people that holds nothing from outside.
fn page(text: &'static str) -> Reply {
    Reply::text(text)
        .header(
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        )
        .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}
