//! Attachments: what they are, and their bytes.

mod disposition;
mod download;
mod metadata;
mod range;

use crate::call::Call;
use crate::error::ApiError;
use crate::routes::{Route, Scope};

/// Returns the routes of this folder: both path forms that clients use.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get(
            "/v3/grants/{grant_id}/attachments/{attachment_id}",
            Scope::Grant,
            metadata::metadata,
        ),
        Route::get(
            "/v3/grants/{grant_id}/attachments/{attachment_id}/download",
            Scope::Grant,
            download::download,
        ),
        Route::get(
            "/v3/grants/{grant_id}/messages/{message_id}/attachments/{attachment_id}",
            Scope::Grant,
            metadata::metadata,
        ),
        Route::get(
            "/v3/grants/{grant_id}/messages/{message_id}/attachments/{attachment_id}/download",
            Scope::Grant,
            download::download,
        ),
    ]
}

/// Returns the message that the path or, in the short form, the query names.
fn message_id(call: &Call) -> Result<&str, ApiError> {
    if let Some(id) = call.parameter_if_any("message_id") {
        return Ok(id);
    }
    call.query.text("message_id").ok_or_else(|| {
        ApiError::invalid("message_id", "required")
            .with_fix("add ?message_id= with the message's id")
    })
}
