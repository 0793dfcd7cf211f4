//! `POST /v3/grants/{grant_id}/messages/send`

pub(crate) mod answer;
pub(crate) mod files;
mod parts;
pub(crate) mod schema;
pub(crate) mod tracking;

use posthouse_mailroom::actor::GrantRef;
use posthouse_mailroom::read::HeaderDetail;
use posthouse_mailroom::send::{Departed, OutgoingSource};

use crate::call::Call;
use crate::error::ApiError;
use crate::holds::hold_of_message;
use crate::idempotency::idempotent;
use crate::messages::schema::MESSAGE;
use crate::openapi::schema::{
    Member, Schema, all, constant, email, flag, integer, list, object, one_of, optional, text, uuid,
};
use crate::openapi::{Operation, Parameter};
use crate::query::Query;
use crate::routes::Answer;

pub(crate) use parts::{check_not_offered, custom_headers, from, mailboxes, outgoing};

/// Describes the sending.
pub fn operation() -> Operation {
    Operation::new("sendMessage", "Send a message")
        .about(
            "Now, or with `send_at` later; with `data.hold` when somebody has to approve it first. A form has the JSON in \
             its part `message`, and files in others.",
        )
        .idempotent()
        .query(parameters())
        .mail(schema::body())
        .fails([404, 423])
        .one(sent())
        .beside_data([("grant_id", uuid()), suppressed_member()])
        .accepted(sent())
        .beside_data([
            ("grant_id", uuid()),
            optional("schedule_id", uuid()),
            optional("send_at", integer()),
            optional("use_draft", constant(false)),
            suppressed_member(),
        ])
}

/// What sending reads of the query.
pub(crate) fn parameters() -> [Parameter; 4] {
    let fields = one_of(&["standard", "include_headers", "include_basic_headers"]);
    let shown = "What the answer shows beyond its standard members.";
    let form = "`mime` when the body is a form whose part `mime` is a whole source.";
    [
        Parameter::list("fields", fields, shown),
        Parameter::choice("type", &["json", "mime"], form),
        skip_suppressed_parameter(),
        require_tls_parameter(),
    ]
}

/// How sending asks for TLS.
pub(crate) fn require_tls_parameter() -> Parameter {
    let about = "Hand the message over verified TLS only, all the way to its recipients (RFC 8689); it bounces where that cannot be had.";
    Parameter::flag("require_tls", about)
}

/// What sending does about recipients on the suppression list.
pub(crate) fn skip_suppressed_parameter() -> Parameter {
    let about = "Leave recipients on the suppression list out, instead of refusing the message; `suppressed` names them.";
    Parameter::flag("skip_suppressed", about)
}

/// The recipients that were left out, where that was asked for.
pub(crate) fn suppressed_member() -> Member {
    optional("suppressed", list(email()))
}

/// Reads whether recipients on the suppression list are to be left out.
pub(crate) fn skip_suppressed(query: &Query) -> Result<bool, ApiError> {
    Ok(query.flag("skip_suppressed")?.unwrap_or(false))
}

/// Reads whether the message is to go over verified TLS only.
pub(crate) fn require_tls(query: &Query) -> Result<bool, ApiError> {
    Ok(query.flag("require_tls")?.unwrap_or(false))
}

/// The copy in Sent, or what it will be, with members that only these answers have.
pub(crate) fn sent() -> Schema {
    let members = object([
        ("schedule_id", text()),
        ("send_at", integer().nullable()),
        ("use_draft", flag()),
        ("reply_to_message_id", text()),
        hold_of_message(),
    ]);
    all([MESSAGE.reference(), members])
}

/// Sends a message; a repeated request with the same key is answered as the first one was.
pub async fn send(call: Call) -> Answer {
    let grant = call.grant().await?;
    let work = Box::pin(work(&call, &grant));
    idempotent(&call, Some(&grant), work).await
}

async fn work(call: &Call, grant: &GrantRef) -> Answer {
    let headers = header_detail(&call.query)?;
    if is_source(&call.query)? {
        let source = source(call)?;
        let sent = call.mailroom.send_source(grant, source, headers).await?;
        return Ok(answer::of(call, grant, sent, &[]));
    }
    let (mut outgoing, warnings) = outgoing(&call.body)?;
    outgoing.skip_suppressed = skip_suppressed(&call.query)?;
    outgoing.require_tls = require_tls(&call.query)?;
    if let Some(send_at) = call.body.fields().optional("send_at")? {
        let message = call
            .mailroom
            .schedule_message(grant, outgoing, send_at)
            .await?;
        return Ok(answer::later(call, grant, message, &warnings));
    }
    let departed = call.mailroom.send_or_queue(grant, outgoing, headers);
    Ok(match departed.await? {
        Departed::Now(sent) => answer::of(call, grant, sent, &warnings),
        Departed::Later(message) => answer::later(call, grant, message, &warnings),
    })
}

/// Reads `fields`, of which a sent message has fewer than a listed one.
pub(crate) fn header_detail(query: &Query) -> Result<Option<HeaderDetail>, ApiError> {
    let mut detail = None;
    for name in query.list("fields") {
        match name.as_str() {
            "standard" => {}
            "include_headers" => detail = Some(HeaderDetail::All),
            "include_basic_headers" => {
                detail.get_or_insert(HeaderDetail::Basic);
            }
            _ => {
                return Err(ApiError::invalid(
                    "fields",
                    "expected one of standard, include_headers, include_basic_headers",
                ));
            }
        }
    }
    Ok(detail)
}

pub(crate) fn is_source(query: &Query) -> Result<bool, ApiError> {
    match query.text("type") {
        None | Some("json") => Ok(false),
        Some("mime") => Ok(true),
        Some(_) => Err(ApiError::invalid("type", "expected mime or nothing")),
    }
}

/// Returns the one part that holds the whole source.
pub(crate) fn source(call: &Call) -> Result<OutgoingSource, ApiError> {
    let parts = call.body.form().unwrap_or_default();
    let part = parts
        .iter()
        .find(|part| part.name == "mime")
        .ok_or_else(|| {
            ApiError::invalid(
                "mime",
                "expected multipart/form-data with a part of this name",
            )
        })?;
    Ok(OutgoingSource {
        raw: part.content.clone(),
        skip_suppressed: skip_suppressed(&call.query)?,
        require_tls: require_tls(&call.query)?,
    })
}
