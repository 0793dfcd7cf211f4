//! Bad input through the API: every answer says what was wrong in the one form of errors, and nothing is half done.

use posthouse_tests::api::Request;
use posthouse_tests::letter::Letter;
use posthouse_tests::server::Posthouse;
use serde_json::{Value, json};

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_say_so() {
    let server = Posthouse::start().await;
    let api = server.api();
    for path in [
        "/v3/nothing",
        "/v3/grants/x/y/z/w",
        "/v4/grants",
        "/v3/grants/x%2fmessages",
    ] {
        let answer = api.get(path).await.expect(404);
        assert_eq!(answer.error_type(), "not_found_error", "{path}");
    }
    for (method, path, allowed) in [
        ("DELETE", "/v3/grants", "GET"),
        ("POST", "/v3/applications/redirect-uris/x", "GET"),
        ("GET", "/v3/connect/custom", "POST"),
    ] {
        let answer = api
            .send(Request {
                method,
                path,
                ..Request::default()
            })
            .await
            .expect(405);
        assert_eq!(answer.error_type(), "method_not_allowed", "{method} {path}");
        assert!(
            answer.header("allow").contains(allowed),
            "{method} {path}: Allow: {}",
            answer.header("allow")
        );
    }
}

#[tokio::test]
async fn slashes_too_many_change_nothing() {
    let server = Posthouse::start().await;
    for path in [
        "/v3/grants",
        "//v3/grants",
        "/v3/grants/",
        "//v3/grants/?limit=10",
    ] {
        server.api().get(path).await.expect(200);
    }
    server.api().without_key().get("/v3/").await.expect(401);
}

#[tokio::test]
async fn credentials_that_are_none_are_answered_401() {
    let server = Posthouse::start().await;
    let api = server.api().without_key();
    let key = server.ready().api_key.clone();
    let headers = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {key}"),
        key.clone(),
        format!("Bearer {key}x"),
        format!("Bearer {}", &key[..key.len() - 1]),
        format!("Bearer {}", key.to_uppercase()),
        format!("Bearer phk_{}", "0".repeat(43)),
        format!("Bearer {}", "x".repeat(5000)),
    ];
    for authorization in headers {
        let headers = [("authorization", authorization.as_str())];
        let answer = api
            .send(Request {
                path: "/v3/grants",
                headers: &headers,
                ..Request::default()
            })
            .await
            .expect(401);
        assert_eq!(answer.error_type(), "unauthorized", "{authorization}");
        assert_eq!(answer.error_message(), "Unauthorized", "{authorization}");
    }
    let answer = api
        .get(&format!("/v3/grants?api_key={key}&access_token={key}"))
        .await
        .expect(401);
    assert_eq!(answer.error_type(), "unauthorized");
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let server = Posthouse::start().await;
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let deep = format!("{{\"provider\":{deep}}}");
    let bodies: [&[u8]; 9] = [
        b"{",
        b"nonsense",
        b"[]",
        b"\"text\"",
        b"null",
        b"{\"provider\":\"nylas\",}",
        b"{\"provider\":\"\xff\xfe\"}",
        b"{}{}",
        deep.as_bytes(),
    ];
    for body in bodies {
        let headers = [("content-type", "application/json")];
        let request = Request {
            method: "POST",
            path: "/v3/connect/custom",
            headers: &headers,
            body: Some(body.to_vec()),
        };
        let answer = server.api().send(request).await.expect(400);
        assert_eq!(
            answer.error_type(),
            "invalid_request_error",
            "{}",
            String::from_utf8_lossy(body)
        );
    }
}

#[tokio::test]
async fn a_body_of_another_type_or_beyond_the_limit_is_refused() {
    let server = Posthouse::start().await;
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
    ] {
        let headers = [("content-type", content_type)];
        let request = Request {
            method: "POST",
            path: "/v3/connect/custom",
            headers: &headers,
            body: Some(b"{}".to_vec()),
        };
        let answer = server.api().send(request).await.expect(415);
        assert_eq!(
            answer.error_type(),
            "unsupported_media_type",
            "{content_type}"
        );
    }
    let name = "x".repeat(1_048_577);
    let answer = server
        .api()
        .post(
            "/v3/connect/custom",
            json!({"provider": "nylas", "name": name}),
        )
        .await
        .expect(413);
    assert_eq!(answer.error_type(), "request_too_large");
}

#[tokio::test]
async fn no_body_at_all_is_an_empty_object() {
    let server = Posthouse::start().await;
    let json_type = [("content-type", "application/json")];
    let with_type = Request {
        method: "PATCH",
        path: "/v3/applications",
        headers: &json_type,
        body: Some(Vec::new()),
    };
    server.api().send(with_type).await.expect(200);
    let bare = Request {
        method: "PATCH",
        path: "/v3/applications",
        ..Request::default()
    };
    server.api().send(bare).await.expect(200);
}

