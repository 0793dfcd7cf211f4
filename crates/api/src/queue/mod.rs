//! The outgoing queue, for operators.

mod get;
mod list;
mod render;

use crate::routes::{Route, Scope};

pub(crate) use render::QUEUED_MAIL;

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v3/admin/queue", Scope::Application, list::list)
            .admin()
            .described(list::operation),
        Route::get("/v3/admin/queue/{queue_id}", Scope::Application, get::get)
            .admin()
            .described(get::operation),
    ]
}
