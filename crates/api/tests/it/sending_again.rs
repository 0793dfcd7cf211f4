//! A request that is repeated under its key sends once.

use http::{HeaderValue, header};
use serde_json::json;

use crate::sending::{Agent, letter, with};

#[tokio::test]
async fn a_repeated_request_is_answered_as_the_first_and_sends_nothing() {
    let agent = Agent::open().await;
    let door = &agent.office.door;
    let first = door.send(agent.json(&letter(), "once")).await;
    let again = door.send(agent.json(&letter(), "once")).await;
    assert_eq!((again.status, &again.json), (first.status, &first.json));
    assert_eq!(again.headers["idempotent-response"], "true");
    assert!(!first.headers.contains_key("idempotent-response"));
    let other = door
        .send(agent.json(&with("subject", json!("Other")), "once"))
        .await;
    assert_eq!(
        (other.status.as_u16(), &other.json["error"]["type"]),
        (409, &json!("api.invalid_idempotent_request"))
    );
    let refused = door.send(agent.json(&json!({}), "bad")).await;
    let refused_again = door.send(agent.json(&json!({}), "bad")).await;
    assert_eq!(
        (refused.status.as_u16(), &refused_again.json),
        (400, &refused.json)
    );
    let empty = door.send(agent.json(&letter(), "")).await;
    assert_eq!(empty.json["error"]["type"], "api.invalid_idempotency_key");
    assert_eq!(agent.queue().await.len(), 1);

    // The same parts between other boundaries are the same payload.
    let form = |boundary: &str| {
        let body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n{}\r\n--{boundary}--\r\n",
            letter()
        );
        let mut request = agent.form("", &body, Some("form"));
        let value = format!("multipart/form-data; boundary={boundary}");
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_str(&value).unwrap());
        request
    };
    let first = door.send(form("one")).await;
    let again = door.send(form("two")).await;
    assert_eq!((first.status.as_u16(), &again.json), (200, &first.json));
    assert_eq!(agent.queue().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_requests_with_one_key_at_once_send_one_message() {
    let agent = Agent::open().await;
    let body = letter();
    let requests = (0..20).map(|_| agent.office.door.send(agent.json(&body, "race")));
    let answers = futures::future::join_all(requests).await;
    let mut ids = std::collections::HashSet::new();
    for answer in &answers {
        match answer.status.as_u16() {
            200 => drop(ids.insert(answer.json["data"]["id"].to_string())),
            409 => assert_eq!(
                answer.json["error"]["type"],
                "api.concurrent_idempotent_request"
            ),
            other => panic!("{other}: {:?}", answer.json),
        }
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(agent.queue().await.len(), 1);
    let later = agent.office.door.send(agent.json(&body, "race")).await;
    assert_eq!(
        (later.status.as_u16(), &later.headers["idempotent-response"]),
        (200, &HeaderValue::from_static("true"))
    );
}
