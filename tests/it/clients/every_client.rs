//! What every published client relies on, whatever it asks. Each test is named after its row in the client contract.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use posthouse_tests::api::{Answer, Api, Request};
use posthouse_tests::letter::Letter;
use posthouse_tests::server::Posthouse;
use serde_json::{Value, json};

use super::program::Program;

/// Refusals of every kind: what to ask, and the status.
async fn refusals(api: &Api, grant: &str) -> Vec<Answer> {
    let json_type = [("content-type", "application/json")];
    let text_type = [("content-type", "text/plain")];
    let base = format!("/v3/grants/{grant}");
    let (send, clean) = (
        format!("{base}/messages/send"),
        format!("{base}/messages/clean"),
    );
    let message = format!("{base}/messages/0190f3d0-1111-7aaa-8bbb-000000000001");
    let list = format!("{base}/messages?limit=0");
    let asked = |method, path, headers, body: Option<&str>| Request {
        method,
        path,
        headers,
        body: body.map(|body| body.as_bytes().to_vec()),
    };
    let zipped_type = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    let large = zipped(&vec![b' '; 12 << 20]);
    // Small on the way: a client that is still writing may miss an answer.
    let large_request = Request {
        method: "PUT",
        path: &message,
        headers: &zipped_type,
        body: Some(large),
    };
    let requests = [
        (400, asked("GET", list.as_str(), &[][..], None)),
        (400, asked("POST", &send, &json_type, Some("{not json"))),
        (400, asked("POST", &send, &json_type, Some("[]"))),
        (400, asked("PUT", &clean, &json_type, None)),
        (404, asked("GET", &message, &[], None)),
        (404, asked("GET", "/v3/no/such/path", &[], None)),
        (
            404,
            asked("DELETE", "/v3/grants/nobody@nowhere.example", &[], None),
        ),
        (405, asked("DELETE", &send, &[], None)),
        (413, large_request),
        (415, asked("POST", &send, &text_type, Some("text"))),
    ];
    let mut answers = Vec::new();
    for (status, request) in requests {
        answers.push(api.send(request).await.expect(status));
    }
    answers.push(api.without_key().get(&base).await.expect(401));
    answers
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

#[tokio::test]
async fn all_01_every_answer_has_one_request_id_in_its_header_and_its_body() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let letter = Letter::to(&account.email).file("a.txt", "text/plain", b"attached");
    server.deliver(&letter).await;
    let (api, base) = (server.api(), format!("/v3/grants/{}", account.id));
    let mut answers = refusals(&api, &account.id).await;
    let listed = api.get(&format!("{base}/messages")).await.expect(200);
    let message = listed.rows()[0].clone();
    answers.push(listed);
    answers.push(api.get(&base).await.expect(200));
    let mut ids = Vec::new();
    for answer in answers {
        let id = answer.header("x-request-id").to_owned();
        assert_eq!(answer.json()["request_id"], id.as_str(), "{}", answer.asked);
        ids.push(id);
    }
    let download = format!(
        "{base}/messages/{}/attachments/{}/download",
        message["id"].as_str().expect("an id"),
        message["attachments"][0]["id"].as_str().expect("an id")
    );
    let download = api.get(&download).await.expect(200);
    ids.push(download.header("x-request-id").to_owned());
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "each request has its own");
}

/// C-4 reads the same two strings, and the request id from the body first.
#[tokio::test]
async fn all_02_and_all_03_errors_are_json_with_a_type_and_a_message() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    for answer in refusals(&server.api(), &account.id).await {
        let asked = &answer.asked;
        let content_type = answer.header("content-type");
        assert!(content_type.starts_with("application/json"), "{asked}");
        let body = answer.json();
        assert!(body["error"].is_object(), "{asked}: {body}");
        for field in ["type", "message"] {
            let text = body["error"][field].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{asked}: {body}");
        }
        // C-5: this type would make the program ask for a sign-in.
        assert_ne!(body["error"]["type"], "insufficient_scopes", "{asked}");
    }
}

