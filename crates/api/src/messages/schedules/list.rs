//! `GET /v3/grants/{grant_id}/messages/schedules`

use serde_json::Value;

use super::render::{SCHEDULE, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listScheduledMessages", "List messages that are sent later")
        .about("Newest first; those that were sent, failed or were called off stay for three days.")
        .page(SCHEDULE.reference())
}

/// Answers all schedules of an account that are kept, newest first.
pub async fn list(call: Call) -> Answer {
    let grant = call.grant().await?;
    let schedules = call.mailroom.list_schedules(&grant).await?;
    let rows: Vec<Value> = schedules.iter().map(render).collect();
    Ok(call.list(&rows, None))
}
