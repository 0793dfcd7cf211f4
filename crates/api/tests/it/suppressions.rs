//! The suppression list and pauses over HTTP: shapes, errors, and what a send answers.

use http::Method;
use serde_json::{Value, json};

use crate::office::Office;

const LIST: &str = "/v3/suppressions";

async fn add(office: &Office, body: Value) -> Value {
    let made = office.post(LIST, body).await;
    assert_eq!(made.status, 201, "{:?}", made.json);
    made.json["data"].clone()
}

fn letter(to: &[&str]) -> Value {
    let to: Vec<Value> = to.iter().map(|email| json!({"email": email})).collect();
    json!({"to": to, "subject": "Quote", "body": "Hello"})
}

#[tokio::test]
async fn addresses_are_put_on_the_list_one_by_one_or_together() {
    let office = Office::open().await;
    let one = add(&office, json!({"address": "Gone@Nowhere.example"})).await;
    assert_eq!(one["address"], "gone@nowhere.example");
    assert_eq!(
        (&one["reason"], &one["workspace_id"], &one["expires_at"]),
        (&json!("manual"), &Value::Null, &Value::Null)
    );
    let several = json!({"addresses": ["a@nowhere.example", "b@nowhere.example"], "reason": "complaint", "else": 1});
    let several = add(&office, several).await;
    assert_eq!(several.as_array().map(Vec::len), Some(2));
    let found = office
        .get(&format!("{LIST}?reason=complaint&limit=1"))
        .await;
    assert_eq!(found.json["data"].as_array().map(Vec::len), Some(1));
    let next = found.json["next_cursor"].as_str().unwrap();
    let rest = office
        .get(&format!("{LIST}?reason=complaint&page_token={next}"))
        .await;
    assert_eq!(rest.json["data"].as_array().map(Vec::len), Some(1));
    assert!(rest.json.get("next_cursor").is_none());
    for target in ["gone@nowhere.example", several[0]["id"].as_str().unwrap()] {
        let target = format!("{LIST}/{target}");
        assert_eq!(office.delete(&target).await.status, 200);
        assert_eq!(office.delete(&target).await.status, 404);
    }
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let office = Office::open().await;
    for (body, field) in [
        (json!({}), "address"),
        (json!({"address": "no address"}), "address"),
        (json!({"addresses": ["a@b.example", "x"]}), "addresses[1]"),
        (
            json!({"address": "a@b.example", "addresses": []}),
            "addresses",
        ),
        (
            json!({"address": "a@b.example", "reason": "whim"}),
            "reason",
        ),
        (
            json!({"address": "a@b.example", "expires_at": 1}),
            "expires_at",
        ),
        (
            json!({"address": "a@b.example", "workspace_id": "x"}),
            "workspace_id",
        ),
    ] {
        let refused = office.post(LIST, body.clone()).await;
        assert_eq!(refused.status, 400, "{body}");
        assert_eq!(refused.json["error"]["field"], field, "{:?}", refused.json);
    }
    let unknown = office.get(&format!("{LIST}?reason=whim")).await;
    assert_eq!(unknown.status, 400);
    let unknown = office.get(&format!("{LIST}?page_token=x")).await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn a_send_is_refused_or_leaves_recipients_out_and_says_so() {
    let office = Office::open().await;
    let account = office.account("agent@agents.test").await;
    let id = account["id"].as_str().unwrap();
    add(
        &office,
        json!({"address": "gone@nowhere.example", "reason": "hard_bounce"}),
    )
    .await;
    let target = format!("/v3/grants/{id}/messages/send");
    let to = letter(&["gone@nowhere.example", "a@shop.example"]);
    let refused = office.post(&target, to.clone()).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json["error"]["type"], "recipient_suppressed");
    assert_eq!(
        refused.json["error"]["message"],
        "suppressed: gone@nowhere.example (hard_bounce)"
    );
    let skipping = format!("{target}?skip_suppressed=true");
    let sent = office.post(&skipping, to.clone()).await;
    assert_eq!(sent.status, 200, "{:?}", sent.json);
    assert_eq!(sent.json["suppressed"], json!(["gone@nowhere.example"]));
    assert_eq!(sent.json["data"]["to"].as_array().map(Vec::len), Some(1));
    let nobody = office
        .post(&skipping, letter(&["gone@nowhere.example"]))
        .await;
    assert_eq!(nobody.status, 400);
    let mut later = to;
    later["send_at"] = json!(office.door.mailroom.clock().unix_seconds() + 3_600);
    let taken = office.post(&skipping, later).await;
    assert_eq!(taken.status, 202, "{:?}", taken.json);
    assert_eq!(taken.json["suppressed"], json!(["gone@nowhere.example"]));
    let draft = format!("/v3/grants/{id}/drafts");
    let made = office
        .post(&draft, letter(&["gone@nowhere.example", "b@shop.example"]))
        .await;
    let draft = format!("{draft}/{}", made.json["data"]["id"].as_str().unwrap());
    assert_eq!(office.post(&draft, json!({})).await.status, 400);
    let sent = office
        .post(&format!("{draft}?skip_suppressed=1"), json!({}))
        .await;
    assert_eq!(sent.status, 200, "{:?}", sent.json);
    assert_eq!(sent.json["suppressed"], json!(["gone@nowhere.example"]));
}

