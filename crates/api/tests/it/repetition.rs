//! Requests that are repeated under an idempotency key.

use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::Full;
use posthouse_api::call::Call;
use posthouse_api::error::ApiError;
use posthouse_api::idempotency::idempotent;
use posthouse_api::routes::Answer;
use posthouse_api::{Route, Scope};
use posthouse_mailroom::send::Outgoing;
use posthouse_types::address::DisplayAddress;

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

static SLOW_RUNS: AtomicU32 = AtomicU32::new(0);

/// Has its effect, and comes to its answer only later.
async fn count_slowly(call: Call) -> Answer {
    idempotent(&call, None, async {
        let run = SLOW_RUNS.fetch_add(1, Ordering::Relaxed);
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        Ok(call.object(&run))
    })
    .await
}

/// Wherever a client is when it goes away, the work has been done once and the answer is the one of that time.
#[tokio::test]
async fn http_13_a_client_that_goes_away_and_comes_back_finds_its_work_done_once() {
    let route = Route::post("/v3/count", Scope::Application, count_slowly);
    let account = Account::over(vec![route]).await;
    for polls in 0..40 {
        let before = SLOW_RUNS.load(Ordering::Relaxed);
        let key = format!("left after {polls}");
        {
            let mut left = std::pin::pin!(account.door.send(request(&account, &key, "{}")));
            for _ in 0..polls {
                if futures::poll!(&mut left).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        let answer = loop {
            let answer = account.door.send(request(&account, &key, "{}")).await;
            if answer.status != StatusCode::CONFLICT {
                break answer;
            }
            assert!(
                std::time::Instant::now() < deadline,
                "left after {polls} steps: {answer:?}"
            );
            tokio::task::yield_now().await;
        };
        assert_eq!(answer.json["data"], before, "left after {polls} steps");
        assert_eq!(SLOW_RUNS.load(Ordering::Relaxed), before + 1);
    }
}

/// Sends, and falls over before it can answer.
async fn send_and_fall(call: Call) -> Answer {
    let grant = call.grant().await?;
    idempotent(&call, Some(&grant), async {
        let letter = Outgoing {
            to: vec![DisplayAddress {
                name: String::new(),
                email: "buyer@shop.example".to_owned(),
            }],
            subject: "Once".to_owned(),
            ..Outgoing::default()
        };
        Box::pin(call.mailroom.send_message(&grant, letter, None)).await?;
        Err(ApiError::unavailable("fell over"))
    })
    .await
}

#[tokio::test]
async fn what_was_sent_and_not_answered_is_answered_when_it_is_repeated() {
    let mut table = posthouse_api::routes();
    let path = "/v3/grants/{grant_id}/fall";
    table.push(Route::post(path, Scope::Grant, send_and_fall));
    let account = Account::over(table).await;
    let send = || {
        let mut request = account.request(Method::POST, "/fall");
        let key = HeaderValue::from_static("k");
        request.headers_mut().insert("idempotency-key", key);
        account.door.send(request)
    };
    assert_eq!(send().await.error().0, 503);
    for _ in 0..2 {
        let again = send().await;
        assert_eq!(again.status, StatusCode::OK, "{:?}", again.json);
        assert_eq!(again.header("idempotent-response"), Some("true"));
        assert_eq!(again.json["data"]["subject"], "Once");
        assert_eq!(again.json["data"]["schedule_id"], "");
    }
    let sent = account.get("/messages?in=sent").await;
    assert_eq!(sent.json["data"].as_array().map(Vec::len), Some(1));
}
