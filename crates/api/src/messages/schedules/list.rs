//! `GET /v3/grants/{grant_id}/messages/schedules`

use serde_json::Value;

use super::render::render;
use crate::call::Call;
use crate::routes::Answer;

/// Answers all schedules of an account that are kept, newest first.
pub async fn list(call: Call) -> Answer {
    let grant = call.grant().await?;
    let schedules = call.mailroom.list_schedules(&grant).await?;
    let rows: Vec<Value> = schedules.iter().map(render).collect();
    Ok(call.list(&rows, None))
}
