//! Holds, the guard and the reply budget over HTTP: shapes, statuses, and who may decide.

use http::Method;
use serde_json::{Value, json};

use crate::office::Office;

const CARD: &str = "4111 1111 1111 1111";

/// Makes a policy with a guard and lets the default workspace have it.
async fn guard(office: &Office, outbound_guard: Value) -> String {
    let body = json!({"name": "Guarded", "outbound_guard": outbound_guard});
    let made = office.post("/v3/policies", body).await;
    assert_eq!(made.status, 200, "{:?}", made.json);
    let id = made.json["data"]["id"].as_str().unwrap().to_owned();
    let workspaces = office.get("/v3/workspaces").await;
    let default = workspaces.json["data"][0]["workspace_id"].as_str().unwrap();
    let changed = office
        .patch(
            &format!("/v3/workspaces/{default}"),
            json!({"policy_id": id}),
        )
        .await;
    assert_eq!(changed.status, 200, "{:?}", changed.json);
    id
}

fn letter(body: &str) -> Value {
    json!({"to": [{"email": "buyer@shop.example"}], "subject": "Pay", "body": body})
}

struct Desk {
    office: Office,
    grant: String,
}

async fn desk() -> Desk {
    let office = Office::open().await;
    let grant = office.account("agent@agents.test").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    Desk { office, grant }
}

impl Desk {
    async fn send(&self, body: &str) -> crate::door::Answered {
        let target = format!("/v3/grants/{}/messages/send", self.grant);
        self.office.post(&target, letter(body)).await
    }
}

#[tokio::test]
async fn a_held_send_is_answered_202_and_goes_when_it_is_approved() {
    let Desk { office, grant } = &desk().await;
    guard(office, json!({"payment_cards": "hold"})).await;
    let target = format!("/v3/grants/{grant}/messages/send");
    let held = office
        .post(&target, letter(&format!("my card {CARD}")))
        .await;
    assert_eq!(held.status, 202, "{:?}", held.json);
    let data = &held.json["data"];
    assert_eq!(
        (&data["folders"], &data["object"]),
        (&json!([]), &json!("message"))
    );
    assert_eq!(data["hold"]["status"], "pending");
    assert_eq!(data["hold"]["rule_ids"], json!([]));
    assert!(
        data["hold"]["reasons"][0]
            .as_str()
            .unwrap()
            .contains("Visa")
    );
    let hold_id = data["hold"]["id"].as_str().unwrap();
    let message_id = data["id"].as_str().unwrap();

    let message = format!("/v3/grants/{grant}/messages/{message_id}");
    assert_eq!(office.get(&message).await.status, 404);
    for target in [
        "/v3/holds".to_owned(),
        "/v3/holds?status=pending".to_owned(),
        format!("/v3/holds?grant_id={grant}"),
        format!("/v3/grants/{grant}/holds?limit=1"),
    ] {
        let listed = office.get(&target).await;
        assert_eq!(
            listed.json["data"][0]["id"], hold_id,
            "{target}: {:?}",
            listed.json
        );
        assert_eq!(listed.json["data"][0]["message"].get("body"), None);
    }
    assert_eq!(
        office.get("/v3/holds?status=approved").await.json["data"],
        json!([])
    );
    assert_eq!(office.get("/v3/holds?status=maybe").await.status, 400);
    let one = office.get(&format!("/v3/holds/{hold_id}")).await;
    assert!(
        one.json["data"]["message"]["body"]
            .as_str()
            .unwrap()
            .contains(CARD)
    );

    let approve = format!("/v3/holds/{hold_id}/approve");
    let approved = office.post(&approve, json!({"note": "fine"})).await;
    assert_eq!(approved.status, 200, "{:?}", approved.json);
    assert_eq!(approved.json["data"]["status"], "approved");
    assert_eq!(approved.json["data"]["note"], "fine");
    assert_eq!(office.get(&message).await.status, 200);
    let again = office.post(&approve, json!({})).await;
    assert_eq!(
        (again.status.as_u16(), &again.json["error"]["type"]),
        (409, &json!("conflict"))
    );
    let reject = office
        .post(&format!("/v3/holds/{hold_id}/reject"), json!({}))
        .await;
    assert_eq!(reject.status, 409);
}

