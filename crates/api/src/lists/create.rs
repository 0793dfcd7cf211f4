//! `POST /v3/lists`

use posthouse_mailroom::lists::{NewList, TYPES};

use super::schema::{LIST, description, name, pass_over, read_only, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{object, one_of, optional, required};
use crate::routes::Answer;

/// Describes the creation.
pub fn operation() -> Operation {
    Operation::new("createList", "Create a list")
        .about("What it holds is chosen once: domains, endings of domains (`tld`), or addresses.")
        .body(
            object([
                required("name", name()),
                required("type", one_of(&TYPES)),
                optional("description", description()),
            ])
            .and(read_only()),
        )
        .created(LIST.reference())
}

/// Makes a list without items.
pub async fn create(call: Call) -> Answer {
    let mut body = call.body.fields();
    let new = NewList {
        name: body.required("name")?,
        kind: body.required("type")?,
        description: body.optional("description")?,
    };
    pass_over(&mut body);
    let warnings = body.unknown();
    let view = call.mailroom.create_list(call.actor()?, new).await?;
    Ok(call.created(&render(&view)).warnings(&warnings))
}
