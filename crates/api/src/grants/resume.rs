//! `POST /v3/grants/{grant_id}/resume`

use super::render;
use super::schema::GRANT;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the resumption.
pub fn operation() -> Operation {
    Operation::new("resumeGrant", "Let a suspended account go on")
        .about("Its schedules that became due go out. Needs an API key for the whole application.")
        .one(GRANT.reference())
}

/// Lets a suspended account go on.
pub async fn resume(call: Call) -> Answer {
    let view = call
        .mailroom
        .resume_account(call.actor()?, call.parameter("grant_id"))
        .await?;
    Ok(call.object(&render(&view)))
}
