//! `POST /v3/grants/{grant_id}/folders`

use posthouse_mailroom::organise::NewFolder;

use super::render;
use super::schema::{FOLDER, colour, name};
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{object, optional, required, text};
use crate::routes::Answer;

/// Describes the creation.
pub fn operation() -> Operation {
    Operation::new("createFolder", "Create a folder")
        .about("A `/` in its name makes or uses the folders above it.")
        .select()
        .body(object([
            required("name", name()),
            optional(
                "parent_id",
                text().about("The folder that it will be below."),
            ),
            optional("text_color", colour()),
            optional("background_color", colour()),
        ]))
        .one(FOLDER.reference())
}

/// Makes a folder; a `/` in its name makes or uses those above it.
pub async fn create(call: Call) -> Answer {
    let grant = call.grant().await?;
    let mut body = call.body.fields();
    let parent_id: Option<String> = body.optional("parent_id")?;
    let new = NewFolder {
        name: body.required("name")?,
        // Some clients send every field they know.
        parent_id: parent_id.filter(|id| !id.is_empty()),
        text_color: body.optional("text_color")?,
        background_color: body.optional("background_color")?,
    };
    let warnings = body.unknown();
    let folder = call.mailroom.create_folder(&grant, new).await?;
    Ok(call
        .object(&render(&call, &grant, &folder))
        .warnings(&warnings))
}
