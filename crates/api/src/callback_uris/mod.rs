//! Callback URIs. The SDKs call them `redirect-uris`, the command line `callback-uris`: both paths, the same rows.

mod create;
mod delete;
mod get;
mod list;
mod update;

use posthouse_mailroom::applications::{CallbackUriView, NewCallbackUri};
use serde_json::{Value, json};

use crate::body::Fields;
use crate::error::ApiError;
use crate::routes::{Route, Scope};

const PATHS: [(&str, &str); 2] = [
    (
        "/v3/applications/redirect-uris",
        "/v3/applications/redirect-uris/{callback_uri_id}",
    ),
    (
        "/v3/applications/callback-uris",
        "/v3/applications/callback-uris/{callback_uri_id}",
    ),
];

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let mut table = Vec::new();
    for (collection, one) in PATHS {
        table.push(Route::get(collection, Scope::Application, list::list));
        table.push(Route::post(collection, Scope::Application, create::create));
        table.push(Route::get(one, Scope::Application, get::get));
        table.push(Route::delete(one, Scope::Application, delete::delete));
        table.extend(Route::update(one, Scope::Application, update::update));
    }
    table
}

/// Returns a callback URI as JSON.
pub(crate) fn render(view: &CallbackUriView) -> Value {
    let mut object = json!({ "id": view.id, "url": view.url, "platform": view.platform });
    if let Some(settings) = &view.settings {
        object["settings"] = Value::Object(settings.clone());
    }
    object
}

/// Reads a callback URI from a body. An `id` may come back with it and is not needed.
pub(crate) fn read(body: &mut Fields<'_>) -> Result<NewCallbackUri, ApiError> {
    body.ignore(&["id"]);
    Ok(NewCallbackUri {
        url: body.required("url")?,
        platform: body.optional("platform")?,
        settings: body.optional("settings")?,
    })
}
