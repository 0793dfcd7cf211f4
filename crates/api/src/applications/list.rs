//! `GET /v3/admin/applications`

use serde_json::Value;

use super::APPLICATION;
use super::render::application;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listApplications", "List all applications").page(APPLICATION.reference())
}

/// Answers all applications of the organisation, for operators.
pub async fn list(call: Call) -> Answer {
    let views = call.mailroom.list_applications().await?;
    let rows: Vec<Value> = views.iter().map(application).collect();
    Ok(call.list(&rows, None))
}
