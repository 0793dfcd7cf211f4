//! Senders that are paused for what became of their mail, for operators.

mod delete;
mod list;
mod render;

use crate::routes::{Route, Scope};

pub(crate) use render::PAUSE;

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v3/admin/pauses", Scope::Application, list::list)
            .admin()
            .described(list::operation),
        Route::delete(
            "/v3/admin/pauses/{pause_id}",
            Scope::Application,
            delete::delete,
        )
        .admin()
        .described(delete::operation),
    ]
}
