//! What is refused at each door, in the words that the documents promise, and an account that is suspended at all of them.

use posthouse_api::{Scope, routes};
use posthouse_tests::api::Api;
use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Posthouse};
use posthouse_tests::{eventually, tools};
use serde_json::{Value, json};
use tokio::process::Command;

/// An id of the right form that nobody ever had.
const NOBODYS_ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// Makes a workspace of its own for an account, with a policy and rules.
async fn govern(api: &Api, account: &Account, limits: Value, rules: &[Value]) {
    let policy = json!({"name": "Limits", "limits": limits});
    let policy = api.post("/v3/policies", policy).await.expect(200);
    let mut ids = Vec::new();
    for (place, conditions) in rules.iter().enumerate() {
        let rule = json!({"name": format!("Rule {place}"), "match": {"conditions": conditions}, "actions": [{"type": "block"}]});
        ids.push(api.post("/v3/rules", rule).await.expect(201).text_of("id"));
    }
    let body = json!({"name": "Own", "policy_id": policy.text_of("id"), "rule_ids": ids});
    let workspace = api.post("/v3/workspaces", body).await.expect(200);
    let assign = format!(
        "/v3/workspaces/{}/manual-assign",
        workspace.text_of("workspace_id")
    );
    api.post(&assign, json!({"assign_grants": [account.id]}))
        .await
        .expect(200);
}

async fn suspend(api: &Api, account: &Account, inbound: &str) {
    let path = format!("/v3/grants/{}/suspend", account.id);
    api.post(&path, json!({"inbound": inbound}))
        .await
        .expect(200);
}

