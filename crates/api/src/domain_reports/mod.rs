//! What receivers reported about registered domains, for operators.

mod list;
mod render;

use crate::routes::{Route, Scope};

pub(crate) use render::DOMAIN_REPORT;

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let path = "/v3/admin/domains/{domain_id}/reports";
    vec![
        Route::get(path, Scope::Organization, list::list)
            .described(list::operation)
            .admin(),
    ]
}
