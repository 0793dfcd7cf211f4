//! `PUT /v3/lists/{list_id}`

use posthouse_mailroom::lists::{ListChanges, TYPES};

use super::schema::{LIST, description, name, pass_over, read_only, render};
use crate::body::Change;
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{object, one_of, optional, replacement};
use crate::routes::Answer;

/// Describes the change.
pub fn operation() -> Operation {
    Operation::new("updateList", "Change a list")
        .about("Its type stays as it is; its items have calls of their own.")
        .body(
            object([
                replacement("name", name()),
                optional("description", description()),
                replacement("type", one_of(&TYPES).about("Only the one it has.")),
            ])
            .and(read_only()),
        )
        .one(LIST.reference())
}

/// Changes a list's name and description.
pub async fn update(call: Call) -> Answer {
    let mut body = call.body.fields();
    let changes = ListChanges {
        name: body.replacement("name")?,
        description: match body.change("description")? {
            Change::Keep => None,
            Change::Clear => Some(None),
            Change::Set(text) => Some(Some(text)),
        },
        kind: body.replacement("type")?,
    };
    pass_over(&mut body);
    let warnings = body.unknown();
    let id = call.parameter("list_id");
    let view = call
        .mailroom
        .update_list(call.actor()?, id, changes)
        .await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
