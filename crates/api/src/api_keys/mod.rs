//! API keys, for operators.

mod create;
mod delete;
mod get;
mod list;
mod schema;

use posthouse_mailroom::api_keys::ApiKeyView;
use serde_json::{Value, json};

use crate::routes::{Route, Scope};

pub(crate) use schema::API_KEY;

const COLLECTION: &str = "/v3/admin/applications/{application_id}/api-keys";
const ONE: &str = "/v3/admin/applications/{application_id}/api-keys/{api_key_id}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get(COLLECTION, Scope::Organization, list::list)
            .described(list::operation)
            .admin(),
        Route::post(COLLECTION, Scope::Organization, create::create)
            .described(create::operation)
            .admin(),
        Route::get(ONE, Scope::Organization, get::get)
            .described(get::operation)
            .admin(),
        Route::delete(ONE, Scope::Organization, delete::delete)
            .described(delete::operation)
            .admin(),
    ]
}

/// Returns an API key as JSON, without the key itself.
fn render(view: &ApiKeyView) -> Value {
    json!({
        "id": view.id,
        "name": view.name,
        "application_id": view.application_id,
        "permissions": view.permissions,
        "status": view.status.name(),
        "scope": { "type": view.scope.kind, "id": view.scope.id },
        "read_only": view.read_only,
        "prefix": view.prefix,
        "created_at": view.created_at,
        "updated_at": view.updated_at,
        "expires_at": view.expires_at,
        "last_used_at": view.last_used_at,
    })
}
