//! `GET /v3`: what the health check of the official command line asks for.

use crate::call::Call;
use crate::openapi::Operation;
use crate::openapi::schema::{constant, object};
use crate::routes::{Answer, Route, Scope};

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/v3", Scope::Server, root).described(operation)]
}

fn operation() -> Operation {
    Operation::new("getApi", "Check an API key").one(object([
        ("object", constant("api")),
        ("version", constant("v3")),
    ]))
}

/// Answers 200 to a valid key; without one the caller has had its 401 already.
async fn root(call: Call) -> Answer {
    Ok(call.object(&serde_json::json!({ "object": "api", "version": "v3" })))
}
