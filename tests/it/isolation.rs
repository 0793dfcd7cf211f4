//! One application never sees another's objects, and cannot even learn whether they exist.
//!
//! The matrix is generated from the route table: a new route is in it on the day it is written. Wherever a path names an object, another
//! application's key gets 404, with the very bytes that an id nobody ever had gets.

use std::collections::HashMap;

use posthouse_api::{Access, Route, Scope, routes};
use posthouse_tests::api::{Answer, Api, Request};
use posthouse_tests::letter::Letter;
use posthouse_tests::server::Posthouse;
use posthouse_tests::webhook::WebhookReceiver;
use serde_json::{Value, json};

/// An id of the right form that nobody ever had.
const NOBODYS_ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// Another one, so that two ids of one path differ.
const NOBODYS_ADDRESS: &str = "nobody-ever@agents.localhost";

/// What a path's `{name}` stands for, by name.
type Ids = HashMap<&'static str, String>;

#[tokio::test]
async fn http_06_a_foreign_id_is_answered_like_an_id_nobody_ever_had_on_every_route() {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let owner = server.api();
    let foreign = objects_of(&server, &owner, &receiver, "owned").await;
    let stranger = server.create_application("Stranger").await;
    let own = objects_of(&server, &stranger, &receiver, "strange").await;
    let before = snapshot(&owner, &foreign).await;

    // A key that lacks the operator's permission learns that, before any id is looked at.
    let expected = |route: &Route| match route.access {
        Access::AdminKey => 403,
        _ => 404,
    };
    let asked = assert_foreign_ids_look_unknown(&stranger, &foreign, &own, expected).await;
    assert!(asked > 40, "only {asked} rows: is the route table empty?");
    assert_eq!(
        snapshot(&owner, &foreign).await,
        before,
        "a stranger changed something"
    );
}

#[tokio::test]
async fn http_06_an_operators_key_of_another_application_sees_none_of_its_mailboxes_and_none_of_its_queue()
 {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let owner = server.api();
    let foreign = objects_of(&server, &owner, &receiver, "owned").await;
    let stranger = server.create_application("Stranger").await;
    let own = objects_of(&server, &stranger, &receiver, "strange").await;
    let keys = format!("/v3/admin/applications/{}/api-keys", own["application_id"]);
    let body = json!({"name": "operator", "admin": true});
    let key = owner.post(&keys, body).await.expect(200).text_of("api_key");
    let operator = stranger.with_key(&key);
    let before = snapshot(&owner, &foreign).await;
    let asked = assert_foreign_ids_look_unknown(&operator, &foreign, &own, |_| 404).await;
    assert!(asked > 40, "only {asked} rows: is the route table empty?");
    assert_eq!(
        snapshot(&owner, &foreign).await,
        before,
        "an operator of another application changed something"
    );
}

/// Asks every route for foreign ids and for ids nobody ever had: both are answered alike, with the expected status.
///
/// Routes of the whole organisation are asked only where the expected status keeps them shut: they are the operator's, of
/// whatever application.
async fn assert_foreign_ids_look_unknown(
    stranger: &Api,
    foreign: &Ids,
    own: &Ids,
    expected: impl Fn(&Route) -> u16,
) -> usize {
    let mut asked = 0;
    for route in routes() {
        let is_shut = route.scope != Scope::Organization || expected(&route) == 403;
        if route.access == Access::Public || route.scope == Scope::Server || !is_shut {
            continue;
        }
        if route.method == "GET" && route.parameters().next().is_none() {
            assert_names_nothing_of(foreign, &stranger.get(route.path).await);
            continue;
        }
        for (case, foreign_path, nobodys_path) in paths(&route, foreign, own) {
            let method = route.method.as_str();
            let seen = ask(stranger, method, &foreign_path).await;
            let unseen = ask(stranger, method, &nobodys_path).await;
            assert_eq!(
                seen.status,
                expected(&route),
                "{case}: {}: {}",
                seen.asked,
                seen.text()
            );
            assert_eq!(
                (seen.status, seen.text_without_request_id()),
                (unseen.status, unseen.text_without_request_id()),
                "{case}: {} / {}",
                seen.asked,
                unseen.asked
            );
            asked += 1;
        }
    }
    asked
}

