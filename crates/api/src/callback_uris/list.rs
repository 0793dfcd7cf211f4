//! `GET /v3/applications/redirect-uris`

use serde_json::Value;

use super::render;
use crate::call::Call;
use crate::routes::Answer;

/// Answers all callback URIs in one page.
pub async fn list(call: Call) -> Answer {
    let views = call.mailroom.list_callback_uris(call.actor()?).await?;
    let rows: Vec<Value> = views.iter().map(render).collect();
    Ok(call.list(&rows, None))
}
