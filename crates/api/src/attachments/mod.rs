//! Attachments: what they are, and their bytes.

mod disposition;
mod download;
mod metadata;
mod range;

use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::Parameter;
use crate::routes::{Route, Scope};

const SHORT: &str = "/v3/grants/{grant_id}/attachments/{attachment_id}";
const SHORT_DOWNLOAD: &str = "/v3/grants/{grant_id}/attachments/{attachment_id}/download";
const LONG: &str = "/v3/grants/{grant_id}/messages/{message_id}/attachments/{attachment_id}";
const LONG_DOWNLOAD: &str =
    "/v3/grants/{grant_id}/messages/{message_id}/attachments/{attachment_id}/download";

/// Returns the routes of this folder: both path forms that clients use.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get(SHORT, Scope::Grant, metadata::metadata)
            .described(|| metadata::operation("findAttachment").query([in_message()])),
        Route::get(SHORT_DOWNLOAD, Scope::Grant, download::download)
            .described(|| download::operation("downloadAttachment").query([in_message()])),
        Route::get(LONG, Scope::Grant, metadata::metadata)
            .described(|| metadata::operation("findAttachmentOfMessage")),
        Route::get(LONG_DOWNLOAD, Scope::Grant, download::download)
            .described(|| download::operation("downloadAttachmentOfMessage")),
    ]
}

fn in_message() -> Parameter {
    Parameter::text("message_id", "The message or draft that it belongs to.").required()
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