#[tokio::test]
async fn other_applications_and_narrow_keys_see_nothing_of_the_list() {
    let office = Office::open().await;
    let account = office.account("agent@agents.test").await;
    let one = add(&office, json!({"address": "gone@nowhere.example"})).await;
    let other = office.other_key().await;
    let seen = office.call(&other, Method::GET, LIST, None).await;
    assert_eq!(seen.json["data"], json!([]));
    for name in [one["id"].as_str().unwrap(), "gone@nowhere.example"] {
        let target = format!("{LIST}/{name}");
        let foreign = office.call(&other, Method::DELETE, &target, None).await;
        assert_eq!(foreign.status, 404);
    }
    let scope = json!({"name": "narrow", "scope": {"type": "grant", "id": account["id"]}});
    let narrow = office.make_key(&office.application_id, scope).await;
    let seen = office.call(&narrow, Method::GET, LIST, None).await;
    assert_eq!(seen.status, 403);
    let pauses = office
        .call(&other, Method::GET, "/v3/admin/pauses", None)
        .await;
    assert_eq!(pauses.status, 403);
    let pauses = office.get("/v3/admin/pauses").await;
    assert_eq!(pauses.status, 200);
    assert_eq!(pauses.json["data"], json!([]));
    let reports = office
        .get("/v3/admin/domains/agents.test/reports?type=dmarc")
        .await;
    assert_eq!(reports.status, 200);
    assert_eq!(reports.json["data"], json!([]));
    let reports = office.get("/v3/admin/domains/agents.test/reports").await;
    assert_eq!(reports.status, 400);
}

#[tokio::test]
async fn a_recipient_unsubscribes_by_the_link_in_the_header_and_by_nothing_else() {
    let office = Office::open().await;
    let account = office.account("agent@agents.test").await;
    let target = format!(
        "/v3/grants/{}/messages/send?fields=include_headers",
        account["id"].as_str().unwrap()
    );
    let mut mail = letter(&["Bo@shop.example"]);
    mail["list_unsubscribe"] = json!(true);
    let refused = office.post(&target, mail.clone()).await;
    assert_eq!(refused.json["error"]["type"], "not_supported");
    office
        .door
        .mailroom
        .reached_at("https://mail.example.org/".to_owned());
    let mut two = letter(&["a@shop.example", "b@shop.example"]);
    two["list_unsubscribe"] = json!(true);
    assert_eq!(office.post(&target, two).await.status, 400);
    let sent = office.post(&target, mail.clone()).await;
    assert_eq!(sent.status, 200, "{:?}", sent.json);
    let headers = sent.json["data"]["headers"].as_array().unwrap();
    let header = |name: &str| {
        let found = headers.iter().find(|header| header["name"] == name);
        found.unwrap()["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        header("List-Unsubscribe-Post"),
        "List-Unsubscribe=One-Click"
    );
    let link = header("List-Unsubscribe");
    let link = link
        .trim_start_matches("<https://mail.example.org")
        .trim_end_matches('>');
    let public = |method: Method, target: String| {
        let door = &office.door;
        async move { door.send(crate::door::request(method, &target)).await }
    };
    // Looking at it changes nothing.
    assert_eq!(public(Method::GET, link.to_owned()).await.status, 200);
    assert_eq!(office.get(LIST).await.json["data"], json!([]));
    let forged = format!("{}A", &link[..link.len() - 1]);
    for method in [Method::GET, Method::POST] {
        let refused = public(method, forged.clone()).await;
        assert!(refused.status == 404 || forged == link);
    }
    for _ in 0..2 {
        assert_eq!(public(Method::POST, link.to_owned()).await.status, 200);
    }
    let listed = office.get(LIST).await.json["data"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert_eq!(listed[0]["address"], "bo@shop.example");
    assert_eq!(listed[0]["reason"], "unsubscribe");
    assert_eq!(listed[0]["workspace_id"], account["workspace_id"]);
    assert_eq!(office.post(&target, mail).await.status, 400);
}
