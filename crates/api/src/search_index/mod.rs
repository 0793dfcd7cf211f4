//! The full-text index, for operators.

mod get;
mod rebuild;
mod render;

use crate::body::BodyRule;
use crate::routes::{Route, Scope};

pub(crate) use render::SEARCH_INDEX;

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v3/admin/search-index", Scope::Organization, get::get)
            .admin()
            .described(get::operation),
        Route::post(
            "/v3/admin/search-index/rebuild",
            Scope::Organization,
            rebuild::rebuild,
        )
        .admin()
        .body(BodyRule::Ignored)
        .described(rebuild::operation),
    ]
}
