//! A rate of sending over HTTP: what waits is answered 202, what would wait too long 429.

use serde_json::json;

use crate::office::Office;

/// More than a second's and the queue's worth, on a slow machine too.
const SENDS_MAX: usize = 1_000;

#[tokio::test]
async fn beyond_the_rate_a_send_is_accepted_for_later_and_then_refused_with_when_to_come_again() {
    let office = Office::open().await;
    office.door.mailroom.send_at_most(1);
    let account = office.account("agent@agents.test").await;
    let target = format!(
        "/v3/grants/{}/messages/send",
        account["id"].as_str().unwrap()
    );
    let letter = json!({"to": [{"email": "bo@shop.example"}], "subject": "x", "body": "x"});
    // The clock is the machine's, so it is not said which send is the first to wait.
    let (mut sent, mut waits) = (0, Vec::new());
    let mut last = office.post(&target, letter.clone()).await;
    for _ in 0..SENDS_MAX {
        match last.status {
            http::StatusCode::OK => sent += 1,
            http::StatusCode::ACCEPTED => waits.push(last.json.clone()),
            _ => break,
        }
        last = office.post(&target, letter.clone()).await;
    }
    assert!(sent >= 1);
    assert!(waits.len() >= 85, "{}", waits.len());
    assert!(waits[0]["schedule_id"].is_string() && waits[0]["send_at"].is_i64());
    assert_eq!(waits[0]["data"]["folders"], json!([]));
    assert_eq!(last.status, 429, "{:?}", last.json);
    assert_eq!(last.json["error"]["type"], "rate_limit_error");
    let wait = last.headers["retry-after"].to_str().unwrap();
    assert!((1..=3).contains(&wait.parse::<u64>().unwrap()), "{wait}");
}
