//! Requests that are repeated under an idempotency key.

use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::Full;
use posthouse_api::call::Call;
use posthouse_api::error::ApiError;
use posthouse_api::idempotency::idempotent;
use posthouse_api::routes::Answer;
use posthouse_api::{Route, Scope};

use crate::account::Account;

static RUNS: AtomicU32 = AtomicU32::new(0);

/// Counts how often it ran; fails as the body says.
async fn count(call: Call) -> Answer {
    idempotent(&call, None, async {
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        match call.body.fields().optional::<String>("fail")?.as_deref() {
            None => Ok(call.object(&run).status(StatusCode::CREATED)),
            Some("finally") => Err(ApiError::invalid("fail", format!("run {run}"))),
            Some(_) => Err(ApiError::unavailable(format!("run {run}"))),
        }
    })
    .await
}

fn request(account: &Account, key: &str, body: &'static str) -> Request<Full<Bytes>> {
    let post = Request::post("/v3/count").header(header::CONTENT_TYPE, "application/json");
    let mut post = post
        .body(Full::new(Bytes::from_static(body.as_bytes())))
        .unwrap();
    post.headers_mut()
        .insert("idempotency-key", HeaderValue::from_str(key).unwrap());
    account.with_key(post)
}

#[tokio::test]
async fn http_13_a_repeated_request_gets_the_answer_it_had() {
    let account = Account::over(vec![Route::post("/v3/count", Scope::Application, count)]).await;
    let send =
        |key: &'static str, body: &'static str| account.door.send(request(&account, key, body));

    let first = send("a", "{}").await;
    let again = send("a", "{}").await;
    assert_eq!(
        (again.status, &again.bytes),
        (StatusCode::CREATED, &first.bytes)
    );
    assert_eq!(again.header("idempotent-response"), Some("true"));
    assert_eq!(
        again.header("x-request-id"),
        again.json["request_id"].as_str()
    );
    assert_eq!(first.header("idempotent-response"), None);
    assert_ne!(send("b", "{}").await.json["data"], first.json["data"]);

    let other_body = send("a", r#"{"x":1}"#).await;
    assert_eq!(
        (other_body.error().0, other_body.error().1),
        (409, "api.invalid_idempotent_request")
    );
    assert_eq!(
        send("", "{}").await.error().1,
        "api.invalid_idempotency_key"
    );

    let refused = send("c", r#"{"fail":"finally"}"#).await;
    assert_eq!(refused.error().0, 400);
    assert_eq!(
        send("c", r#"{"fail":"finally"}"#).await.bytes,
        refused.bytes,
        "a final refusal is kept"
    );
    let busy = send("d", r#"{"fail":"for now"}"#).await;
    assert_eq!(busy.error().0, 503);
    let retried = send("d", r#"{"fail":"for now"}"#).await;
    assert_ne!(
        retried.json["error"], busy.json["error"],
        "a temporary one runs again"
    );
}
