//! What a send is answered with: the copy in Sent, or what it will be, and what only send answers show.

use http::StatusCode;
use posthouse_mailroom::Refusal;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::read::Detail;
use posthouse_mailroom::send::{ScheduledMessage, SentMessage};
use serde_json::{Map, Value};

use crate::call::Call;
use crate::holds::render_for_message;
use crate::reply::Reply;

/// Members that a message which went at once has always the same.
const NOT_SCHEDULED: &str = ",\"schedule_id\":\"\",\"send_at\":null,\"use_draft\":false";

/// Answers 200 with the message; 202 with one that waits for approval.
pub(crate) fn of(call: &Call, grant: &GrantRef, sent: SentMessage, warnings: &[String]) -> Reply {
    let mut data = data(sent.object, NOT_SCHEDULED, sent.is_reply);
    let status = match &sent.hold {
        Some(hold) => {
            let hold = render_for_message(hold);
            data.pop();
            data.extend_from_slice(format!(",\"hold\":{hold}}}").as_bytes());
            StatusCode::ACCEPTED
        }
        None => StatusCode::OK,
    };
    let warnings = [warnings, &sent.warnings].concat();
    let reply = envelope(call, &call.grant_id(grant), status, data.len());
    left_out(reply, sent.suppressed.as_deref())
        .raw_field("data", |out| out.extend_from_slice(&data))
        .warnings(&warnings)
}

/// Answers 200 with a message that was sent before, as it is now.
///
/// # Errors
/// [`Refusal::NotFound`] when its copy is gone.
pub(crate) async fn sent_again(call: &Call, grant: &GrantRef, id: &str) -> Result<Reply, Refusal> {
    let object = call
        .mailroom
        .get_message(grant, id, Detail::Standard)
        .await?;
    let members: Option<Map<String, Value>> = serde_json::from_slice(&object).ok();
    let is_reply = members.is_some_and(|members| members.contains_key("reply_to_message_id"));
    let sent = SentMessage {
        id: id.to_owned(),
        object,
        is_reply,
        suppressed: None,
        warnings: Vec::new(),
        hold: None,
    };
    Ok(of(call, grant, sent, &[]))
}

/// Answers 202 with the message as it will be.
pub(super) fn later(
    call: &Call,
    grant: &GrantRef,
    message: ScheduledMessage,
    warnings: &[String],
) -> Reply {
    let (schedule_id, send_at) = (message.schedule_id, message.send_at);
    let members =
        format!(",\"schedule_id\":\"{schedule_id}\",\"send_at\":{send_at},\"use_draft\":false");
    let data = data(message.object, &members, message.is_reply);
    let status = StatusCode::ACCEPTED;
    let reply = envelope(call, &call.grant_id(grant), status, data.len())
        .field("schedule_id", &schedule_id)
        .field("send_at", &send_at)
        .field("use_draft", &false);
    left_out(reply, message.suppressed.as_deref())
        .raw_field("data", |out| out.extend_from_slice(&data))
        .warnings(warnings)
}

/// Answers 200 with a message that no account has.
pub(crate) fn without_account(call: &Call, sent: SentMessage, warnings: &[String]) -> Reply {
    let data = data(sent.object, NOT_SCHEDULED, sent.is_reply);
    let warnings = [warnings, &sent.warnings].concat();
    let reply = envelope(call, "", StatusCode::OK, data.len());
    left_out(reply, sent.suppressed.as_deref())
        .raw_field("data", |out| out.extend_from_slice(&data))
        .warnings(&warnings)
}

/// Names the recipients that were left out, where that was asked for.
fn left_out(reply: Reply, suppressed: Option<&[String]>) -> Reply {
    match suppressed {
        Some(addresses) => reply.field("suppressed", &addresses),
        None => reply,
    }
}

fn envelope(call: &Call, grant_id: &str, status: StatusCode, length: usize) -> Reply {
    Reply::envelope_with_room(status, call.request_id, length + 384).field("grant_id", &grant_id)
}

fn data(mut object: Vec<u8>, members: &str, is_reply: bool) -> Vec<u8> {
    object.pop();
    object.extend_from_slice(members.as_bytes());
    if !is_reply {
        object.extend_from_slice(b",\"reply_to_message_id\":\"\"");
    }
    object.push(b'}');
    object
}
