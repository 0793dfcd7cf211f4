//! Further addresses of accounts.

mod create;
mod delete;
mod list;

use posthouse_mailroom::provision::AliasView;
use serde_json::{Value, json};

use crate::openapi::schema::{Component, Schema, email, object, time};
use crate::routes::{Route, Scope};

/// What a further address is answered as.
pub(crate) const ALIAS: Component = Component::new("Alias", alias);

const COLLECTION: &str = "/v3/grants/{grant_id}/aliases";
const ONE: &str = "/v3/grants/{grant_id}/aliases/{address}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get(COLLECTION, Scope::Grant, list::list).described(list::operation),
        Route::post(COLLECTION, Scope::Grant, create::create).described(create::operation),
        Route::delete(ONE, Scope::Grant, delete::delete).described(delete::operation),
    ]
}

fn alias() -> Schema {
    object([("address", email()), ("created_at", time())])
}

/// Returns a further address as JSON.
fn render(alias: &AliasView) -> Value {
    json!({ "address": alias.address, "created_at": alias.created_at })
}
