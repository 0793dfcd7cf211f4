//! Threads through the router.

use http::{Method, Request, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::account::Account;
use crate::door::Answered;

fn rows(answer: &Answered) -> &Vec<Value> {
    assert_eq!(answer.status, 200, "{:?}", answer.json);
    answer.json["data"].as_array().expect("a list")
}

fn subjects(answer: &Answered) -> Vec<&str> {
    rows(answer)
        .iter()
        .map(|row| row["subject"].as_str().expect("a subject"))
        .collect()
}

async fn send(account: &Account, method: Method, below: &str, body: Value) -> Answered {
    let mut request: Request<Full<bytes::Bytes>> = account.request(method, below);
    let json = header::HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    *request.body_mut() = Full::from(body.to_string());
    account.door.send(request).await
}

#[tokio::test]
async fn a_thread_object_has_every_member_of_the_contract() {
    let account = Account::open().await;
    account.receive("Hello", "one").await;
    account.receive("Re: Hello", "two").await;
    let listed = account.get("/threads").await;
    let threads = rows(&listed);
    assert_eq!(threads.len(), 1);
    let thread = &threads[0];
    for member in ["id", "grant_id", "subject", "snippet"] {
        assert!(thread[member].is_string(), "{member}: {thread}");
    }
    for member in ["has_attachments", "has_drafts", "starred", "unread"] {
        assert!(thread[member].is_boolean(), "{member}: {thread}");
    }
    for member in ["participants", "message_ids", "draft_ids", "folders"] {
        assert!(thread[member].is_array(), "{member}: {thread}");
    }
    for member in ["earliest_message_date", "latest_message_received_date"] {
        assert!(thread[member].is_i64(), "{member}: {thread}");
    }
    assert_eq!(thread["latest_message_sent_date"], Value::Null);
    assert_eq!(thread["object"], "thread");
    assert_eq!(thread["grant_id"], account.id);
    assert_eq!(thread["message_ids"].as_array().map(Vec::len), Some(2));
    let messages = account.get("/messages").await;
    assert_eq!(thread["latest_draft_or_message"], rows(&messages)[0]);
    assert_eq!(rows(&messages)[0]["thread_id"], thread["id"]);

    let one = account
        .get(&format!("/threads/{}", thread["id"].as_str().unwrap()))
        .await;
    assert_eq!(&one.json["data"], thread, "listing and getting agree");
    let selected = account.get("/threads?select=subject").await;
    let mut members: Vec<&String> = rows(&selected)[0].as_object().unwrap().keys().collect();
    members.sort_unstable();
    assert_eq!(members, ["grant_id", "id", "object", "subject"]);
    assert_eq!(
        account.get("/threads/nonsense").await.error().0,
        404,
        "no such thread"
    );
}

#[tokio::test]
async fn pages_of_threads_are_filled_follow_each_other_and_end_while_mail_arrives() {
    let account = Account::open().await;
    for number in 0..25 {
        account.receive(&format!("t{number}"), "text").await;
    }
    let first = account.get("/threads").await;
    assert_eq!(rows(&first).len(), 20, "the default");
    let first = account.get("/threads?limit=3").await;
    assert_eq!(subjects(&first), ["t24", "t23", "t22"]);
    let mut cursor = first.json["next_cursor"].as_str().map(str::to_owned);
    let mut seen: Vec<String> = Vec::new();
    let mut limit = 1;
    while let Some(token) = cursor {
        // Replies to a thread that was shown, and a new one.
        account.receive("Re: t24", "again").await;
        account.receive("new", "text").await;
        let path = format!("/threads?limit={limit}&page_token={token}");
        let page = account.get(&path).await;
        seen.extend(subjects(&page).into_iter().map(str::to_owned));
        cursor = page.json["next_cursor"].as_str().map(str::to_owned);
        assert_ne!(cursor.as_deref(), Some(token.as_str()));
        assert!(rows(&page).len() == limit || cursor.is_none());
        limit = limit % 4 + 1;
    }
    let rest: Vec<String> = (0..22).rev().map(|number| format!("t{number}")).collect();
    assert_eq!(seen, rest);
    assert_eq!(
        subjects(&account.get("/threads?limit=1&offset=1").await).len(),
        1
    );
    let of_messages = account.get("/messages?limit=1").await;
    let token = of_messages.json["next_cursor"].as_str().unwrap();
    let foreign = account.get(&format!("/threads?page_token={token}")).await;
    assert_eq!(foreign.error().0, 400, "a place in another listing");
    assert_eq!(account.get("/threads?limit=0").await.error().0, 400);
}

#[tokio::test]
async fn filters_of_threads_are_read_as_those_of_messages_are() {
    let account = Account::open().await;
    account.receive("Offer", "text").await;
    account.receive_file("a.pdf", "application/pdf", "x").await;
    for (query, expected) in [
        ("subject=OFF", vec!["Offer"]),
        ("has_attachment=True", vec!["A file"]),
        (
            "from=STRANGER@shop.example&unread=1",
            vec!["A file", "Offer"],
        ),
        ("any_email=nobody@shop.example", vec![]),
        ("starred=true", vec![]),
        ("in=junk", vec![]),
        ("in=all", vec!["A file", "Offer"]),
        ("latest_message_before=1000000000", vec![]),
        ("latest_message_after=1000000000", vec!["A file", "Offer"]),
        ("earliest_message_date=1000000000", vec!["A file", "Offer"]),
        ("thread_id=nonsense", vec![]),
    ] {
        let listed = account.get(&format!("/threads?{query}")).await;
        assert_eq!(subjects(&listed), expected, "{query}");
    }
    for (query, field) in [
        ("latest_message_after=soon", "latest_message_after"),
        ("q=-never", "q"),
    ] {
        let wrong = account.get(&format!("/threads?{query}")).await;
        assert_eq!(
            (wrong.error().0, wrong.json["error"]["field"].as_str()),
            (400, Some(field))
        );
    }
}

#[tokio::test]
async fn a_thread_is_marked_moved_and_thrown_away_as_a_whole() {
    let account = Account::open().await;
    account.receive("Hello", "one").await;
    account.receive("Re: Hello", "two").await;
    let listed = account.get("/threads").await;
    let below = format!("/threads/{}", rows(&listed)[0]["id"].as_str().unwrap());
    let body = json!({"starred": true, "unread": false, "folders": ["archive"], "colour": "red"});
    let changed = send(&account, Method::PUT, &below, body).await;
    assert_eq!(changed.status, 200, "{:?}", changed.json);
    assert_eq!(changed.json["data"]["starred"], true);
    assert_eq!(changed.json["data"]["unread"], false);
    assert_eq!(changed.json["warnings"].as_array().map(Vec::len), Some(1));
    let archived = account.get("/messages?in=archive&starred=true").await;
    assert_eq!(rows(&archived).len(), 2);
    let again = send(&account, Method::PATCH, &below, json!({"unread": true})).await;
    assert_eq!(again.json["data"]["unread"], true);
    assert_eq!(
        again.json["data"]["folders"],
        changed.json["data"]["folders"]
    );
    for body in [json!({"folders": ["nowhere"]}), json!({"unread": "yes"})] {
        let refused = send(&account, Method::PUT, &below, body).await;
        assert_eq!(refused.error().0, 400);
    }

    let deleted = account
        .door
        .send(account.request(Method::DELETE, &below))
        .await;
    assert_eq!(deleted.status, 200);
    assert_eq!(deleted.json.as_object().map(serde_json::Map::len), Some(1));
    assert!(rows(&account.get("/threads").await).is_empty());
    assert_eq!(rows(&account.get("/threads?in=trash").await).len(), 1);
    let other = account.neighbour("other").await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let foreign = other.door.send(other.request(method, &below)).await;
        assert_eq!(foreign.error().0, 404);
    }
}
