//! Waiting for a message through the router.

use http::Method;
use serde_json::Value;

use crate::account::Account;

#[tokio::test]
async fn the_oldest_message_since_a_time_comes_at_once_and_the_next_after_it() {
    let account = Account::open().await;
    account.receive("First", "one").await;
    account.receive("Second", "two").await;
    let first = account
        .get("/messages/wait?since=0&select=subject&timeout=60")
        .await;
    assert_eq!(first.status, 200, "{:?}", first.json);
    let message = &first.json["data"];
    assert_eq!(
        (&message["subject"], &first.json["timed_out"]),
        (&Value::from("First"), &Value::from(false))
    );
    assert_eq!(first.json["next_since"], message["id"]);
    let members: Vec<&String> = message.as_object().unwrap().keys().collect();
    assert_eq!(members, ["id", "object", "grant_id", "subject"]);
    let since = first.json["next_since"].as_str().unwrap();
    let second = account
        .get(&format!(
            "/messages/wait?since={since}&fields=include_headers"
        ))
        .await;
    assert_eq!(second.json["data"]["subject"], "Second");
    assert!(second.json["data"]["headers"].is_array());
    // The very object that the mailbox shows.
    let id = second.json["data"]["id"].as_str().unwrap();
    let shown = account
        .get(&format!("/messages/{id}?fields=include_headers"))
        .await;
    assert_eq!(shown.json["data"], second.json["data"]);
}

#[tokio::test]
async fn a_wait_in_vain_answers_null_and_where_to_go_on() {
    let account = Account::open().await;
    account.receive("First", "one").await;
    let nothing = account
        .get("/messages/wait?since=0&subject=other&timeout=1")
        .await;
    assert_eq!(nothing.status, 200, "{:?}", nothing.json);
    assert_eq!(
        (
            &nothing.json["data"],
            &nothing.json["timed_out"],
            &nothing.json["next_since"]
        ),
        (&Value::Null, &Value::from(true), &Value::from("0"))
    );
}

#[tokio::test]
async fn wrong_parameters_are_refused_before_any_waiting() {
    let account = Account::open().await;
    for bad in [
        "timeout=0",
        "timeout=61",
        "timeout=soon",
        "since=yesterday",
        "has_attachment=maybe",
        "fields=everything",
        "has_otp=maybe",
        "has_link=2",
        "q=%22open",
        "search_query_native=a+OR",
    ] {
        let refused = account.get(&format!("/messages/wait?{bad}")).await;
        assert_eq!(refused.error().0, 400, "{bad}");
        assert!(!refused.error().2.contains("timeout"), "{bad}");
        let name = bad.split('=').next();
        assert_eq!(refused.json["error"]["field"].as_str(), name, "{bad}");
    }
    // A word of the path is never taken for an id.
    let wrong = account
        .door
        .send(account.request(Method::DELETE, "/messages/wait"))
        .await;
    assert_eq!(wrong.error().0, 405);
}

#[tokio::test]
async fn codes_links_and_words_are_waited_for_together_with_fields_and_select() {
    let account = Account::open().await;
    account.receive("First", "nothing here").await;
    account.receive("Second", "Your code is 482913.").await;
    account
        .receive(
            "Third",
            "Your code is 771204, or <a href=\"https://app.example/verify?t=a\">verify</a> here",
        )
        .await;
    for (filter, subject) in [
        ("has_otp=True", "Second"),
        ("has_otp=false", "First"),
        ("has_link=true", "Third"),
        ("has_otp=1&has_link=1", "Third"),
        ("q=771204", "Third"),
        ("q=code&has_link=false", "Second"),
        ("search_query_native=code+-verify", "Second"),
    ] {
        let path = format!(
            "/messages/wait?since=0&timeout=5&{filter}&fields=include_extracted&select=subject,extracted"
        );
        let answer = account.get(&path).await;
        let message = &answer.json["data"];
        assert_eq!(message["subject"], subject, "{filter}: {:?}", answer.json);
        assert!(message["extracted"]["otp_codes"].is_array(), "{filter}");
        assert_eq!(message.get("body"), None);
    }
    let none = account
        .get("/messages/wait?since=0&timeout=1&q=nowhere")
        .await;
    assert_eq!(none.json["data"], Value::Null);
    let next = none.json["next_since"].as_str().unwrap();
    let last = account.get("/messages?limit=1&select=id").await;
    assert_eq!(last.json["data"][0]["id"], next, "all were looked at");
}