#[tokio::test]
async fn a_wrong_type_is_refused_by_naming_the_field() {
    let server = Posthouse::start().await;
    let wrong = [
        (
            json!({"provider": "nylas", "settings": {"email": true}}),
            "settings.email",
        ),
        (json!({"provider": "nylas", "settings": "x"}), "settings"),
        (
            json!({"provider": 1, "settings": {"email": "a@agents.localhost"}}),
            "provider",
        ),
        (
            json!({"provider": "nylas", "name": ["x"], "settings": {"email": "a@agents.localhost"}}),
            "name",
        ),
        (
            json!({"provider": "nylas", "settings": {"email": "a@agents.localhost", "app_password": 123}}),
            "settings.app_password",
        ),
    ];
    for (body, field) in wrong {
        let answer = server
            .api()
            .post("/v3/connect/custom", body)
            .await
            .expect(400);
        let named =
            answer.json()["error"]["field"] == field || answer.error_message().contains(field);
        assert!(named, "{field}: {}", answer.text());
    }
}

#[tokio::test]
async fn unknown_fields_are_ignored_and_named() {
    let server = Posthouse::start().await;
    let body = json!({"provider": "nylas", "colour": "red", "settings": {"email": "a@agents.localhost"}, "state": "ignored by rule"});
    let answer = server
        .api()
        .post("/v3/connect/custom?unknown=parameter", body)
        .await
        .expect(201);
    let warnings = answer.json()["warnings"].to_string();
    assert!(warnings.contains("colour"), "{warnings}");
    assert!(
        !warnings.contains("state"),
        "a field that is accepted and ignored needs no warning: {warnings}"
    );
}

#[tokio::test]
async fn the_query_dialect_takes_what_clients_send_and_refuses_the_rest() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    server
        .deliver(&Letter::to(&account.email).subject("One and two"))
        .await;
    let messages = format!("/v3/grants/{}/messages", account.id);
    let found = [
        "unread=true",
        "unread=True",
        "unread=TRUE",
        "unread=1",
        "starred=false",
        "starred=0",
        "has_attachment=False",
        "unread=",
        "from=buyer@shop.example",
        "from=BUYER@shop.example",
        "from=a@b.example,buyer@shop.example",
        "from=a@b.example&from=buyer@shop.example",
        "any_email=buyer%40shop.example",
        "subject=ONE+and",
        "subject=one%20AND",
        "in=inbox",
        "in=INBOX",
        "in=sent,Inbox",
        "in=all",
        "limit=200",
        "limit=201",
        "limit=9223372036854775808",
        "offset=0",
        "unknown=1",
        "select=subject",
        "query_imap=true",
        "received_after=1",
        "received_before=4000000000",
        "metadata_pair=",
    ];
    for query in found {
        let rows = server
            .api()
            .get(&format!("{messages}?{query}"))
            .await
            .expect(200)
            .rows();
        assert_eq!(rows.len(), 1, "{query}");
    }
    let empty = [
        "unread=false",
        "starred=true",
        "has_attachment=true",
        "from=shop.example",
        "in=sent",
        "in=no-such-folder",
        "in=junk",
        "subject=three",
        "offset=1",
        "received_before=1",
        "received_after=4000000000",
        "to=else@agents.localhost",
        "thread_id=01890a5d-ac96-774b-bcce-b302099a8057",
        "metadata_pair=key1:x",
    ];
    for query in empty {
        let rows = server
            .api()
            .get(&format!("{messages}?{query}"))
            .await
            .expect(200)
            .rows();
        assert_eq!(rows.len(), 0, "{query}");
    }
    let many: Vec<String> = (0..26)
        .map(|number| format!("a{number}@b.example"))
        .collect();
    let many = format!("any_email={}", many.join(","));
    let refused = [
        "unread=perhaps",
        "unread=2",
        "limit=0",
        "limit=-5",
        "limit=ten",
        "offset=x",
        "received_after=yesterday",
        "fields=everything",
        "fields=raw_mime,include_headers",
        "metadata_pair=other:x",
        "metadata_pair=key1",
        "page_token=nonsense",
        many.as_str(),
    ];
    for query in refused {
        let answer = server
            .api()
            .get(&format!("{messages}?{query}"))
            .await
            .expect(400);
        assert_eq!(answer.error_type(), "invalid_request_error", "{query}");
    }
}

#[tokio::test]
async fn select_keeps_what_clients_cannot_do_without() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    server.deliver(&Letter::to(&account.email)).await;
    let path = format!("/v3/grants/{}/messages?select=subject,unknown", account.id);
    let row = server.api().get(&path).await.expect(200).data()[0].clone();
    let mut keys: Vec<String> = row
        .as_object()
        .map(|row| row.keys().cloned().collect())
        .unwrap_or_default();
    keys.sort();
    assert_eq!(keys, ["grant_id", "id", "object", "subject"]);
}

