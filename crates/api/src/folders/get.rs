//! `GET /v3/grants/{grant_id}/folders/{folder_id}`

use super::{FOLDER, render};
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the answer.
pub fn operation() -> Operation {
    Operation::new("findFolder", "Get a folder")
        .select()
        .one(FOLDER.reference())
}

/// Answers one folder by id, system name or alias, path, or unique leaf name.
pub async fn get(call: Call) -> Answer {
    let grant = call.grant().await?;
    let folder = call
        .mailroom
        .get_folder(&grant, call.parameter("folder_id"))
        .await?;
    Ok(call.object(&render(&call, &grant, &folder)))
}
