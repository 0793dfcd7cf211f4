//! `GET /v3/applications/redirect-uris`

use serde_json::Value;

use super::render;
use super::schema::CALLBACK_URI;
use crate::call::Call;
use crate::openapi::Operation;
use crate::routes::Answer;

/// Describes it for one of the two names that these objects have.
pub fn operation(word: &str) -> Operation {
    Operation::new(format!("list{word}s"), "List callback URIs")
        .about("All in one page.")
        .page(CALLBACK_URI.reference())
}

/// Answers all callback URIs in one page.
pub async fn list(call: Call) -> Answer {
    let views = call.mailroom.list_callback_uris(call.actor()?).await?;
    let rows: Vec<Value> = views.iter().map(render).collect();
    Ok(call.list(&rows, None))
}
