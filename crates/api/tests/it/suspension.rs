//! Suspended accounts, and the log of who did what.

use serde_json::{Value, json};

use crate::office::Office;

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().expect("a text")
}

async fn suspended(office: &Office) -> String {
    let grant = office.account("agent@agents.test").await;
    let id = text(&grant, "id").to_owned();
    let body = json!({"reason": "runaway loop", "inbound": "defer"});
    let answer = office.post(&format!("/v3/grants/{id}/suspend"), body).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json);
    assert_eq!(answer.json["data"]["blocked"], true);
    assert_eq!(answer.json["data"]["suspended_reason"], "runaway loop");
    id
}

#[tokio::test]
async fn a_suspended_account_is_read_and_not_written_until_it_is_resumed() {
    let office = Office::open().await;
    let id = suspended(&office).await;
    let folder = format!("/v3/grants/{id}/folders");
    let refused = office.post(&folder, json!({"name": "Work"})).await;
    assert_eq!(refused.status, 423);
    assert_eq!(refused.json["error"]["type"], "api.resource_blocked");
    assert_eq!(refused.json["error"]["message"], "account is suspended");
    let letter = json!({"to": [{"email": "x@shop.example"}], "subject": "s", "body": "b"});
    let send = format!("/v3/grants/{id}/messages/send");
    assert_eq!(office.post(&send, letter).await.status, 423);
    assert_eq!(office.get(&folder).await.status, 200, "it can be read");

    let renamed = office
        .patch(&format!("/v3/grants/{id}"), json!({"name": "Still here"}))
        .await;
    assert_eq!(renamed.status, 200, "the account itself can be changed");
    assert_eq!(renamed.json["data"]["blocked"], true);

    let resume = format!("/v3/grants/{id}/resume");
    for _ in 0..2 {
        let resumed = office.post(&resume, json!({})).await;
        assert_eq!(resumed.status, 200, "{:?}", resumed.json);
        assert_eq!(resumed.json["data"]["blocked"], false);
        assert_eq!(resumed.json["data"]["suspended_reason"], Value::Null);
    }
    assert_eq!(
        office.post(&folder, json!({"name": "Work"})).await.status,
        200
    );
}

#[tokio::test]
async fn a_key_for_less_than_the_application_neither_reads_a_suspended_account_nor_frees_it() {
    let office = Office::open().await;
    let id = suspended(&office).await;
    let body = json!({"name": "agent", "scope": {"type": "grant", "id": id}});
    let application = office.application_id.clone();
    let own = office.make_key(&application, body).await;
    let agent = Office { key: own, ..office };
    let folders = agent.get(&format!("/v3/grants/{id}/folders")).await;
    assert_eq!(folders.status, 423);
    for verb in ["suspend", "resume"] {
        let answer = agent
            .post(&format!("/v3/grants/{id}/{verb}"), json!({}))
            .await;
        assert_eq!(answer.status, 403, "{verb}: {:?}", answer.json);
    }
}

#[tokio::test]
async fn a_suspension_with_an_unknown_word_names_the_field() {
    let office = Office::open().await;
    let grant = office.account("agent@agents.test").await;
    let path = format!("/v3/grants/{}/suspend", text(&grant, "id"));
    let answer = office.post(&path, json!({"inbound": "bounce"})).await;
    assert_eq!(answer.status, 400);
    assert!(text(&answer.json["error"], "message").starts_with("inbound:"));
}

#[tokio::test]
async fn the_log_tells_who_did_what_to_which_account_and_answers_each_filter() {
    let office = Office::open().await;
    let id = suspended(&office).await;
    let letter = json!({"to": [{"email": "a@shop.example"}], "bcc": [{"email": "b@shop.example"}],
        "subject": "Never in the log", "body": "b"});
    office
        .post(&format!("/v3/grants/{id}/resume"), json!({}))
        .await;
    let sent = office
        .post(&format!("/v3/grants/{id}/messages/send"), letter)
        .await;
    assert_eq!(sent.status, 200, "{:?}", sent.json);
    let message = text(&sent.json["data"], "id").to_owned();

    let all = office.get("/v3/admin/audit").await;
    assert_eq!(all.status, 200, "{:?}", all.json);
    let rows = all.json["data"].as_array().expect("rows");
    let actions: Vec<&str> = rows.iter().map(|row| text(row, "action")).collect();
    assert_eq!(
        actions[..3],
        ["message.send", "grant.resume", "grant.suspend"],
        "newest first"
    );
    assert!(!all.json.to_string().contains("Never in the log"));

    let send = &rows[0];
    assert_eq!(
        send["recipients"],
        json!(["a@shop.example", "b@shop.example"]),
        "Bcc included"
    );
    assert_eq!(send["object"], json!({"type": "message", "id": message}));
    assert_eq!(send["request_id"], sent.json["request_id"]);
    assert_eq!(send["grant_id"], id.as_str());
    assert_eq!(send["outcome"], "done");
    assert_eq!(rows[2]["reason"], "runaway loop");

    let actor = text(send, "actor").to_owned();
    for (filter, expected) in [
        (format!("object_id={message}"), 1),
        ("action=grant.suspend".to_owned(), 1),
        (format!("actor={actor}&action=grant.resume"), 1),
        ("actor=system&action=grant.resume".to_owned(), 0),
        (format!("grant_id={id}&before=1"), 0),
        (format!("grant_id={id}&since=1&action=message.send"), 1),
        ("grant_id=nonsense".to_owned(), 0),
    ] {
        let answer = office.get(&format!("/v3/admin/audit?{filter}")).await;
        let found = answer.json["data"].as_array().expect("rows").len();
        assert_eq!(found, expected, "{filter}");
    }
}

#[tokio::test]
async fn pages_of_the_log_go_on_where_the_last_one_ended() {
    let office = Office::open().await;
    let id = suspended(&office).await;
    office
        .post(&format!("/v3/grants/{id}/resume"), json!({}))
        .await;
    let first = office.get("/v3/admin/audit?limit=1").await;
    let cursor = text(&first.json, "next_cursor");
    let second = office
        .get(&format!("/v3/admin/audit?limit=1&page_token={cursor}"))
        .await;
    assert_eq!(first.json["data"][0]["action"], "grant.resume");
    assert_eq!(second.json["data"][0]["action"], "grant.suspend");
    let bad = office.get("/v3/admin/audit?page_token=x").await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn another_applications_operator_sees_nothing_of_the_log() {
    let office = Office::open().await;
    let id = suspended(&office).await;
    let made = office
        .post("/v3/applications", json!({"name": "Other"}))
        .await;
    let other = text(&made.json["data"], "application_id").to_owned();
    let body = json!({"name": "operator", "admin": true});
    let key = office.make_key(&other, body).await;
    let stranger = Office { key, ..office };
    for filter in [String::new(), format!("?grant_id={id}")] {
        let answer = stranger.get(&format!("/v3/admin/audit{filter}")).await;
        assert_eq!(answer.status, 200);
        let rows = answer.json["data"].to_string();
        assert!(!rows.contains("grant.suspend"), "{rows}");
    }
}