#[tokio::test]
async fn a_held_draft_is_answered_202_and_stays() {
    let Desk { office, grant } = &desk().await;
    guard(office, json!({"payment_cards": "hold"})).await;
    let drafts = format!("/v3/grants/{grant}/drafts");
    let made = office
        .post(&drafts, letter(&format!("my card {CARD}")))
        .await;
    let draft = format!("{drafts}/{}", made.json["data"]["id"].as_str().unwrap());
    let held = office.post(&draft, json!({})).await;
    assert_eq!(held.status, 202, "{:?}", held.json);
    assert_eq!(office.post(&draft, json!({})).await.status, 409);
    assert_eq!(office.get(&draft).await.status, 200);
    let hold_id = held.json["data"]["hold"]["id"].as_str().unwrap();
    let rejected = office
        .post(
            &format!("/v3/holds/{hold_id}/reject"),
            json!({"reason": "no"}),
        )
        .await;
    assert_eq!(
        (rejected.status.as_u16(), &rejected.json["data"]["status"]),
        (200, &json!("rejected"))
    );
    assert_eq!(office.get(&draft).await.status, 200);
}

#[tokio::test]
async fn a_warning_is_told_beside_the_message_and_a_block_names_the_finding() {
    let desk = desk().await;
    let policy = guard(&desk.office, json!({"payment_cards": "warn"})).await;
    let warned = desk.send(&format!("my card {CARD}")).await;
    assert_eq!(warned.status, 200, "{:?}", warned.json);
    let warning = warned.json["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("the number of a Visa card (… 1111) in "),
        "{warning}"
    );
    let put = json!({"outbound_guard": {"payment_cards": "block"}});
    let target = format!("/v3/policies/{policy}");
    let changed = desk
        .office
        .call(&desk.office.key, Method::PUT, &target, Some(put))
        .await;
    assert_eq!(changed.status, 200, "{:?}", changed.json);
    let blocked = desk.send(&format!("my card {CARD}")).await;
    assert_eq!(
        (blocked.status.as_u16(), &blocked.json["error"]["type"]),
        (403, &json!("forbidden"))
    );
    let message = blocked.json["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Blocked by the outbound guard: the number of a Visa card"),
        "{message}"
    );
    assert!(!message.contains("4111"));
    assert_eq!(desk.send("all good").await.status, 200);
}

#[tokio::test]
async fn keys_of_an_account_list_its_holds_and_cannot_decide() {
    let desk = desk().await;
    guard(&desk.office, json!({"payment_cards": "hold"})).await;
    let held = desk.send(&format!("my card {CARD}")).await;
    let hold_id = held.json["data"]["hold"]["id"].as_str().unwrap();
    let office = &desk.office;
    let scope = json!({"name": "Agent", "scope": {"type": "grant", "id": desk.grant}});
    let own = office.make_key(&office.application_id, scope).await;
    let listed = office.call(&own, Method::GET, "/v3/holds", None).await;
    assert_eq!(listed.json["data"][0]["id"], hold_id, "{:?}", listed.json);
    let stranger = office.other_key().await;
    for verb in ["approve", "reject"] {
        let target = format!("/v3/holds/{hold_id}/{verb}");
        let denied = office
            .call(&own, Method::POST, &target, Some(json!({})))
            .await;
        assert_eq!(
            (denied.status.as_u16(), &denied.json["error"]["type"]),
            (403, &json!("forbidden"))
        );
        let unseen = office
            .call(&stranger, Method::POST, &target, Some(json!({})))
            .await;
        assert_eq!(unseen.status, 404);
    }
    let one = format!("/v3/holds/{hold_id}");
    assert_eq!(
        office.call(&stranger, Method::GET, &one, None).await.status,
        404
    );
    assert_eq!(office.get(&one).await.json["data"]["status"], "pending");
}

#[tokio::test]
async fn a_loop_of_replies_is_answered_429_with_a_time() {
    let desk = desk().await;
    desk.office.door.mailroom.limit_replies(2, 100);
    let first = desk.send("Hello").await;
    let target = format!("/v3/grants/{}/messages/send", desk.grant);
    let answers = &first.json["data"]["id"];
    let mut reply = letter("Again");
    reply["reply_to_message_id"] = answers.clone();
    for _ in 0..2 {
        assert_eq!(desk.office.post(&target, reply.clone()).await.status, 200);
    }
    let stopped = desk.office.post(&target, reply).await;
    assert_eq!(stopped.status, 429, "{:?}", stopped.json);
    assert_eq!(stopped.json["error"]["type"], "rate_limit_error");
    let seconds: u64 = stopped.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=601).contains(&seconds), "{seconds}");
}
