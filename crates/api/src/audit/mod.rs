//! What was decided, by whom and why, for operators.

mod list;
mod render;

pub(crate) use render::AUDIT_ENTRY;

use crate::routes::{Route, Scope};

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v3/admin/audit", Scope::Application, list::list)
            .admin()
            .described(list::operation),
    ]
}