#[tokio::test]
async fn http_05_ids_that_are_none_are_not_looked_up() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let odd = [
        "..",
        "%2e%2e",
        "%2e%2e%2fmessages",
        "%00",
        "%ff",
        "%c0%ae%c0%ae",
        "'; drop table messages; --",
        "0",
        "-1",
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "01890A5D-AC96-774B-BCCE-B302099A8057",
        "01890a5dac96774bbcceb302099a8057",
        "a%2fb",
    ];
    for id in odd {
        let id = id.replace(' ', "%20");
        for path in [
            format!("/v3/grants/{}/messages/{id}", account.id),
            format!("/v3/webhooks/{id}"),
            format!("/v3/grants/{id}/messages"),
        ] {
            // `..` is taken out of the path by the client or by the server; whatever is then asked must not be an error of the server.
            let answer = server.api().get(&path).await;
            let is_dots = id == ".." || id == "%2e%2e";
            assert!(
                answer.status == 404 || (is_dots && answer.status < 500),
                "{path}: {}",
                answer.text()
            );
        }
    }
}

#[tokio::test]
async fn http_07_a_cursor_is_good_only_where_it_was_given_and_only_as_it_was_given() {
    let server = Posthouse::start().await;
    let first = server.create_account("first").await;
    let second = server.create_account("second").await;
    for number in 0..3 {
        let letter = Letter::to(&first.email)
            .and_to(&second.email)
            .subject(&format!("Number {number}"));
        server.deliver(&letter).await;
    }
    let page = server
        .api()
        .get(&format!("/v3/grants/{}/messages?limit=1", first.id))
        .await
        .expect(200)
        .json();
    let cursor = page["next_cursor"].as_str().expect("more rows").to_owned();
    let rest = server
        .api()
        .get(&format!(
            "/v3/grants/{}/messages?limit=50&page_token={cursor}",
            first.id
        ))
        .await
        .expect(200);
    assert_eq!(
        rest.rows().len(),
        2,
        "a cursor is free of the limit it came with"
    );
    let of_another = format!("/v3/grants/{}/messages?page_token={cursor}", second.id);
    assert_eq!(
        server.api().get(&of_another).await.expect(400).error_type(),
        "invalid_request_error"
    );
    for position in 0..cursor.len() {
        let mut edited = cursor.clone().into_bytes();
        edited[position] = if edited[position] == b'0' { b'1' } else { b'0' };
        let edited = String::from_utf8(edited).expect("ASCII");
        let path = format!("/v3/grants/{}/messages?page_token={edited}", first.id);
        server.api().get(&path).await.expect(400);
    }
    for other in ["/v3/grants/{}/folders", "/v3/grants/{}/drafts"] {
        let path = format!("{}?page_token={cursor}", other.replace("{}", &first.id));
        let answer = server.api().get(&path).await;
        assert!(
            [400, 404].contains(&answer.status),
            "{path}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn what_is_not_offered_says_so_and_listing_it_is_empty() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    for family in ["signatures", "templates", "workflows", "notetakers"] {
        let path = format!("/v3/grants/{}/{family}", account.id);
        assert_eq!(
            server.api().get(&path).await.expect(200).rows(),
            Vec::<Value>::new(),
            "{family}"
        );
        let answer = server
            .api()
            .post(&path, json!({"name": "x"}))
            .await
            .expect(400);
        assert_eq!(answer.error_type(), "not_supported", "{family}");
    }
    server.api().get("/v3/connect/auth").await.expect(400);
    let detected = server
        .api()
        .post("/v3/providers/detect?email=x@agents.localhost", json!({}))
        .await
        .expect(200)
        .data();
    assert_eq!(
        detected,
        json!({"email_address": "x@agents.localhost", "detected": true, "provider": "nylas"})
    );
    let detected = server
        .api()
        .post("/v3/providers/detect?email=x@nowhere.example", json!({}))
        .await
        .expect(200)
        .data();
    assert_eq!(detected["detected"], false);
}

#[tokio::test]
async fn answers_are_gzipped_for_who_asks_and_gzipped_requests_are_read() {
    let server = Posthouse::start().await;
    server.create_account("agent").await;
    let headers = [("accept-encoding", "gzip")];
    let answer = server
        .api()
        .send(Request {
            path: "/v3/grants",
            headers: &headers,
            ..Request::default()
        })
        .await
        .expect(200);
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert_eq!(answer.bytes[..2], [0x1f, 0x8b], "not gzip");
    let plain = server.api().get("/v3/grants").await.expect(200);
    assert_eq!(plain.header("content-encoding"), "");
    // A stored (uncompressed) gzip member of the four bytes `{"a"` does not end a JSON object: what is inside is what counts.
    let headers = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    let request = Request {
        method: "PATCH",
        path: "/v3/applications",
        headers: &headers,
        body: Some(b"not gzip".to_vec()),
    };
    let answer = server.api().send(request).await.expect(400);
    assert_eq!(answer.error_type(), "invalid_request_error");
}
