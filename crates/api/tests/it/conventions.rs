//! What holds on every path: ids, envelopes, errors, bounds, credentials, compression.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::Full;
use posthouse_api::call::Call;
use posthouse_api::reply::Reply;
use posthouse_api::routes::Answer;
use posthouse_api::{Route, Scope};

use crate::door::{Door, FAILURES_MAX, request};

fn with_header(
    mut request: Request<Full<Bytes>>,
    name: header::HeaderName,
    value: &str,
) -> Request<Full<Bytes>> {
    request
        .headers_mut()
        .insert(name, HeaderValue::from_str(value).unwrap());
    request
}

fn with_key(request: Request<Full<Bytes>>, key: &str) -> Request<Full<Bytes>> {
    with_header(request, header::AUTHORIZATION, &format!("Bearer {key}"))
}

#[tokio::test]
async fn an_incoming_request_id_is_ignored() {
    let door = Door::open().await;
    let forged = with_header(
        request(Method::GET, "/healthz"),
        header::HeaderName::from_static("x-request-id"),
        "mine",
    );
    let answer = door.send(forged).await;
    let id = answer.header("x-request-id").unwrap();
    assert_ne!(id, "mine");
    assert_eq!(answer.json["request_id"], id);
    assert_eq!(id.as_bytes()[14], b'7', "a UUIDv7: {id}");
}

#[tokio::test]
async fn unknown_paths_are_json_404_with_and_without_a_key() {
    let door = Door::open().await;
    assert_eq!(
        door.get("/v3/nothing/here").await.error(),
        (404, "not_found_error", "no such path")
    );
    assert_eq!(door.get("/").await.error().0, 404);
    assert_eq!(door.get("/v3/migration-tools/x").await.error().0, 404);
    let keyed = with_key(request(Method::GET, "/v3/nothing"), "phk_unknown");
    assert_eq!(door.send(keyed).await.error().0, 404);
}

#[tokio::test]
async fn a_wrong_method_is_405_with_allow() {
    let door = Door::open().await;
    let answer = door.send(request(Method::DELETE, "/healthz")).await;
    assert_eq!(answer.error(), (405, "method_not_allowed", "use GET"));
    assert_eq!(answer.header("allow"), Some("GET"));
}

#[tokio::test]
async fn the_root_probe_without_credentials_is_json_401() {
    let door = Door::open().await;
    for target in ["/v3/", "/v3", "//v3/"] {
        assert_eq!(
            door.get(target).await.error(),
            (401, "unauthorized", "Unauthorized"),
            "{target}"
        );
    }
}

#[tokio::test]
async fn every_keyed_route_refuses_callers_without_credentials() {
    let door = Door::open().await;
    for route in posthouse_api::routes() {
        if route.access == posthouse_api::Access::Public {
            continue;
        }
        let path = route
            .path
            .replace('{', "")
            .replace("*", "")
            .replace('}', "");
        let answer = door.send(request(route.method.clone(), &path)).await;
        assert_eq!(
            answer.error(),
            (401, "unauthorized", "Unauthorized"),
            "{route:?}"
        );
    }
}

