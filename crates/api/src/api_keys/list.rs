//! `GET /v3/admin/applications/{application_id}/api-keys`

use serde_json::Value;

use super::API_KEY;
use super::render;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes the listing.
pub fn operation() -> Operation {
    Operation::new("listApiKeys", "List the API keys of an application")
        .about("All in one page, oldest first, those that no longer work too.")
        .page(API_KEY.reference())
}

/// Answers all keys of an application in one page.
pub async fn list(call: Call) -> Answer {
    let application = call.parameter("application_id");
    let views = call.mailroom.list_api_keys(application).await?;
    let rows: Vec<Value> = views.iter().map(render).collect();
    Ok(call.list(&rows, None))
}
