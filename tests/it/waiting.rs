//! An agent waits for the next message while the world writes.

use posthouse_tests::eventually;
use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Posthouse};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Requests that may wait for one account at once.
const PLACES: usize = 20;

/// A request that waits, on a connection of its own so that it can go away.
struct Waiting(TcpStream);

impl Waiting {
    async fn begin(server: &Posthouse, account: &Account, query: &str) -> Self {
        let mut stream = TcpStream::connect(server.ready().http)
            .await
            .expect("a connection");
        let request = format!(
            "GET /v3/grants/{}/messages/wait?{query} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
            account.id,
            server.ready().api_key
        );
        stream
            .write_all(request.as_bytes())
            .await
            .expect("the server reads");
        Self(stream)
    }

    /// Reads the answer: its status and its body.
    async fn answer(mut self) -> (u16, Value) {
        let mut received = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&received).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && let Ok(json) = serde_json::from_str(body)
            {
                let status = head.get(9..12).and_then(|digits| digits.parse().ok());
                return (status.expect("a status"), json);
            }
            let read = self.0.read_buf(&mut received);
            let read = tokio::time::timeout(posthouse_tests::deadline(), read).await;
            let count = read
                .expect("an answer in time")
                .expect("the server answers");
            assert!(count > 0, "the answer ends early: {text}");
        }
    }
}

/// Waits until the account's places are all taken, or until one is free.
async fn until_full(server: &Posthouse, account: &Account, full: bool) {
    let api = server.api();
    let path = format!(
        "/v3/grants/{}/messages/wait?timeout=1&since=0&subject=nothing",
        account.id
    );
    eventually(&format!("the places to be full: {full}"), async || {
        let status = api.get(&path).await.status;
        assert!(status == 200 || status == 429, "{status}");
        ((status == 429) == full).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_delivered_ends_the_wait_and_the_next_wait_goes_on_behind_it() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let waiting = Waiting::begin(&server, &account, "timeout=60&from=buyer@shop.example").await;
    server
        .deliver(
            &Letter::to(&account.email)
                .from("other@shop.example")
                .subject("Not this one"),
        )
        .await;
    // Delivered again until the wait has seen one: it may not have begun when the first came.
    let answered = tokio::spawn(waiting.answer());
    let mut count = 0;
    eventually("the wait to end", async || {
        if answered.is_finished() {
            return Some(());
        }
        count += 1;
        let letter = Letter::to(&account.email).subject(&format!("Code {count}"));
        server.deliver(&letter).await;
        None
    })
    .await;
    let (status, body) = answered.await.expect("an answer");
    assert_eq!((status, &body["timed_out"]), (200, &json!(false)), "{body}");
    let message = &body["data"];
    assert_eq!(message["from"][0]["email"], "buyer@shop.example");
    assert_eq!(body["next_since"], message["id"]);
    let path = format!(
        "/v3/grants/{}/messages/{}",
        account.id,
        message["id"].as_str().unwrap_or_default()
    );
    assert_eq!(&server.api().get(&path).await.expect(200).data(), message);

    server
        .deliver(&Letter::to(&account.email).subject("Last"))
        .await;
    let mut since = body["next_since"].as_str().expect("a text").to_owned();
    let mut subjects = Vec::new();
    while subjects.last().is_none_or(|subject| subject != "Last") {
        let wait = format!("/v3/grants/{}/messages/wait?since={since}", account.id);
        let next = server.api().get(&wait).await.expect(200).json();
        since = next["next_since"].as_str().expect("a text").to_owned();
        subjects.push(
            next["data"]["subject"]
                .as_str()
                .expect("a match")
                .to_owned(),
        );
    }
    let mut once = subjects.clone();
    once.dedup();
    assert_eq!(once, subjects);
}

#[tokio::test]
async fn a_time_from_before_the_trigger_closes_the_race() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let before = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |now| now.as_secs());
    server
        .deliver(&Letter::to(&account.email).subject("Early"))
        .await;
    let path = format!("/v3/grants/{}/messages/wait?since={before}", account.id);
    let found = server.api().get(&path).await.expect(200).json();
    assert_eq!(found["data"]["subject"], "Early");

    let path = format!("{path}&subject=never&timeout=1");
    let nothing = server.api().get(&path).await.expect(200).json();
    assert_eq!(
        (
            &nothing["data"],
            &nothing["timed_out"],
            &nothing["next_since"]
        ),
        (&Value::Null, &json!(true), &json!(before.to_string()))
    );
}

#[tokio::test]
async fn the_twenty_first_is_refused_and_a_client_that_goes_away_frees_its_place() {
    let mut server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let mut waiting = Vec::new();
    for _ in 0..PLACES {
        waiting.push(Waiting::begin(&server, &account, "timeout=60").await);
    }
    until_full(&server, &account, true).await;
    let path = format!("/v3/grants/{}/messages/wait", account.id);
    let refused = server.api().get(&path).await.expect(429);
    assert_eq!(refused.error_type(), "rate_limit_error");
    assert_eq!(refused.header("retry-after"), "1");
    let other = server.create_account("other").await;
    let free = format!("/v3/grants/{}/messages/wait?timeout=1", other.id);
    server.api().get(&free).await.expect(200);

    waiting.truncate(PLACES / 2);
    until_full(&server, &account, false).await;

    // The stop waits for nobody who waits.
    let answers: Vec<_> = waiting
        .into_iter()
        .map(|waiting| tokio::spawn(waiting.answer()))
        .collect();
    assert_eq!(server.stop().await.code(), Some(0));
    for answer in answers {
        let (status, body) = answer.await.expect("an answer");
        assert_eq!((status, &body["timed_out"]), (200, &json!(true)));
    }
}
