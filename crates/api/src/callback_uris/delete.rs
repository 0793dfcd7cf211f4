//! `DELETE /v3/applications/redirect-uris/{callback_uri_id}`

use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it for one of the two names that these objects have.
pub fn operation(word: &str) -> Operation {
    Operation::new(format!("destroy{word}"), "Remove a callback URI").deleted()
}

/// Removes a callback URI.
pub async fn delete(call: Call) -> Answer {
    let id = call.parameter("callback_uri_id");
    call.mailroom.delete_callback_uri(call.actor()?, id).await?;
    Ok(call.deleted())
}
