//! `PUT /v3/grants/{grant_id}/messages/{message_id}`

use http::StatusCode;
use posthouse_mailroom::organise::{MessageUpdate, Metadata};

use super::list::reduce;
use super::schema::MESSAGE;
use crate::body::Change;
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{flag, list, metadata, object, optional, replacement, text};
use crate::reply::Reply;
use crate::routes::Answer;

/// Describes the change.
pub fn operation() -> Operation {
    let folders = list(text()).at_most(1);
    Operation::new(
        "updateMessage",
        "Change flags, folder or metadata of a message",
    )
    .select()
    .body(object([
        replacement("unread", flag()),
        replacement("starred", flag()),
        replacement("answered", flag()),
        replacement(
            "folders",
            folders.about("The folder that it goes to, by id or name."),
        ),
        optional("metadata", metadata().about("Replaces what was there.")),
    ]))
    .one(MESSAGE.reference())
}

/// Changes flags, folder and metadata of a message and answers all of it.
pub async fn update(call: Call) -> Answer {
    let grant = call.grant().await?;
    let mut body = call.body.fields();
    let update = MessageUpdate {
        unread: body.replacement("unread")?,
        starred: body.replacement("starred")?,
        answered: body.replacement("answered")?,
        folders: body.replacement("folders")?,
        metadata: match body.change("metadata")? {
            Change::Keep => None,
            Change::Clear => Some(Metadata::default()),
            Change::Set(metadata) => Some(metadata),
        },
    };
    let warnings = body.unknown();
    let json = call
        .mailroom
        .update_message(&grant, call.parameter("message_id"), update)
        .await?;
    let select = call.select();
    if !select.is_everything() {
        let object = reduce(&json, &select)?;
        return Ok(call.object(&object).warnings(&warnings));
    }
    let reply = Reply::envelope_with_room(StatusCode::OK, call.request_id, json.len() + 128);
    Ok(reply
        .raw_field("data", |out| out.extend_from_slice(&json))
        .warnings(&warnings))
}
