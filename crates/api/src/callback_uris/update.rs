//! `PATCH /v3/applications/redirect-uris/{callback_uri_id}`

use posthouse_mailroom::applications::CallbackUriChanges;

use super::schema::{CALLBACK_URI, change};
use super::{own_names, render};
use crate::body::Change;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it for one of the two names that these objects have.
pub fn operation(word: &str) -> Operation {
    Operation::new(format!("update{word}"), "Change a callback URI")
        .body(change())
        .one(CALLBACK_URI.reference())
}

/// Changes a callback URI.
pub async fn update(call: Call) -> Answer {
    let mut body = call.body.fields();
    body.ignore(&["id"]);
    let changes = CallbackUriChanges {
        url: body.replacement("url")?,
        platform: body.replacement("platform")?,
        settings: match body.change("settings")? {
            Change::Keep => None,
            Change::Clear => Some(None),
            Change::Set(settings) => Some(Some(own_names(settings))),
        },
    };
    let warnings = body.unknown();
    let id = call.parameter("callback_uri_id");
    let view = call
        .mailroom
        .update_callback_uri(call.actor()?, id, changes)
        .await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
