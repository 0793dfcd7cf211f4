//! Connectors: every application has the one of the provider `nylas`.

mod create;
mod delete;
mod get;
mod list;
mod schema;
mod update;

use posthouse_mailroom::connectors::{ConnectorChanges, ConnectorView};
use serde_json::{Map, Value, json};

use crate::body::{Change, Fields};
use crate::error::ApiError;
use crate::routes::{Route, Scope};

pub(crate) use schema::CONNECTOR;

const COLLECTION: &str = "/v3/connectors";
const ONE: &str = "/v3/connectors/{provider}";

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = vec![
        Route::get(COLLECTION, Scope::Application, list::list).described(list::operation),
        Route::post(COLLECTION, Scope::Application, create::create).described(create::operation),
        Route::get(ONE, Scope::Application, get::get).described(get::operation),
        Route::delete(ONE, Scope::Application, delete::delete).described(delete::operation),
    ];
    let update = Route::update(ONE, Scope::Application, update::update);
    table.extend(update.map(|route| route.described(update::operation)));
    table
}

/// Returns a connector as JSON.
fn render(view: &ConnectorView) -> Value {
    json!({ "provider": view.provider, "name": view.name, "settings": view.settings, "scope": [] })
}

/// Reads what a body says about name and settings. Scopes mean nothing to this provider.
fn read(body: &mut Fields<'_>) -> Result<ConnectorChanges, ApiError> {
    body.ignore(&["scope"]);
    Ok(ConnectorChanges {
        name: body.optional("name")?,
        settings: match body.change("settings")? {
            Change::Keep => None,
            Change::Clear => Some(Map::new()),
            Change::Set(settings) => Some(settings),
        },
    })
}
