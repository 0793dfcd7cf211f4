//! Grants: the accounts of an application.

pub(crate) mod aliases;
mod delete;
mod get;
mod list;
mod resume;
pub(crate) mod schema;
mod suspend;
mod update;

use posthouse_mailroom::provision::AccountView;
use serde_json::{Value, json};

use crate::body::BodyRule;
use crate::routes::{Route, Scope};

pub(crate) use schema::GRANT;

const COLLECTION: &str = "/v3/grants";
const ONE: &str = "/v3/grants/{grant_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = vec![
        Route::get(COLLECTION, Scope::Application, list::list).described(list::operation),
        Route::get(ONE, Scope::Grant, get::get).described(get::operation),
        Route::delete(ONE, Scope::Grant, delete::delete).described(delete::operation),
    ];
    table.push(
        Route::post(
            "/v3/grants/{grant_id}/suspend",
            Scope::Grant,
            suspend::suspend,
        )
        .described(suspend::operation),
    );
    table.push(
        Route::post("/v3/grants/{grant_id}/resume", Scope::Grant, resume::resume)
            .body(BodyRule::Ignored)
            .described(resume::operation),
    );
    table.extend(aliases::routes());
    let update = Route::update(ONE, Scope::Grant, update::update);
    table.extend(update.map(|route| route.described(update::operation)));
    table
}

/// Returns an account as JSON.
pub(crate) fn render(view: &AccountView) -> Value {
    json!({
        "id": view.id,
        "provider": "nylas",
        "grant_status": view.status.name(),
        "email": view.email,
        "name": view.name,
        "scope": [],
        "settings": { "plus_addressing": view.plus_addressing },
        "blocked": view.blocked,
        "suspended_reason": view.suspended_reason,
        "workspace_id": view.workspace_id,
        "protocol_access": view.protocol_access,
        "storage_used": view.storage_used,
        "last_activity_at": view.last_activity_at,
        "created_at": view.created_at,
        "updated_at": view.updated_at,
    })
}
