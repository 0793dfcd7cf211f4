//! `GET /v3/grants/{grant_id}/messages/schedules/{schedule_id}`

use super::render::{SCHEDULE, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new(
        "findScheduledMessage",
        "Get what has become of a message that is sent later",
    )
    .one(SCHEDULE.reference())
}

/// Answers one schedule.
pub async fn get(call: Call) -> Answer {
    let grant = call.grant().await?;
    let id = call.parameter("schedule_id");
    let schedule = call.mailroom.get_schedule(&grant, id).await?;
    Ok(call.object(&render(&schedule)))
}
