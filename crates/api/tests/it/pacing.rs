//! A rate of sending over HTTP: what waits is answered 202, what would wait too long 429.

use serde_json::json;

use crate::office::Office;

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
    let first = office.post(&target, letter.clone()).await;
    assert_eq!(first.status, 200, "{:?}", first.json);
    let second = office.post(&target, letter.clone()).await;
    assert_eq!(second.status, 202, "{:?}", second.json);
    assert!(second.json["schedule_id"].is_string() && second.json["send_at"].is_i64());
    assert_eq!(second.json["data"]["folders"], json!([]));
    let mut last = second;
    for _ in 0..120 {
        last = office.post(&target, letter.clone()).await;
        if last.status != 202 {
            break;
        }
    }
    assert_eq!(last.status, 429, "{:?}", last.json);
    assert_eq!(last.json["error"]["type"], "rate_limit_error");
    let wait = last.headers["retry-after"].to_str().unwrap();
    assert!((1..=3).contains(&wait.parse::<u64>().unwrap()), "{wait}");
}
