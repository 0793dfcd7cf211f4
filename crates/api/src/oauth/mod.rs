//! OAuth and hosted sign-in, which are not offered: agent accounts are created with an API key.

use http::StatusCode;
use serde_json::{Map, Value};

use crate::call::Call;
use crate::error::ApiError;
use crate::openapi::Operation;
use crate::openapi::schema::{constant, object, text, uuid};
use crate::reply::Reply;
use crate::routes::{Answer, Route, Scope};

/// Returns the routes of this folder.
pub fn routes() -> Vec<Route> {
    let about = |id, summary| Operation::new(id, summary).about(NOT_OFFERED);
    let token = |path, id: &'static str, summary: &'static str| {
        let route = Route::post(path, Scope::Server, token).public();
        route.described(move || refusal(about(id, summary)))
    };
    vec![
        Route::get("/v3/connect/auth", Scope::Server, sign_in)
            .public()
            .described(move || about("signIn", "Sign in on a hosted page")),
        Route::get("/v3/connect/tokeninfo", Scope::Server, token_info)
            .public()
            .described(move || about("getTokenInfo", "Get what a token is")),
        token(
            "/v3/connect/token",
            "exchangeToken",
            "Exchange a code for a token",
        ),
        token("/v3/connect/revoke", "revokeToken", "Revoke a token"),
    ]
}

const NOT_OFFERED: &str = "Not supported for agent accounts: every request is refused with 400.";

/// The shape of OAuth, which these refusals have.
fn refusal(operation: Operation) -> Operation {
    let schema = object([
        ("error", constant("unsupported_grant_type")),
        ("error_code", constant(0)),
        ("error_description", text()),
        ("error_uri", text()),
        ("request_id", uuid()),
    ]);
    operation.answer(400, "Not supported; in the shape of OAuth.", schema)
}

async fn sign_in(_: Call) -> Answer {
    Err(refused())
}

/// Answers as every refusal is, with the keys of OAuth beside it: clients take every path that begins like `/v3/connect/token` for one of
/// OAuth, and fail on an answer without them.
async fn token_info(call: Call) -> Answer {
    let refused = refused();
    let message = refused.message().to_owned();
    let reply = refused
        .into_reply(call.request_id)
        .field("error_code", &0)
        .field("error_description", &message)
        .field("error_uri", &"");
    Ok(reply)
}

fn refused() -> ApiError {
    ApiError::not_supported("hosted sign-in and OAuth tokens are not supported for agent accounts")
        .with_fix("create an account with POST /v3/connect/custom and an API key")
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
