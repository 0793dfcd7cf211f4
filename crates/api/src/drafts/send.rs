//! `POST /v3/grants/{grant_id}/drafts/{draft_id}`

use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::send::SendWishes;

use crate::call::Call;
use crate::idempotency::idempotent;
use crate::messages::send::{
    answer, header_detail, require_tls, require_tls_parameter, sent, skip_suppressed,
    skip_suppressed_parameter, suppressed_member, tracking,
};
use crate::openapi::schema::{object, one_of, uuid};
use crate::openapi::{Operation, Parameter};
use crate::routes::Answer;

/// Describes the sending.
pub fn operation() -> Operation {
    let fields = one_of(&["standard", "include_headers", "include_basic_headers"]);
    let about = "What the answer shows beyond its standard members.";
    Operation::new("sendDraft", "Send a draft")
        .about(
            "The message has an id of its own; the draft is gone. One that cannot be sent stays, and so does one that \
             waits for approval (202 with `data.hold`) until somebody decides.",
        )
        .idempotent()
        .query([
            Parameter::list("fields", fields, about),
            skip_suppressed_parameter(),
            require_tls_parameter(),
        ])
        .body(object([]))
        .fails([413, 423])
        .one(sent())
        .beside_data([("grant_id", uuid()), suppressed_member()])
        .accepted(sent())
        .beside_data([("grant_id", uuid()), suppressed_member()])
}

/// Sends a draft, which is then gone, and answers the message. A repeated request with the same key is answered as the
/// first one was.
pub async fn send(call: Call) -> Answer {
    let grant = call.grant().await?;
    let work = Box::pin(work(&call, &grant));
    idempotent(&call, Some(&grant), work).await
}

async fn work(call: &Call, grant: &GrantRef) -> Answer {
    let headers = header_detail(&call.query)?;
    let id = call.parameter("draft_id");
    let wishes = SendWishes {
        skip_suppressed: skip_suppressed(&call.query)?,
        require_tls: require_tls(&call.query)?,
    };
    let sent = call.mailroom.send_draft(grant, id, wishes, headers).await?;
    let mut warnings = call.body.fields().unknown();
    warnings.extend(sent.tracking.as_ref().and_then(tracking::not_counted));
    Ok(answer::of(call, grant, sent.message, &warnings))
}
