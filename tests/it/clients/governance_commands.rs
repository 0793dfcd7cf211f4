//! The commands about policies, rules, lists and workspaces, request by request. Each test is named after its row in the client contract.

use posthouse_tests::server::Posthouse;
use serde_json::{Value, json};

use super::program::{Program, list, object};
use super::strict::{
    GRANT, LIST, LIST_ITEM, POLICY, POLICY_LIMITS, RULE, WORKSPACE, assert_decodes, assert_present,
};

async fn program(server: &Posthouse) -> Program {
    server.create_account("agent").await;
    Program::new(server.api())
}

/// Decodes a list of rules as the program does: one level deeper than the others.
async fn rules(program: &Program) -> Vec<Value> {
    let answer = program.get("/v3/rules").await.expect(200);
    let items = answer.data()["items"].as_array().cloned();
    let items = items.expect("a plain array fails");
    for rule in &items {
        assert_decodes(rule, RULE);
    }
    items
}

fn spam() -> Value {
    json!({
        "name": "Block Example",
        "enabled": true,
        "trigger": "inbound",
        "match": {"operator": "all", "conditions": [{"field": "from.domain", "operator": "is", "value": "example.com"}]},
        "actions": [{"type": "mark_as_spam"}],
    })
}

async fn default_workspace(program: &Program) -> String {
    let all = list(&program.get("/v3/workspaces").await.expect(200), WORKSPACE);
    let default = all.iter().find(|one| one["default"] == true);
    let id = default.expect("there always is one")["workspace_id"].as_str();
    id.expect("an id").to_owned()
}

#[tokio::test]
async fn c_31_overview_reads_accounts_workspaces_policies_rules_and_lists() {
    let server = Posthouse::start().await;
    let program = program(&server).await;
    program
        .post("/v3/policies", json!({"name": "P"}))
        .await
        .expect(200);
    program.post("/v3/rules", spam()).await.expect(201);
    let body = json!({"name": "L", "type": "domain"});
    program.post("/v3/lists", body).await.expect(201);
    assert_eq!(
        list(
            &program.get("/v3/grants?limit=200").await.expect(200),
            GRANT
        )
        .len(),
        1
    );
    assert_eq!(
        list(&program.get("/v3/workspaces").await.expect(200), WORKSPACE).len(),
        1
    );
    assert_eq!(
        list(&program.get("/v3/policies").await.expect(200), POLICY).len(),
        1
    );
    assert_eq!(
        list(&program.get("/v3/lists").await.expect(200), LIST).len(),
        1
    );
    assert_eq!(rules(&program).await.len(), 1);
}

#[tokio::test]
async fn c_32_policies_are_made_merged_and_deleted() {
    let server = Posthouse::start().await;
    let program = program(&server).await;
    let made = program
        .post("/v3/policies", json!({"name": "Trials"}))
        .await
        .expect(200);
    let made = object(&made, POLICY);
    assert_decodes(&made["limits"], POLICY_LIMITS);
    let one = format!("/v3/policies/{}", made["id"].as_str().expect("an id"));
    let changes = json!({"limits": {"limit_attachment_count_limit": 8}});
    let changed = object(&program.put(&one, changes).await.expect(200), POLICY);
    assert_eq!(changed["limits"]["limit_attachment_count_limit"], 8);
    assert_eq!(changed["name"], "Trials");
    assert_eq!(
        list(&program.get("/v3/policies").await.expect(200), POLICY),
        [changed]
    );
    program.get("/v3/workspaces").await.expect(200);
    program.delete(&one).await.expect(200);
    program.get(&one).await.expect(404);
}

#[tokio::test]
async fn c_33_and_c_34_a_rule_is_made_and_attached_to_what_was_there() {
    let server = Posthouse::start().await;
    let program = program(&server).await;
    assert_eq!(rules(&program).await, Vec::<Value>::new());
    let workspace = format!("/v3/workspaces/{}", default_workspace(&program).await);
    for count in 1..=2 {
        let made = object(&program.post("/v3/rules", spam()).await.expect(201), RULE);
        assert_present(&made, &["id", "name", "trigger", "match", "actions"]);
        let before = object(&program.get(&workspace).await.expect(200), WORKSPACE);
        let mut ids = before["rule_ids"].as_array().cloned().expect("an array");
        ids.push(made["id"].clone());
        let body = json!({ "rule_ids": ids });
        let after = program
            .send("PATCH", &workspace, Some(body))
            .await
            .expect(200);
        let attached = object(&after, WORKSPACE)["rule_ids"]
            .as_array()
            .map(Vec::len);
        assert_eq!(attached, Some(count));
    }
    assert_eq!(rules(&program).await.len(), 2);
}