#[tokio::test]
async fn a_key_for_one_grant_sees_no_other_grant_of_its_application() {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let foreign = objects_of(&server, &server.api(), &receiver, "other").await;
    let own = server.create_account("own").await;
    let keys = format!(
        "/v3/admin/applications/{}/api-keys",
        server.ready().application_id
    );
    let body = json!({"name": "narrow", "scope": {"type": "grant", "id": own.id}});
    let key = server
        .api()
        .post(&keys, body)
        .await
        .expect(200)
        .text_of("api_key");
    let narrow = server.api().with_key(&key);
    let own_ids: Ids = HashMap::from([("grant_id", own.id.clone())]);

    narrow
        .get(&format!("/v3/grants/{}", own.id))
        .await
        .expect(200);
    assert_eq!(
        narrow.get("/v3/grants/me").await.expect(200).text_of("id"),
        own.id
    );
    for route in routes().iter().filter(|route| route.scope == Scope::Grant) {
        for (case, foreign_path, nobodys_path) in paths(route, &foreign, &own_ids) {
            let seen = ask(&narrow, route.method.as_str(), &foreign_path).await;
            let unseen = ask(&narrow, route.method.as_str(), &nobodys_path).await;
            assert_eq!(seen.status, 404, "{case}: {}: {}", seen.asked, seen.text());
            assert_eq!(
                seen.text_without_request_id(),
                unseen.text_without_request_id(),
                "{case}: {}",
                seen.asked
            );
        }
    }
    let listed = narrow.get("/v3/grants?limit=200").await;
    assert!(
        !listed.text().contains(&foreign["grant_id"]),
        "{}",
        listed.text()
    );
}

#[tokio::test]
async fn a_read_only_key_changes_nothing_on_any_route() {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let ids = objects_of(&server, &server.api(), &receiver, "owned").await;
    let keys = format!(
        "/v3/admin/applications/{}/api-keys",
        server.ready().application_id
    );
    let body = json!({"name": "reader", "read_only": true});
    let key = server
        .api()
        .post(&keys, body)
        .await
        .expect(200)
        .text_of("api_key");
    let reader = server.api().with_key(&key);
    let before = snapshot(&server.api(), &ids).await;
    for route in routes() {
        if route.access == Access::Public || route.effect == routes::Effect::Read {
            continue;
        }
        let path = fill(&route, |name| {
            ids.get(name)
                .cloned()
                .unwrap_or_else(|| NOBODYS_ID.to_owned())
        });
        let answer = ask(&reader, route.method.as_str(), &path).await;
        assert_eq!(answer.status, 403, "{}: {}", answer.asked, answer.text());
        assert_eq!(answer.error_type(), "forbidden", "{}", answer.asked);
    }
    assert_eq!(
        snapshot(&server.api(), &ids).await,
        before,
        "a reader changed something"
    );
}

