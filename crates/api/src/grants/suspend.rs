//! `POST /v3/grants/{grant_id}/suspend`

use posthouse_mailroom::provision::{
    NewSuspension, SUSPENDED_INBOUND, SUSPENSION_REASON_CHARACTERS_MAX,
};

use super::render;
use super::schema::GRANT;
use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{object, one_of, optional, text};
use crate::routes::Answer;

/// Describes the suspension.
pub fn operation() -> Operation {
    let reason = text().at_most(SUSPENSION_REASON_CHARACTERS_MAX);
    let inbound = one_of(&SUSPENDED_INBOUND)
        .default_is(SUSPENDED_INBOUND[0])
        .about("What happens to its mail: stored, kept at its sender, or refused.");
    Operation::new("suspendGrant", "Suspend an account")
        .about(
            "Until it is resumed nothing below it can be changed or sent (423), API keys for less than the application \
             cannot read it, and its schedules wait. Needs an API key for the whole application.",
        )
        .body(object([
            optional("reason", reason),
            optional("inbound", inbound),
        ]))
        .one(GRANT.reference())
}

/// Suspends an account.
pub async fn suspend(call: Call) -> Answer {
    let mut body = call.body.fields();
    let suspension = NewSuspension {
        reason: body.optional("reason")?,
        inbound: body.optional("inbound")?,
    };
    let warnings = body.unknown();
    let view = call
        .mailroom
        .suspend_account(call.actor()?, call.parameter("grant_id"), suspension)
        .await?;
    Ok(call.object(&render(&view)).warnings(&warnings))
}
