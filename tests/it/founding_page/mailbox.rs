//! A stranger writes, the account has it, and whoever asked is told.

use posthouse_tests::letter::Letter;
use posthouse_tests::server::Posthouse;
use posthouse_tests::webhook::WebhookReceiver;
use serde_json::json;

#[tokio::test]
async fn the_mailbox_is_listed_five_at_a_time() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    for number in 0..7 {
        server
            .deliver(&Letter::to(&account.email).subject(&format!("Number {number}")))
            .await;
    }
    let path = format!("/v3/grants/{}/messages?limit=5", account.id);
    let first = server.api().get(&path).await.expect(200);
    let subjects: Vec<String> = first
        .rows()
        .iter()
        .map(|message| message["subject"].to_string())
        .collect();
    assert_eq!(
        subjects,
        [6, 5, 4, 3, 2].map(|number| format!("\"Number {number}\""))
    );
    let cursor = first.json()["next_cursor"]
        .as_str()
        .expect("more rows")
        .to_owned();
    let second = server
        .api()
        .get(&format!("{path}&page_token={cursor}"))
        .await
        .expect(200);
    let subjects: Vec<String> = second
        .rows()
        .iter()
        .map(|message| message["subject"].to_string())
        .collect();
    assert_eq!(
        subjects,
        [1, 0].map(|number| format!("\"Number {number}\""))
    );
    assert!(second.json().get("next_cursor").is_none());
    let by_address = format!("/v3/grants/{}/messages?limit=5", account.email);
    assert_eq!(
        server.api().get(&by_address).await.expect(200).rows(),
        first.rows()
    );
}

#[tokio::test]
async fn a_message_that_was_answered_250_is_in_the_mailbox_and_under_the_id_of_the_reply() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let letter = Letter::to(&account.email)
        .subject("Order 42")
        .text("Please confirm.\n")
        .html("<p>Please <b>confirm</b>.</p>");
    let reply = server.deliver(&letter).await;
    let messages = server
        .api()
        .get(&format!("/v3/grants/{}/messages", account.id))
        .await
        .expect(200)
        .rows();
    assert_eq!(
        messages.len(),
        1,
        "the message is there as soon as the 250 is"
    );
    let message = &messages[0];
    let id = message["id"].as_str().expect("an id");
    assert!(reply.text().contains(id), "{reply:?} does not name {id}");
    assert!(server.log().contains(id), "no log line names {id}");
    assert_eq!(message["subject"], "Order 42");
    assert_eq!(
        message["from"],
        json!([{"name": "Buyer", "email": "buyer@shop.example"}])
    );
    assert_eq!(
        message["to"],
        json!([{"name": "", "email": "agent@agents.localhost"}])
    );
    assert_eq!(
        message["body"].as_str().map(str::trim),
        Some("<p>Please <b>confirm</b>.</p>")
    );
    assert_eq!(message["snippet"], "Please confirm.");
    assert_eq!(
        (
            &message["unread"],
            &message["starred"],
            &message["answered"]
        ),
        (&json!(true), &json!(false), &json!(false))
    );
    assert_eq!(message["rfc822_message_id"], letter.message_id.as_str());
    assert_eq!(message["attachments"], json!([]));
    assert_eq!(message["metadata"], json!({}));
    let found = server
        .api()
        .get(&format!("/v3/grants/{}/messages/{id}", account.id))
        .await
        .expect(200)
        .data();
    assert_eq!(&found, message);
}