#[tokio::test]
async fn filters_and_cursors_of_another_application_find_nothing() {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let foreign = objects_of(&server, &server.api(), &receiver, "owned").await;
    for subject in ["Second", "Third"] {
        server
            .deliver(&Letter::to("owned@agents.localhost").subject(subject))
            .await;
    }
    let page = server
        .api()
        .get(&format!(
            "/v3/grants/{}/messages?limit=1",
            foreign["grant_id"]
        ))
        .await
        .expect(200);
    let cursor = page.json()["next_cursor"]
        .as_str()
        .expect("more rows")
        .to_owned();

    let stranger = server.create_application("Stranger").await;
    let body = json!({"provider": "nylas", "settings": {"email": "strange@agents.localhost"}});
    let own = stranger
        .post("/v3/connect/custom", body)
        .await
        .expect(201)
        .text_of("id");
    server
        .deliver(&Letter::to("strange@agents.localhost").subject("Own"))
        .await;
    let messages = format!("/v3/grants/{own}/messages");
    assert_eq!(stranger.get(&messages).await.expect(200).rows().len(), 1);
    for filter in [
        format!("in={}", foreign["folder_id"]),
        format!("thread_id={}", foreign["thread_id"]),
    ] {
        let rows = stranger
            .get(&format!("{messages}?{filter}"))
            .await
            .expect(200)
            .rows();
        assert_eq!(rows, Vec::<Value>::new(), "{filter}");
    }
    stranger
        .get(&format!("{messages}?page_token={cursor}"))
        .await
        .expect(400);
    let attachment = &foreign["attachment_id"];
    stranger
        .get(&format!(
            "/v3/grants/{own}/attachments/{attachment}?message_id={}",
            foreign["message_id"]
        ))
        .await
        .expect(404);
}

/// Makes one object of each kind that paths can name, and returns their ids by the names that paths use.
async fn objects_of(server: &Posthouse, api: &Api, receiver: &WebhookReceiver, name: &str) -> Ids {
    let email = format!("{name}@agents.localhost");
    let body = json!({"provider": "nylas", "settings": {"email": email}});
    let grant = api
        .post("/v3/connect/custom", body)
        .await
        .expect(201)
        .text_of("id");
    server
        .deliver(
            &Letter::to(&email)
                .subject("First")
                .file("a.txt", "text/plain", b"attached"),
        )
        .await;
    let message = api
        .get(&format!("/v3/grants/{grant}/messages"))
        .await
        .expect(200)
        .data()[0]
        .clone();
    let body = json!({"trigger_types": ["grant.created"], "webhook_url": receiver.url(&format!("/{name}"))});
    let webhook = api
        .post("/v3/webhooks", body)
        .await
        .expect(200)
        .text_of("id");
    let body = json!({"url": format!("http://localhost/{name}"), "platform": "web"});
    let callback_uri = api
        .post("/v3/applications/redirect-uris", body)
        .await
        .expect(200)
        .text_of("id");
    let application = api.get("/v3/applications").await.expect(200);
    let application_id = application.text_of("application_id");
    let keys = format!("/v3/admin/applications/{application_id}/api-keys");
    let api_key = server
        .api()
        .post(&keys, json!({"name": name}))
        .await
        .expect(200)
        .text_of("id");
    let domain = json!({"name": name, "domain_address": format!("{name}.agents.localhost"), "application_id": application_id});
    let domain_id = server
        .api()
        .post("/v3/admin/domains", domain)
        .await
        .expect(200)
        .text_of("id");
    let contact = json!({"given_name": name});
    let contact_id = api
        .post(&format!("/v3/grants/{grant}/contacts"), contact)
        .await
        .expect(200)
        .text_of("id");
    let draft = json!({"subject": name});
    let draft_id = api
        .post(&format!("/v3/grants/{grant}/drafts"), draft)
        .await
        .expect(200)
        .text_of("id");
    let schedule_id = scheduled_by(api, &grant).await;
    let queue_id = queued_by(server, api, &grant, &keys).await;
    let alias = format!("also@{name}.agents.localhost");
    api.post(
        &format!("/v3/grants/{grant}/aliases"),
        json!({"address": alias}),
    )
    .await
    .expect(201);
    let suppressed = json!({"address": format!("{name}@nowhere.example")});
    let suppression_id = api
        .post("/v3/suppressions", suppressed)
        .await
        .expect(201)
        .text_of("id");
    let list = json!({"name": name, "type": "domain"});
    let list_id = api.post("/v3/lists", list).await.expect(201).text_of("id");
    let rule = json!({
        "name": name,
        "match": {"conditions": [{"field": "from.domain", "operator": "in_list", "value": [list_id]}]},
        "actions": [{"type": "trash"}],
    });
    let rule_id = api.post("/v3/rules", rule).await.expect(201).text_of("id");
    let hold_id = held_by(api, &grant, &application.text_of("default_workspace_id")).await;
    let policy = json!({"name": name});
    let policy_id = api
        .post("/v3/policies", policy)
        .await
        .expect(200)
        .text_of("id");
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    HashMap::from([
        ("policy_id", policy_id),
        ("list_id", list_id),
        ("hold_id", hold_id),
        ("rule_id", rule_id),
        ("grant_id", grant),
        ("message_id", text(&message["id"])),
        ("thread_id", text(&message["thread_id"])),
        ("folder_id", text(&message["folders"][0])),
        ("attachment_id", text(&message["attachments"][0]["id"])),
        ("webhook_id", webhook),
        ("callback_uri_id", callback_uri),
        ("workspace_id", application.text_of("default_workspace_id")),
        ("application_id", application_id),
        ("api_key_id", api_key),
        ("domain_id", domain_id),
        ("domain_name", format!("{name}.agents.localhost")),
        ("queue_id", queue_id),
        ("suppression_id", suppression_id),
        // Nobody is paused; an id that opens nothing is as foreign.
        ("pause_id", NOBODYS_ID.to_owned()),
        ("schedule_id", schedule_id),
        ("contact_id", contact_id),
        ("draft_id", draft_id),
        ("email", email),
        ("address", alias),
    ])
}

