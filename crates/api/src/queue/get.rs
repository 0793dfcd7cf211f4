//! `GET /v3/admin/queue/{queue_id}`

use super::render::render;
use crate::call::Call;
use crate::routes::Answer;

/// Answers mail for one recipient with its source.
pub async fn get(call: Call) -> Answer {
    let queued = call
        .mailroom
        .get_queued(call.actor()?, call.parameter("queue_id"))
        .await?;
    let mut row = render(&queued.row);
    row["envelope_from"] = queued.envelope_from.into();
    row["raw_mime"] = queued.raw_mime.into();
    Ok(call.object(&row))
}
