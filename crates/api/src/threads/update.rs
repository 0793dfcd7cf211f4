//! `PUT /v3/grants/{grant_id}/threads/{thread_id}`

use http::StatusCode;
use posthouse_mailroom::threads::ThreadUpdate;

use super::THREAD;
use super::reduce;
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{flag, list, object, optional, replacement, text};
use crate::reply::Reply;
use crate::routes::Answer;

/// Describes the change.
pub fn operation() -> Operation {
    let folders = list(text()).at_most(1);
    Operation::new(
        "updateThread",
        "Change flags or folder of all messages of a thread",
    )
    .select()
    .body(object([
        replacement("unread", flag()),
        replacement("starred", flag()),
        replacement(
            "folders",
            folders.about("The folder that they go to, by id or name."),
        ),
        optional("id", text().about("Has no effect.")),
        optional("grant_id", text().about("Has no effect.")),
        optional("object", text().about("Has no effect.")),
    ]))
    .one(THREAD.reference())
}

/// Changes flags and folder of every message of a thread and answers the thread.
pub async fn update(call: Call) -> Answer {
    let grant = call.grant().await?;
    let mut body = call.body.fields();
    let update = ThreadUpdate {
        unread: body.replacement("unread")?,
        starred: body.replacement("starred")?,
        folders: body.replacement("folders")?,
    };
    // Clients send back the whole object they got.
    for name in ["id", "grant_id", "object"] {
        body.unused::<String>(name)?;
    }
    let warnings = body.unknown();
    let json = call
        .mailroom
        .update_thread(&grant, call.parameter("thread_id"), update)
        .await?;
    let select = call.select();
    if !select.is_everything() {
        return Ok(call.object(&reduce(&json, &select)?).warnings(&warnings));
    }
    let reply = Reply::envelope_with_room(StatusCode::OK, call.request_id, json.len() + 128);
    Ok(reply
        .raw_field("data", |out| out.extend_from_slice(&json))
        .warnings(&warnings))
}
