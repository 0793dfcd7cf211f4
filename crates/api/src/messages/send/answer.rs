//! What a send is answered with: the copy in Sent, and what only send answers show.

use http::StatusCode;
use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::send::SentMessage;

use crate::call::Call;
use crate::reply::Reply;

/// Members that a message which went at once has always the same.
const NOT_SCHEDULED: &[u8] = b",\"schedule_id\":\"\",\"send_at\":null,\"use_draft\":false";

/// Answers 200 with the message.
pub(crate) fn of(call: &Call, grant: &GrantRef, sent: SentMessage, warnings: &[String]) -> Reply {
    let mut data = sent.object;
    data.pop();
    data.extend_from_slice(NOT_SCHEDULED);
    if !sent.is_reply {
        data.extend_from_slice(b",\"reply_to_message_id\":\"\"");
    }
    data.push(b'}');
    Reply::envelope_with_room(StatusCode::OK, call.request_id, data.len() + 256)
        .field("grant_id", &call.grant_id(grant))
        .raw_field("data", |out| out.extend_from_slice(&data))
        .warnings(warnings)
}