/// What a sender's program was told: the whole conversation.
async fn told(server: &Posthouse, to: &str, more: &[&str]) -> Option<String> {
    let swaks = tools::program("swaks")?;
    let port = server.ready().smtp.port().to_string();
    let mut command = Command::new(swaks);
    command.args([
        "--server",
        "127.0.0.1",
        "--port",
        &port,
        "--ehlo",
        "peer.example",
        "--to",
        to,
    ]);
    command.args(["--from", "buyer@shop.example"]).args(more);
    let output = command.output().await.expect("swaks runs");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_mail_is_refused_for_is_told_as_documented_to_swaks() {
    let server = Posthouse::start().await;
    let api = server.api();
    let mut accounts = Vec::new();
    for name in ["ruled", "small", "full", "busy", "deferred", "closed"] {
        accounts.push(server.create_account(name).await);
    }
    let [ruled, small, full, busy, deferred, closed] = &accounts[..] else {
        unreachable!("six accounts")
    };
    let rules = [
        json!([{"field": "from.domain", "operator": "is", "value": "evil.example"}]),
        json!([{"field": "subject", "operator": "contains", "value": "lottery"}]),
    ];
    govern(&api, ruled, json!({}), &rules).await;
    govern(&api, small, json!({"limit_size_total_mime": 2_000}), &[]).await;
    govern(&api, full, json!({"limit_storage_total": 2_000}), &[]).await;
    govern(
        &api,
        busy,
        json!({"limit_count_daily_message_received": 1}),
        &[],
    )
    .await;
    suspend(&api, deferred, "defer").await;
    suspend(&api, closed, "reject").await;
    let body = "0123456789\n".repeat(300);
    if told(&server, &busy.email, &[]).await.is_none() {
        return;
    }
    for (to, more, expected) in [
        (
            "nobody@agents.localhost",
            vec![],
            "550 5.1.1 no such mailbox here",
        ),
        ("a@elsewhere.example", vec![], "550 5.7.1 relaying denied"),
        (
            &ruled.email,
            vec!["--from", "a@evil.example"],
            "550 5.7.1 refused by a rule of the recipient",
        ),
        (
            &ruled.email,
            vec!["--header", "Subject: The LOTTERY"],
            "550 5.7.1 ",
        ),
        (&small.email, vec!["--body", &body], "552 5.3.4 "),
        (&full.email, vec!["--body", &body], "452 4.2.2 "),
        (
            &busy.email,
            vec![],
            "452 4.2.1 the mailbox receives no more today",
        ),
        (&deferred.email, vec![], "451 4.2.1 mailbox is suspended"),
        (&closed.email, vec![], "550 5.2.1 mailbox is disabled"),
    ] {
        let conversation = told(&server, to, &more).await.expect("swaks");
        // swaks marks refusals with two asterisks.
        let refusal = format!("<** {expected}");
        assert!(
            conversation.contains(&refusal),
            "{to}: {expected}\n{conversation}"
        );
    }
    for account in [ruled, small, full, deferred, closed] {
        let path = format!("/v3/grants/{}/messages", account.id);
        assert_eq!(
            api.get(&path).await.expect(200).rows().len(),
            0,
            "{}",
            account.email
        );
    }
}

/// What an account may be asked to do while it is suspended: to be changed, resumed and deleted.
fn is_about_the_account(path: &str) -> bool {
    matches!(
        path,
        "/v3/grants/{grant_id}" | "/v3/grants/{grant_id}/suspend" | "/v3/grants/{grant_id}/resume"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_account_does_nothing_at_any_door_of_the_api() {
    let server = Posthouse::start().await;
    let api = server.api();
    let account = server.create_account("agent").await;
    suspend(&api, &account, "accept").await;
    let mut asked = 0;
    for route in routes() {
        let is_writing = route.scope == Scope::Grant && route.effect != routes::Effect::Read;
        if !is_writing || is_about_the_account(route.path) {
            continue;
        }
        let path = route.path.replace("{grant_id}", &account.id);
        let path: String = path
            .split('/')
            .map(|part| {
                if part.starts_with('{') {
                    NOBODYS_ID
                } else {
                    part
                }
            })
            .collect::<Vec<_>>()
            .join("/");
        let answer = match route.method.as_str() {
            "DELETE" => api.delete(&path).await,
            method => api.send_json(method, &path, json!({})).await,
        };
        assert_eq!(answer.status, 423, "{}: {}", answer.asked, answer.text());
        asked += 1;
    }
    assert!(asked > 20, "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_account_sends_nothing_that_waited_and_goes_on_when_it_is_resumed() {
    let server = Posthouse::start().await;
    let api = server.api();
    let account = server.create_account("agent").await;
    let colleague = server.create_account("colleague").await;
    let grant = format!("/v3/grants/{}", account.id);
    let letter = |subject: &str| json!({"to": [{"email": colleague.email}], "subject": subject, "body": "Hello"});
    let draft = api
        .post(&format!("{grant}/drafts"), letter("Draft"))
        .await
        .expect(200)
        .text_of("id");
    let hold = json!({"name": "Ask", "trigger": "outbound", "actions": [{"type": "hold"}],
        "match": {"conditions": [{"field": "subject", "operator": "is", "value": "Held"}]}});
    let hold = api.post("/v3/rules", hold).await.expect(201).text_of("id");
    let workspace = api.get(&grant).await.expect(200).text_of("workspace_id");
    api.patch(
        &format!("/v3/workspaces/{workspace}"),
        json!({"rule_ids": [hold]}),
    )
    .await
    .expect(200);
    let held = api
        .post(&format!("{grant}/messages/send"), letter("Held"))
        .await
        .expect(202)
        .data();
    let approve = format!(
        "/v3/holds/{}/approve",
        held["hold"]["id"].as_str().expect("an id")
    );

    suspend(&api, &account, "accept").await;
    api.post(&format!("{grant}/messages/send"), letter("Now"))
        .await
        .expect(423);
    api.post(&format!("{grant}/drafts/{draft}"), json!({}))
        .await
        .expect(423);
    api.post(&approve, json!({})).await.expect(423);
    let key = json!({"name": "agent", "scope": {"type": "grant", "id": account.id}});
    let keys = format!(
        "/v3/admin/applications/{}/api-keys",
        server.ready().application_id
    );
    let key = api.post(&keys, key).await.expect(200).text_of("api_key");
    let agent = api.with_key(&key);
    agent.get(&format!("{grant}/messages")).await.expect(423);
    agent
        .post(&format!("{grant}/resume"), json!({}))
        .await
        .expect(403);
    // Mail for it is still taken, as it was said.
    server
        .deliver(&Letter::to(&account.email))
        .await
        .expect(250);
    let messages = format!("/v3/grants/{}/messages", colleague.id);
    assert!(api.get(&messages).await.expect(200).rows().is_empty());

    api.post(&format!("{grant}/resume"), json!({}))
        .await
        .expect(200);
    api.post(&format!("{grant}/drafts/{draft}"), json!({}))
        .await
        .expect(200);
    api.post(&approve, json!({})).await.expect(200);
    eventually("what waited arrives", async || {
        let rows = api.get(&messages).await.expect(200).rows();
        (rows.len() == 2).then_some(())
    })
    .await;
}
