//! `POST /v3/domains/{domain_name}/messages/send`

use posthouse_mailroom::send::{DomainMail, DomainRef, Outgoing};

use crate::call::Call;
use crate::error::ApiError;
use crate::idempotency::idempotent;
use crate::messages::send::{
    answer, header_detail, is_source, outgoing, parameters, require_tls, schema, skip_suppressed,
    source, suppressed_member,
};
use crate::openapi::Operation;
use crate::openapi::schema::{Schema, constant, list, metadata, object, text, time, uuid};
use crate::routes::Answer;

/// Describes the sending.
pub fn operation() -> Operation {
    Operation::new("sendTransactional", "Send a message for a domain, without an account")
        .about(
            "`from` is an address on the domain, which belongs to the application. There is no copy, so that nothing \
             can be answered, scheduled or tracked.",
        )
        .idempotent()
        .query(parameters())
        .mail(schema::body())
        .fails([404])
        .one(message())
        .beside_data([("grant_id", constant("")), suppressed_member()])
}

fn message() -> Schema {
    object([
        ("id", uuid()),
        ("object", constant("message")),
        ("grant_id", constant("")),
        ("thread_id", constant("")),
        ("folders", list(uuid()).at_most(0)),
        ("subject", text()),
        ("body", text()),
        ("date", time()),
        ("created_at", time()),
        ("metadata", metadata()),
        ("rfc822_message_id", text()),
    ])
}

/// Sends a message for a domain; a repeated request with the same key is answered as the first one was.
pub async fn send(call: Call) -> Answer {
    let name = call.parameter("domain_name");
    let domain = call.mailroom.domain_for(call.actor()?, name).await?;
    // On the heap, as it is large.
    idempotent(&call, None, Box::pin(work(&call, &domain))).await
}

async fn work(call: &Call, domain: &DomainRef) -> Answer {
    let headers = header_detail(&call.query)?;
    let (mail, warnings) = if is_source(&call.query)? {
        (DomainMail::Source(source(call)?), Vec::new())
    } else {
        let (mut outgoing, mut warnings) = outgoing(&call.body)?;
        outgoing.skip_suppressed = skip_suppressed(&call.query)?;
        outgoing.require_tls = require_tls(&call.query)?;
        check_is_now(call)?;
        warnings.extend(unheard_replies(&outgoing));
        (DomainMail::Parts(Box::new(outgoing)), warnings)
    };
    let sent = call.mailroom.send_for_domain(domain, mail, headers).await?;
    Ok(answer::without_account(call, sent, &warnings))
}

/// A schedule belongs to an account.
fn check_is_now(call: &Call) -> Result<(), ApiError> {
    match call.body.fields().optional::<i64>("send_at")? {
        None => Ok(()),
        Some(_) => Err(ApiError::not_supported(
            "scheduled sending is not supported without an account",
        )
        .with_fix("send when it is time, or as an account")),
    }
}

fn unheard_replies(outgoing: &Outgoing) -> Option<String> {
    let wanted = outgoing.tracking.as_ref()?.thread_replies;
    wanted.then(|| "thread_replies: a domain has no mailbox, no reply is announced".to_owned())
}
