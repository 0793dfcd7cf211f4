//! Replies to tracked messages are announced to webhooks.

use posthouse_tests::letter::Letter;
use posthouse_tests::server::Posthouse;
use posthouse_tests::webhook::WebhookReceiver;
use serde_json::json;

#[tokio::test]
async fn a_reply_to_a_tracked_message_is_announced_with_both_messages_and_the_label() {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let api = server.api();
    let agent = server.create_account("agent").await;
    let hook = json!({"trigger_types": ["thread.replied"], "webhook_url": receiver.url("/hook")});
    api.post("/v3/webhooks", hook).await.expect(200);
    let letter = json!({
        "to": [{"email": "buyer@shop.example"}],
        "subject": "Quote",
        "body": "<p>How many?</p>",
        "tracking_options": {"thread_replies": true, "label": "q4"},
    });
    let path = format!("/v3/grants/{}/messages", agent.id);
    let sent = api.post(&format!("{path}/send"), letter).await.expect(200);
    assert!(sent.json().get("warnings").is_none(), "{}", sent.text());
    let asked = sent.data();
    server
        .deliver(
            &Letter::to(&agent.email)
                .from("buyer@shop.example")
                .subject("Re: Quote"),
        )
        .await;
    let event = receiver.wait_for_type("thread.replied").await.json();
    assert_eq!(event["source"], "/com/nylas/tracking");
    let replies = api.get(&format!("{path}?in=inbox")).await.expect(200);
    let reply = replies.rows().remove(0);
    let data = &event["data"];
    assert_eq!(data["grant_id"], agent.id.as_str());
    let expected = json!({
        "object": "thread",
        "grant_id": agent.id,
        "message_id": reply["id"],
        "root_message_id": asked["id"],
        "reply_to_message_id": asked["id"],
        "thread_id": asked["thread_id"],
        "label": "q4",
        "reply_data": {"count": 1},
        "from_self": false,
        "sender_app_id": server.ready().application_id,
        "timestamp": data["object"]["timestamp"],
    });
    assert_eq!(data["object"], expected);
    assert!(data["object"]["timestamp"].is_i64());
    let id = asked["id"].as_str().expect("an id");
    let shown = api
        .get(&format!("{path}/{id}?fields=include_tracking_options"))
        .await
        .expect(200)
        .data();
    assert_eq!(
        shown["tracking_options"],
        json!({"opens": false, "links": false, "thread_replies": true, "label": "q4"})
    );
}