#[tokio::test]
async fn all_02_deletions_and_updates_answer_200_with_a_body() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let (api, base) = (server.api(), format!("/v3/grants/{}", account.id));
    server.deliver(&Letter::to(&account.email)).await;
    let message = api.get(&format!("{base}/messages")).await.rows()[0].clone();
    let id = |object: &Value| object["id"].as_str().expect("an id").to_owned();
    let made = async |below: &str, body: Value| {
        let made = api.post(&format!("{base}/{below}"), body).await;
        format!("{base}/{below}/{}", id(&made.expect(200).data()))
    };
    let paths = [
        format!("{base}/messages/{}", id(&message)),
        made("folders", json!({"name": "Own"})).await,
        made("contacts", json!({"given_name": "Zoë"})).await,
        made("drafts", json!({"subject": "Draft"})).await,
        base.clone(),
    ];
    for path in paths {
        let updated = api.put(&path, json!({})).await.expect(200);
        assert!(updated.data().is_object(), "{path}");
        let deleted = api.delete(&path).await.expect(200);
        assert!(deleted.json()["request_id"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn all_06_lists_come_repeated_or_joined_and_booleans_in_any_case() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    for sender in ["ann@shop.example", "bob@shop.example", "cid@shop.example"] {
        let letter = Letter::to(&account.email).from(sender).subject(sender);
        server.deliver(&letter).await;
    }
    let api = server.api();
    let count = async |query: &str| {
        let path = format!("/v3/grants/{}/messages?{query}", account.id);
        api.get(&path).await.expect(200).rows().len()
    };
    for query in [
        "from=ann@shop.example&from=bob@shop.example",
        "from=ann@shop.example,bob@shop.example",
        "from=ann%40shop.example%2CBOB%40shop.example",
        "any_email=ann@shop.example,bob@shop.example&any_email=ann@shop.example",
    ] {
        assert_eq!(count(query).await, 2, "{query}");
    }
    for (query, expected) in [
        ("unread=TRUE", 3),
        ("unread=tRuE", 3),
        ("unread=1", 3),
        ("unread=False", 0),
        ("unread=0", 0),
        ("unread=", 3),
    ] {
        assert_eq!(count(query).await, expected, "{query}");
    }
    let path = format!("/v3/grants/{}/messages?unread=perhaps", account.id);
    api.get(&path).await.expect(400);
}

#[tokio::test]
async fn all_07_an_account_is_named_by_its_id_or_its_address_encoded_or_not() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let names = [
        account.id.clone(),
        account.id.to_uppercase(),
        format!("grant:{}", account.id),
        account.email.clone(),
        account.email.replace('@', "%40"),
        account.email.to_uppercase(),
        format!("email:{}", account.email),
        format!("email%3A{}", account.email.replace('@', "%40")),
    ];
    for name in names {
        for path in [
            format!("/v3/grants/{name}"),
            format!("/v3/grants/{name}/folders/inbox"),
        ] {
            let found = server.api().get(&path).await.expect(200).data();
            let id = found.get("grant_id").unwrap_or(&found["id"]);
            assert_eq!(*id, account.id.as_str(), "{path}");
        }
    }
    let twice = account.email.replace('@', "%2540");
    let path = format!("/v3/grants/{twice}");
    server.api().get(&path).await.expect(404);
}

#[tokio::test]
async fn all_08_answers_are_the_same_gzipped_or_not() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let path = format!("/v3/grants/{}/folders", account.id);
    let plain = server.api().get(&path).await.expect(200);
    let zipped = Program::new(server.api()).get(&path).await.expect(200);
    assert_eq!(plain.header("content-encoding"), "");
    assert_eq!(zipped.header("content-encoding"), "gzip");
    assert_eq!(zipped.data(), plain.data());
}

#[tokio::test]
async fn c_02_a_client_that_is_too_fast_is_told_in_whole_seconds_when_to_come_back() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let path = format!("/v3/grants/{}/messages/wait?timeout=60", account.id);
    let (sender, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let waiting: Vec<_> = (0..21)
        .map(|_| {
            let (api, path, sender) = (server.api(), path.clone(), sender.clone());
            tokio::spawn(async move { sender.send(api.get(&path).await) })
        })
        .collect();
    // Twenty wait for a minute: the first answer is the refusal.
    let refused = answers.recv().await.expect("an answer").expect(429);
    assert_eq!(refused.error_type(), "rate_limit_error");
    let seconds: u64 = refused.header("retry-after").parse().expect("an integer");
    assert!(seconds >= 1);
    for waiting in waiting {
        waiting.abort();
    }
}

#[tokio::test]
async fn n_13_and_c_08_a_wait_ends_before_any_client_gives_up() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let wait = format!("/v3/grants/{}/messages/wait", account.id);
    server
        .api()
        .get(&format!("{wait}?timeout=61"))
        .await
        .expect(400);
    let ended = server
        .api()
        .get(&format!("{wait}?timeout=1"))
        .await
        .expect(200);
    assert_eq!(ended.json()["timed_out"], true);
}
