//! The outgoing queue, for operators.

mod delete;
mod get;
mod hold;
mod list;
mod render;
mod retry;

use crate::body::BodyRule;
use crate::routes::{Route, Scope};

pub(crate) use render::QUEUED_MAIL;

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    const ONE: &str = "/v3/admin/queue/{queue_id}";
    vec![
        Route::get("/v3/admin/queue", Scope::Application, list::list)
            .admin()
            .described(list::operation),
        Route::get(ONE, Scope::Application, get::get)
            .admin()
            .described(get::operation),
        Route::post(
            "/v3/admin/queue/{queue_id}/retry",
            Scope::Application,
            retry::retry,
        )
        .admin()
        .body(BodyRule::Ignored)
        .described(retry::operation),
        Route::post(
            "/v3/admin/queue/{queue_id}/hold",
            Scope::Application,
            hold::hold,
        )
        .admin()
        .body(BodyRule::Ignored)
        .described(hold::operation),
        Route::delete(ONE, Scope::Application, delete::delete)
            .admin()
            .described(delete::operation),
    ]
}