/// Sends a message that a policy holds, and returns its hold; the workspace has no policy afterwards.
async fn held_by(api: &Api, grant: &str, workspace: &str) -> String {
    let policy = json!({"name": "Guarded", "outbound_guard": {"first_time_recipients": "hold"}});
    let policy_id = api
        .post("/v3/policies", policy)
        .await
        .expect(200)
        .text_of("id");
    let workspace = format!("/v3/workspaces/{workspace}");
    let attached = json!({"policy_id": policy_id});
    api.patch(&workspace, attached).await.expect(200);
    let letter = json!({"to": [{"email": "stranger@shop.example"}]});
    let path = format!("/v3/grants/{grant}/messages/send");
    let held = api.post(&path, letter).await.expect(202);
    let hold_id = held.data()["hold"]["id"]
        .as_str()
        .expect("a hold")
        .to_owned();
    api.patch(&workspace, json!({"policy_id": null}))
        .await
        .expect(200);
    hold_id
}

/// Takes a message to be sent in an hour and returns its schedule.
async fn scheduled_by(api: &Api, grant: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let send_at = now.expect("after 1970").as_secs() + 3_600;
    let letter = json!({"to": [{"email": "buyer@shop.example"}], "send_at": send_at});
    let path = format!("/v3/grants/{grant}/messages/send");
    api.post(&path, letter)
        .await
        .expect(202)
        .text_of("schedule_id")
}

/// Sends a message to another server and returns its row in the queue, which only an operator's key shows.
async fn queued_by(server: &Posthouse, api: &Api, grant: &str, keys: &str) -> String {
    let letter = json!({"to": [{"email": "buyer@shop.example"}]});
    let path = format!("/v3/grants/{grant}/messages/send");
    api.post(&path, letter).await.expect(200);
    let operator = json!({"name": "operator", "admin": true});
    let key = server
        .api()
        .post(keys, operator)
        .await
        .expect(200)
        .text_of("api_key");
    let queue = api.with_key(&key).get("/v3/admin/queue").await.expect(200);
    queue.rows()[0]["id"].as_str().expect("an id").to_owned()
}

