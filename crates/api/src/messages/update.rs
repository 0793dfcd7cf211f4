//! `PUT /v3/grants/{grant_id}/messages/{message_id}`

use http::StatusCode;
use posthouse_mailroom::organise::{MessageUpdate, Metadata};

use super::list::reduce;
use crate::body::Change;
use crate::call::Call;
use crate::reply::Reply;
use crate::routes::Answer;

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
