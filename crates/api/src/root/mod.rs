//! `GET /v3`: what the health check of the official command line asks for.

use crate::call::Call;
use crate::routes::{Answer, Route, Scope};

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/v3", Scope::Server, root)]
}

/// Answers 200 to a valid key; without one the caller has had its 401 already.
async fn root(call: Call) -> Answer {
    Ok(call.object(&serde_json::json!({ "object": "api", "version": "v3" })))
}
