//! Where an account is placed: the default workspace, or the one that was asked for.

use posthouse_tests::server::Posthouse;
use serde_json::json;

#[tokio::test]
async fn an_account_lands_in_the_default_workspace_unless_another_is_asked_for() {
    let server = Posthouse::start().await;
    let application = server.api().get("/v3/applications").await.expect(200);
    let default_workspace = application.text_of("default_workspace_id");
    let account = server.create_account("by-default").await;
    let grant = server
        .api()
        .get(&format!("/v3/grants/{}", account.id))
        .await
        .expect(200)
        .data();
    assert_eq!(grant["workspace_id"], default_workspace.as_str());

    let body = json!({
        "provider": "nylas",
        "workspace_id": default_workspace,
        "settings": {"email": "explicit@agents.localhost"}
    });
    let grant = server
        .api()
        .post("/v3/connect/custom", body)
        .await
        .expect(201)
        .data();
    assert_eq!(grant["workspace_id"], default_workspace.as_str());

    let path = format!("/v3/grants?workspace_id={default_workspace}");
    assert_eq!(server.api().get(&path).await.expect(200).rows().len(), 2);
}

#[tokio::test]
async fn a_workspace_that_is_not_this_applications_is_refused() {
    let server = Posthouse::start().await;
    let other = server.create_application("Other").await;
    let foreign = other
        .get("/v3/applications")
        .await
        .expect(200)
        .text_of("default_workspace_id");
    for workspace in [
        foreign.as_str(),
        "01890000-0000-7000-8000-000000000000",
        "no id",
    ] {
        let body = json!({
            "provider": "nylas",
            "workspace_id": workspace,
            "settings": {"email": "agent@agents.localhost"}
        });
        let answer = server
            .api()
            .post("/v3/connect/custom", body)
            .await
            .expect(400);
        assert_eq!(answer.error_type(), "invalid_field", "{workspace}");
    }
    server
        .api()
        .get("/v3/grants/agent@agents.localhost")
        .await
        .expect(404);
    let account = server.create_account("agent").await;
    let path = format!("/v3/grants/{}", account.id);
    let answer = server
        .api()
        .patch(&path, json!({"workspace_id": foreign}))
        .await
        .expect(400);
    assert_eq!(answer.error_type(), "invalid_field");
}

#[tokio::test]
async fn an_account_can_be_placed_in_a_workspace_and_moved_to_another() {
    let server = Posthouse::start().await;
    let mut workspaces = Vec::new();
    for name in ["Trials", "Customers"] {
        let created = server
            .api()
            .post("/v3/workspaces", json!({"name": name}))
            .await
            .expect(200);
        workspaces.push(created.text_of("workspace_id"));
    }
    let body = json!({
        "provider": "nylas",
        "workspace_id": workspaces[0],
        "settings": {"email": "agent@agents.localhost"}
    });
    let grant = server
        .api()
        .post("/v3/connect/custom", body)
        .await
        .expect(201)
        .data();
    assert_eq!(grant["workspace_id"], workspaces[0].as_str());
    let path = "/v3/grants/agent@agents.localhost";
    let moved = server
        .api()
        .patch(path, json!({"workspace_id": workspaces[1]}))
        .await
        .expect(200)
        .data();
    assert_eq!(moved["workspace_id"], workspaces[1].as_str());
    let kept = server
        .api()
        .patch(path, json!({"workspace_id": null, "name": "Kept"}))
        .await
        .expect(200)
        .data();
    assert_eq!(
        kept["workspace_id"],
        workspaces[1].as_str(),
        "null is ignored"
    );
    let listed = server
        .api()
        .get(&format!("/v3/grants?workspace_id={}", workspaces[0]))
        .await
        .expect(200)
        .rows();
    assert_eq!(listed.len(), 0);
}

#[tokio::test]
async fn an_account_joins_the_workspace_that_gathers_its_domain() {
    let server = Posthouse::start().await;
    let domain = json!({"name": "Sales", "domain_address": "sales.agents.localhost"});
    server
        .api()
        .post("/v3/admin/domains", domain)
        .await
        .expect(200);
    let body = json!({"name": "Sales", "domain": "sales.agents.localhost", "auto_group": true});
    let gathering = server
        .api()
        .post("/v3/workspaces", body)
        .await
        .expect(200)
        .text_of("workspace_id");
    for (email, joins) in [
        ("agent@sales.agents.localhost", true),
        ("agent@agents.localhost", false),
    ] {
        let body = json!({"provider": "nylas", "settings": {"email": email}});
        let grant = server
            .api()
            .post("/v3/connect/custom", body)
            .await
            .expect(201)
            .data();
        assert_eq!(
            grant["workspace_id"] == gathering.as_str(),
            joins,
            "{email}"
        );
    }
}
