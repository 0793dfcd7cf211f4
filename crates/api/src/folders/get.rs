//! `GET /v3/grants/{grant_id}/folders/{folder_id}`

use super::render;
use crate::call::Call;
use crate::routes::Answer;

/// Answers one folder by id, system name or alias, path, or unique leaf name.
pub async fn get(call: Call) -> Answer {
    let grant = call.grant().await?;
    let folder = call
        .mailroom
        .get_folder(&grant, call.parameter("folder_id"))
        .await?;
    Ok(call.object(&render(&call, &grant, &folder)))
}
