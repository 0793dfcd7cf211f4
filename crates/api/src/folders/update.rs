//! `PUT /v3/grants/{grant_id}/folders/{folder_id}`

use posthouse_mailroom::organise::FolderUpdate;

use super::render;
use super::schema::{FOLDER, colour, name};
use crate::body::Change;
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{object, optional, replacement, text};
use crate::routes::Answer;

/// Describes the change.
pub fn operation() -> Operation {
    Operation::new("updateFolder", "Rename, move or colour a folder")
        .select()
        .body(object([
            replacement("name", name()),
            optional(
                "parent_id",
                text().about("The folder that it will be below; `null` is the top."),
            ),
            optional("text_color", colour()),
            optional("background_color", colour()),
        ]))
        .one(FOLDER.reference())
}

/// Renames, moves or colours a folder.
pub async fn update(call: Call) -> Answer {
    let grant = call.grant().await?;
    let mut body = call.body.fields();
    let update = FolderUpdate {
        name: body.replacement("name")?,
        parent_id: cleared_or_set(body.change("parent_id")?),
        text_color: cleared_or_set(body.change("text_color")?),
        background_color: cleared_or_set(body.change("background_color")?),
    };
    let warnings = body.unknown();
    let folder = call
        .mailroom
        .update_folder(&grant, call.parameter("folder_id"), update)
        .await?;
    Ok(call
        .object(&render(&call, &grant, &folder))
        .warnings(&warnings))
}

fn cleared_or_set(change: Change<String>) -> Option<Option<String>> {
    match change {
        Change::Keep => None,
        Change::Clear => Some(None),
        Change::Set(text) => Some(Some(text)),
    }
}
