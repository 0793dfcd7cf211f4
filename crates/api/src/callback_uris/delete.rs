//! `DELETE /v3/applications/redirect-uris/{callback_uri_id}`

use crate::call::Call;
use crate::routes::Answer;

/// Removes a callback URI.
pub async fn delete(call: Call) -> Answer {
    let id = call.parameter("callback_uri_id");
    call.mailroom.delete_callback_uri(call.actor()?, id).await?;
    Ok(call.deleted())
}
