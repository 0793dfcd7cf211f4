//! Callback URIs. The SDKs call them `redirect-uris`, the command line `callback-uris`: both paths, the same rows.

mod create;
mod delete;
mod get;
mod list;
mod schema;
mod update;

use posthouse_mailroom::applications::{CallbackUriView, NewCallbackUri};
use serde_json::{Map, Value, json};

use crate::body::Fields;
use crate::error::ApiError;
use crate::routes::{Route, Scope};

pub(crate) use schema::{CALLBACK_URI, body};

/// The paths of a collection and of one object, and the word for them in the ids of operations.
const PATHS: [(&str, &str, &str); 2] = [
    (
        "/v3/applications/redirect-uris",
        "/v3/applications/redirect-uris/{callback_uri_id}",
        "RedirectUri",
    ),
    (
        "/v3/applications/callback-uris",
        "/v3/applications/callback-uris/{callback_uri_id}",
        "CallbackUri",
    ),
];

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let application = Scope::Application;
    let mut table = Vec::new();
    for (collection, one, word) in PATHS {
        table.extend([
            Route::get(collection, application, list::list)
                .described(move || list::operation(word)),
            Route::post(collection, application, create::create)
                .described(move || create::operation(word)),
            Route::get(one, application, get::get).described(move || get::operation(word)),
            Route::delete(one, application, delete::delete)
                .described(move || delete::operation(word)),
        ]);
        let update = Route::update(one, application, update::update);
        table.extend(update.map(|route| route.described(move || update::operation(word))));
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
        settings: body.optional("settings")?.map(own_names),
    })
}

/// Gives settings the names that they are answered with: the Node SDK writes a digit in a name as `sha_1`.
pub(crate) fn own_names(settings: Map<String, Value>) -> Map<String, Value> {
    let own_name = |name: String| match name.as_str() {
        "sha_1_certificate_fingerprint" => "sha1_certificate_fingerprint".to_owned(),
        _ => name,
    };
    settings
        .into_iter()
        .map(|(name, value)| (own_name(name), value))
        .collect()
}