#[tokio::test]
async fn all_kinds_of_bad_credentials_look_alike() {
    let door = Door::open().await;
    let mut bodies = Vec::new();
    for value in [
        "Basic cGhrOg==",
        "Bearer",
        "phk_x",
        "Bearer phk_0000000000000000000000000000000000000000000",
    ] {
        let answer = door
            .send(with_header(
                request(Method::GET, "/v3"),
                header::AUTHORIZATION,
                value,
            ))
            .await;
        assert_eq!(answer.error().0, 401, "{value}");
        bodies.push(answer.json["error"].clone());
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn http_11_wrong_keys_are_counted_by_address_and_missing_ones_are_not() {
    let door = Door::open().await;
    for _ in 0..FAILURES_MAX * 2 {
        assert_eq!(door.get("/v3").await.error().0, 401);
    }
    for round in 0..FAILURES_MAX {
        let key = format!("phk_{round:043}");
        assert_eq!(
            door.send(with_key(request(Method::GET, "/v3"), &key))
                .await
                .error()
                .0,
            401
        );
    }
    let other_key = with_key(request(Method::GET, "/v3"), "phk_another");
    let answer = door.send(other_key.clone()).await;
    assert_eq!(answer.error().1, "rate_limit_error");
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(wait >= 1);
    let forwarded = with_header(
        other_key.clone(),
        header::HeaderName::from_static("x-forwarded-for"),
        "198.51.100.9",
    );
    assert_eq!(
        door.send(forwarded).await.error().0,
        429,
        "forwarding headers of strangers count for nothing"
    );
    let elsewhere = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
    assert_eq!(door.send_from(other_key, elsewhere).await.error().0, 401);
}

#[tokio::test]
async fn oversized_urls_and_headers_get_json_answers() {
    let door = Door::open().await;
    let url = |length: usize| format!("/v3/{}", "a".repeat(length - 4));
    assert_eq!(door.get(&url(16 << 10)).await.error().0, 404);
    assert_eq!(
        door.get(&url((16 << 10) + 1)).await.error(),
        (414, "request_too_large", "the URL may have at most 16 KB")
    );
    let bulky = with_header(
        request(Method::GET, "/healthz"),
        header::COOKIE,
        &"a".repeat(33 << 10),
    );
    assert_eq!(door.send(bulky).await.error().0, 431);
}

#[tokio::test]
async fn oauth_paths_answer_in_the_shape_their_clients_parse() {
    let door = Door::open().await;
    assert_eq!(
        door.get("/v3/connect/auth?client_id=x").await.error().1,
        "not_supported"
    );
    assert_eq!(door.get("/v3/connect/tokeninfo").await.error().0, 400);
    for path in ["/v3/connect/token", "/v3/connect/revoke"] {
        let answer = door.send(request(Method::POST, path)).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json["error"], "unsupported_grant_type");
        assert_eq!(answer.json["error_code"], 0);
        assert!(
            answer.json["error_description"].is_string() && answer.json["error_uri"].is_string()
        );
    }
}

#[tokio::test]
async fn metrics_are_for_loopback_and_holders_of_the_token() {
    let door = Door::open().await;
    assert_eq!(door.get("/metrics").await.error().0, 401);
    let wrong = with_key(request(Method::GET, "/metrics"), "metrics-tokem");
    assert_eq!(door.send(wrong).await.error().0, 401);
    let right = with_key(request(Method::GET, "/metrics"), "metrics-token");
    assert_eq!(door.send(right).await.bytes, "posthouse_up 1\n");
    let local = door
        .send_from(
            request(Method::GET, "/metrics"),
            IpAddr::V4(Ipv4Addr::LOCALHOST),
        )
        .await;
    assert_eq!(
        (local.status.as_u16(), local.header("content-type")),
        (200, Some("text/plain; charset=utf-8"))
    );
    assert!(local.header("x-request-id").is_some());
    let forwarded = with_header(
        request(Method::GET, "/metrics"),
        header::HeaderName::from_static("x-forwarded-for"),
        "198.51.100.9",
    );
    let from_a_proxy = door
        .send_from(forwarded, IpAddr::V4(Ipv4Addr::LOCALHOST))
        .await;
    assert_eq!(from_a_proxy.error().0, 401, "a proxy on this machine");
}

#[tokio::test]
async fn health_checks_answer_json() {
    let door = Door::open().await;
    assert_eq!(door.get("/healthz").await.json["data"]["status"], "ok");
    assert_eq!(door.get("/readyz").await.json["data"]["status"], "ready");
}

#[tokio::test]
async fn a_path_prefix_may_stand_in_front_or_be_stripped() {
    let door = Door::below("/mail/").await;
    for target in ["/mail/v3", "/v3", "/mail//v3/"] {
        assert_eq!(door.get(target).await.error().0, 401, "{target}");
    }
    assert_eq!(door.get("/mailbox/v3").await.error().0, 404);
    assert_eq!(door.get("/healthz").await.status, 200);
}

async fn panics(_: Call) -> Answer {
    panic!("secret detail")
}

async fn long(call: Call) -> Answer {
    Ok(call.object(
        &"x".repeat(
            call.query
                .text("length")
                .unwrap_or("200")
                .parse()
                .unwrap_or(200),
        ),
    ))
}

async fn file(_: Call) -> Answer {
    Ok(Reply::download(
        http::StatusCode::OK,
        Bytes::from(vec![b'x'; 4_096]),
    ))
}

async fn echo(call: Call) -> Answer {
    Ok(call.object(call.body.object()))
}

async fn special() -> Door {
    let post = Route::post("/echo", Scope::Server, echo);
    let body = post.body;
    Door::with_routes(vec![
        Route::get("/panic", Scope::Server, panics).public(),
        Route::get("/long", Scope::Server, long).public(),
        Route::get("/file", Scope::Server, file).public(),
        post.public().body(body),
    ])
    .await
}

#[tokio::test]
async fn a_panic_is_a_json_500_that_tells_nothing() {
    let door = special().await;
    let answer = door.get("/panic").await;
    assert_eq!(answer.error(), (500, "unexpected_error", "internal error"));
    assert!(!String::from_utf8_lossy(&answer.bytes).contains("secret"));
    assert_eq!(door.get("/long").await.status, 200, "the door lives on");
}

#[tokio::test]
async fn answers_are_compressed_when_they_are_long_and_the_client_agrees() {
    let door = special().await;
    let accepting = |target: &str| {
        with_header(
            request(Method::GET, target),
            header::ACCEPT_ENCODING,
            "gzip",
        )
    };
    for length in [200, 100_000] {
        let answer = door
            .send(accepting(&format!("/long?length={length}")))
            .await;
        assert_eq!(answer.header("content-encoding"), Some("gzip"));
        let mut plain = String::new();
        flate2::read::GzDecoder::new(&answer.bytes[..])
            .read_to_string(&mut plain)
            .unwrap();
        let document: serde_json::Value = serde_json::from_str(&plain).unwrap();
        assert_eq!(document["data"].as_str().unwrap().len(), length);
        assert_eq!(
            document["request_id"].as_str(),
            answer.header("x-request-id")
        );
    }
    assert_eq!(
        door.send(accepting("/long?length=1"))
            .await
            .header("content-encoding"),
        None
    );
    assert_eq!(door.get("/long").await.header("content-encoding"), None);
    assert_eq!(
        door.send(accepting("/file"))
            .await
            .header("content-encoding"),
        None,
        "downloads stay as they are"
    );
}

#[tokio::test]
async fn bodies_are_json_objects_and_an_empty_one_is_an_empty_object() {
    let door = special().await;
    let post = |content_type: Option<&str>, body: &'static str| {
        let mut post = Request::post("/echo")
            .body(Full::new(Bytes::from_static(body.as_bytes())))
            .unwrap();
        if let Some(content_type) = content_type {
            post = with_header(post, header::CONTENT_TYPE, content_type);
        }
        post
    };
    assert_eq!(
        door.send(post(None, "")).await.json["data"],
        serde_json::json!({})
    );
    assert_eq!(
        door.send(post(Some("application/json"), "")).await.json["data"],
        serde_json::json!({})
    );
    let echoed = door
        .send(post(
            Some("application/json; charset=utf-8"),
            r#"{"a":[1]}"#,
        ))
        .await;
    assert_eq!(echoed.json["data"], serde_json::json!({"a": [1]}));
    assert_eq!(
        door.send(post(None, "{}")).await.error().1,
        "unsupported_media_type"
    );
    assert_eq!(
        door.send(post(Some("text/plain"), "{}")).await.error().0,
        415
    );
    let malformed = door
        .send(post(Some("application/json"), r#"{"a":{"b":}}"#))
        .await;
    assert_eq!(
        (
            malformed.error().0,
            malformed.json["error"]["field"].as_str()
        ),
        (400, Some("a.b"))
    );
}

#[tokio::test]
async fn a_body_is_limited_to_one_megabyte() {
    let door = special().await;
    let post = |bytes: usize| {
        let text = format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
        let post = Request::post("/echo").header(header::CONTENT_TYPE, "application/json");
        post.body(Full::new(Bytes::from(text))).unwrap()
    };
    assert_eq!(door.send(post(1 << 20)).await.status, 200);
    assert_eq!(
        door.send(post((1 << 20) + 1)).await.error(),
        (413, "request_too_large", "the body may have at most 1 MB")
    );
}