#[tokio::test]
async fn a_signed_notification_carries_the_very_message_that_the_api_shows() {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let body = json!({"trigger_types": ["message.created", "grant.created"], "webhook_url": receiver.url("/hook")});
    let webhook = server.api().post("/v3/webhooks", body).await.expect(200);
    let secret = webhook.text_of("webhook_secret");
    assert_eq!(receiver.challenges().len(), 1);

    let account = server.create_account("agent").await;
    let created = receiver.wait_for_type("grant.created").await;
    assert!(created.is_signed_with(&secret));
    let object = &created.json()["data"]["object"];
    assert_eq!(
        (&object["code"], &object["grant_id"]),
        (&json!(25012), &json!(account.id))
    );

    server
        .deliver(&Letter::to(&account.email).subject("Order 42"))
        .await;
    let notification = receiver.wait_for_type("message.created").await;
    assert!(
        notification.is_signed_with(&secret),
        "the signature is not over the bytes that were sent"
    );
    assert!(!notification.is_signed_with("another secret"));
    assert_eq!(notification.target, "/hook");
    assert!(
        notification
            .header("content-type")
            .starts_with("application/json")
    );
    assert!(
        notification
            .header("user-agent")
            .starts_with("Posthouse-Webhooks/")
    );
    assert!(!notification.header("x-posthouse-delivery").is_empty());
    let envelope = notification.json();
    assert_eq!(envelope["specversion"], "1.0");
    assert_eq!(envelope["source"], "/nylas/emails/realtime");
    assert_eq!(envelope["webhook_delivery_attempt"], 1);
    assert!(
        envelope["time"].is_i64() && envelope["id"].is_string(),
        "{envelope}"
    );
    assert_eq!(
        envelope["data"]["application_id"],
        server.ready().application_id.as_str()
    );
    let message = &envelope["data"]["object"];
    let path = format!(
        "/v3/grants/{}/messages/{}",
        account.id,
        message["id"].as_str().unwrap_or_default()
    );
    assert_eq!(&server.api().get(&path).await.expect(200).data(), message);
}

#[tokio::test]
async fn a_refused_notification_is_sent_again_and_an_unwanted_answer_is_not() {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let body = json!({"trigger_types": ["message.created"], "webhook_url": receiver.url("/hook")});
    server.api().post("/v3/webhooks", body).await.expect(200);
    let account = server.create_account("agent").await;
    // 400 is an answer: this one is not sent again. The next one shows that the destination goes on.
    receiver.reply_next(&[400, 200]);
    server
        .deliver(&Letter::to(&account.email).subject("First"))
        .await;
    server
        .deliver(&Letter::to(&account.email).subject("Second"))
        .await;
    let is_about = |subject: &'static str| {
        move |request: &posthouse_tests::webhook::Received| {
            request.json()["data"]["object"]["subject"] == subject
        }
    };
    receiver
        .wait_for("the first notification", is_about("First"))
        .await;
    receiver
        .wait_for("the second notification", is_about("Second"))
        .await;
    let attempts: Vec<i64> = receiver
        .notifications()
        .iter()
        .filter_map(|request| request.json()["webhook_delivery_attempt"].as_i64())
        .collect();
    assert_eq!(attempts, [1, 1]);
}

#[tokio::test]
async fn a_webhook_whose_challenge_fails_is_not_made() {
    use posthouse_tests::webhook::ChallengeReply;
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    for reply in [
        ChallengeReply::Wrong,
        ChallengeReply::NotFound,
        ChallengeReply::Redirect,
    ] {
        receiver.reply_to_challenges(reply);
        let body =
            json!({"trigger_types": ["message.created"], "webhook_url": receiver.url("/hook")});
        let answer = server.api().post("/v3/webhooks", body).await.expect(400);
        assert_eq!(answer.error_type(), "70005", "{reply:?}");
        assert!(
            answer.error_message().starts_with("verify webhook URL"),
            "{}",
            answer.error_message()
        );
    }
    assert_eq!(
        receiver.challenges().len(),
        3,
        "one try each, no redirect followed"
    );
    assert_eq!(
        server
            .api()
            .get("/v3/webhooks")
            .await
            .expect(200)
            .rows()
            .len(),
        0
    );
}

#[tokio::test]
async fn nothing_is_lost_over_a_restart() {
    let mut server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    server
        .deliver(&Letter::to(&account.email).subject("Before"))
        .await;
    let key = server.ready().api_key.clone();
    server.restart().await;
    assert_eq!(
        server.ready().api_key,
        key,
        "the key of --dev stays the same"
    );
    server
        .deliver(&Letter::to(&account.email).subject("After"))
        .await;
    let messages = server.wait_for_messages(&account, 2).await;
    let subjects: Vec<&str> = messages
        .iter()
        .filter_map(|message| message["subject"].as_str())
        .collect();
    assert_eq!(subjects, ["After", "Before"]);
    let status = server.stop().await;
    assert_eq!(status.code(), Some(0), "SIGTERM ends with success");
}