/// What the owner sees of its objects.
async fn snapshot(owner: &Api, ids: &Ids) -> Vec<String> {
    let grant = &ids["grant_id"];
    let paths = [
        "/v3/applications".to_owned(),
        "/v3/applications/redirect-uris".to_owned(),
        "/v3/connectors".to_owned(),
        "/v3/webhooks".to_owned(),
        "/v3/grants?limit=200".to_owned(),
        format!("/v3/grants/{grant}/folders"),
        format!("/v3/grants/{grant}/messages?in=all"),
        format!("/v3/grants/{grant}/drafts"),
        format!("/v3/grants/{grant}/aliases"),
        "/v3/suppressions".to_owned(),
        "/v3/holds".to_owned(),
        "/v3/policies".to_owned(),
        "/v3/rules".to_owned(),
        "/v3/lists".to_owned(),
        format!("/v3/lists/{}/items", ids["list_id"]),
    ];
    let mut seen = Vec::new();
    for path in paths {
        seen.push(owner.get(&path).await.expect(200).text_without_request_id());
    }
    seen
}

/// A list belongs to whoever asks: nothing of another application is in it.
fn assert_names_nothing_of(foreign: &Ids, answer: &Answer) {
    let text = answer.text();
    for (name, id) in foreign {
        assert!(!text.contains(id), "{}: {name} {id}: {text}", answer.asked);
    }
}

/// Returns what to ask of a route: the name of the case, the path with foreign ids and the same path with ids nobody ever had.
///
/// A path with a grant and something below it is asked three times: both foreign, only the inner one foreign, and the grant by its address.
fn paths(route: &Route, foreign: &Ids, own: &Ids) -> Vec<(String, String, String)> {
    let names: Vec<&str> = route
        .parameters()
        .filter(|name| *name != "provider")
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    let id_of = |name: &str| {
        foreign
            .get(name)
            .cloned()
            .unwrap_or_else(|| panic!("{route:?}: no object stands for {{{name}}}"))
    };
    let nobodys = |_: &str| NOBODYS_ID.to_owned();
    let mut paths = vec![(
        "all foreign".to_owned(),
        fill(route, id_of),
        fill(route, nobodys),
    )];
    if !names.contains(&"grant_id") {
        return paths;
    }
    let by_address = |address: &str, name: &str, other: &dyn Fn(&str) -> String| match name {
        "grant_id" => address.to_owned(),
        name => other(name),
    };
    paths.push((
        "grant by address".to_owned(),
        fill(route, |name| by_address(&foreign["email"], name, &id_of)),
        fill(route, |name| by_address(NOBODYS_ADDRESS, name, &nobodys)),
    ));
    if names.len() > 1 {
        paths.push((
            "own grant, foreign object".to_owned(),
            fill(route, |name| by_address(&own["grant_id"], name, &id_of)),
            fill(route, |name| by_address(&own["grant_id"], name, &nobodys)),
        ));
    }
    paths
}

/// Puts ids into a route's path. Where a path takes a message in its query, that one is foreign too.
fn fill(route: &Route, id_of: impl Fn(&str) -> String) -> String {
    let segments = route.path.split('/').map(|segment| {
        match segment
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
        {
            Some("provider") => "nylas".to_owned(),
            Some(name) => id_of(name.trim_start_matches('*')),
            None => segment.to_owned(),
        }
    });
    let path = segments.collect::<Vec<_>>().join("/");
    if route.path.starts_with("/v3/grants/{grant_id}/attachments/") {
        return format!("{path}?message_id={}", id_of("message_id"));
    }
    path
}

async fn ask(api: &Api, method: &str, path: &str) -> Answer {
    let headers = [("content-type", "application/json")];
    let is_items = path.starts_with("/v3/lists/") && path.ends_with("/items");
    let has_body = matches!(method, "POST" | "PUT" | "PATCH") || (method == "DELETE" && is_items);
    // Enough of a body to get past its own checks and to the object.
    let body = match path.rsplit('/').next() {
        Some("items") if is_items => json!({"items": ["nobody.example"]}),
        Some("manual-assign") => json!({"assign_grants": [NOBODYS_ID]}),
        _ => json!({}),
    };
    let body = has_body.then(|| body.to_string().into_bytes());
    let headers: &[(&str, &str)] = if has_body { &headers } else { &[] };
    api.send(Request {
        method,
        path,
        headers,
        body,
    })
    .await
}