#[tokio::test]
async fn c_35_a_rule_is_taken_off_and_deleted_and_one_that_stays_listed_goes_too() {
    let server = Posthouse::start().await;
    let program = program(&server).await;
    let workspace = format!("/v3/workspaces/{}", default_workspace(&program).await);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(object(&program.post("/v3/rules", spam()).await.expect(201), RULE)["id"].clone());
    }
    let body = json!({ "rule_ids": ids });
    program
        .send("PATCH", &workspace, Some(body))
        .await
        .expect(200);
    // As the program does it: off the workspace, then gone.
    let body = json!({ "rule_ids": ids[..2] });
    program
        .send("PATCH", &workspace, Some(body))
        .await
        .expect(200);
    let rule = |id: &Value| format!("/v3/rules/{}", id.as_str().expect("an id"));
    program.delete(&rule(&ids[2])).await.expect(200);
    // As others might: gone while it is listed. Nothing stale is left that could break the next change.
    program.delete(&rule(&ids[1])).await.expect(200);
    let after = object(&program.get(&workspace).await.expect(200), WORKSPACE);
    assert_eq!(after["rule_ids"], json!(ids[..1]));
    let body = json!({ "rule_ids": after["rule_ids"] });
    program
        .send("PATCH", &workspace, Some(body))
        .await
        .expect(200);
}

#[tokio::test]
async fn c_36_items_calls_answer_the_list() {
    let server = Posthouse::start().await;
    let program = program(&server).await;
    let body = json!({"name": "Bad", "type": "domain"});
    let made = object(&program.post("/v3/lists", body).await.expect(201), LIST);
    let one = format!("/v3/lists/{}", made["id"].as_str().expect("an id"));
    let renamed = program
        .put(&one, json!({"name": "Worse"}))
        .await
        .expect(200);
    assert_eq!(object(&renamed, LIST)["name"], "Worse");
    let items = format!("{one}/items");
    let body = json!({"items": ["spam.example", "worse.example"]});
    let filled = program.post(&items, body).await.expect(200);
    assert_eq!(object(&filled, LIST)["items_count"], 2);
    let rows = list(&program.get(&items).await.expect(200), LIST_ITEM);
    assert_present(&rows[0], &["value"]);
    let body = json!({"items": ["spam.example"]});
    let left = program.send("DELETE", &items, Some(body)).await.expect(200);
    assert_eq!(object(&left, LIST)["items_count"], 1);
    program.delete(&one).await.expect(200);
}

#[tokio::test]
async fn c_37_workspaces_are_made_governed_and_deleted() {
    let server = Posthouse::start().await;
    let program = program(&server).await;
    let policy = program
        .post("/v3/policies", json!({"name": "P"}))
        .await
        .expect(200);
    let policy = policy.text_of("id");
    let body = json!({"name": "Sales", "domain": "sales.example", "auto_group": true, "policy_id": policy});
    let made = object(
        &program.post("/v3/workspaces", body).await.expect(200),
        WORKSPACE,
    );
    assert_eq!(made["policy_id"], policy.as_str());
    let one = format!(
        "/v3/workspaces/{}",
        made["workspace_id"].as_str().expect("an id")
    );
    let body = json!({"policy_id": null, "rule_ids": []});
    let freed = program.send("PATCH", &one, Some(body)).await.expect(200);
    assert_eq!(object(&freed, WORKSPACE)["policy_id"], Value::Null);
    assert_eq!(
        list(&program.get("/v3/workspaces").await.expect(200), WORKSPACE).len(),
        2
    );
    program.delete(&one).await.expect(200);
    program.get(&one).await.expect(404);
}
