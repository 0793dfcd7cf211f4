//! `GET /v3/grants/{grant_id}/messages/schedules/{schedule_id}`

use super::render::render;
use crate::call::Call;
use crate::routes::Answer;

/// Answers one schedule.
pub async fn get(call: Call) -> Answer {
    let grant = call.grant().await?;
    let id = call.parameter("schedule_id");
    let schedule = call.mailroom.get_schedule(&grant, id).await?;
    Ok(call.object(&render(&schedule)))
}
