//! `GET /v3/holds/{hold_id}`

use super::schema::{HOLD, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the look at one.
pub fn operation() -> Operation {
    Operation::new("getHold", "Return a message that waits for approval")
        .about("With the whole message.")
        .one(HOLD.reference())
}

/// Answers a hold with the whole message.
pub async fn get(call: Call) -> Answer {
    let view = call
        .mailroom
        .get_hold(call.actor()?, call.parameter("hold_id"))
        .await?;
    Ok(call.object(&render(&view)))
}
