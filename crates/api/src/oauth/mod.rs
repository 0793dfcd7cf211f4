//! OAuth and hosted sign-in, which are not offered: agent accounts are created with an API key.

use http::StatusCode;
use serde_json::{Map, Value};

use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;
use crate::routes::{Answer, Route, Scope};

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/v3/connect/auth", Scope::Server, sign_in).public(),
        Route::get("/v3/connect/tokeninfo", Scope::Server, sign_in).public(),
        Route::post("/v3/connect/token", Scope::Server, token).public(),
        Route::post("/v3/connect/revoke", Scope::Server, token).public(),
    ]
}

async fn sign_in(_: Call) -> Answer {
    Err(ApiError::not_supported(
        "hosted sign-in and OAuth tokens are not supported for agent accounts",
    )
    .with_fix("create an account with POST /v3/connect/custom and an API key"))
}

/// Answers in the shape of OAuth: clients of these two paths require all four keys and parse nothing else.
async fn token(call: Call) -> Answer {
    let mut document = Map::new();
    document.insert("error".to_owned(), Value::from("unsupported_grant_type"));
    document.insert("error_code".to_owned(), Value::from(0));
    let description = "OAuth is not supported for agent accounts: use an API key";
    document.insert("error_description".to_owned(), Value::from(description));
    document.insert("error_uri".to_owned(), Value::from(""));
    document.insert(
        "request_id".to_owned(),
        Value::from(call.request_id.as_str()),
    );
    Ok(Reply::bare_json(StatusCode::BAD_REQUEST, &document))
}
