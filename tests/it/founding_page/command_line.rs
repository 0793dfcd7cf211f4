//! The page's commands, typed as it shows them, with our program's name.

use posthouse_tests::letter::Letter;
use posthouse_tests::server::Posthouse;
use posthouse_tests::webhook::WebhookReceiver;

#[tokio::test]
async fn create_list_get_status_and_delete_as_the_page_types_them() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    let created = cli
        .run(&["agent", "account", "create", "agent@agents.localhost"])
        .await
        .expect(0);
    let grant = server
        .api()
        .get("/v3/grants/agent@agents.localhost")
        .await
        .expect(200);
    let id = grant.text_of("id");
    created.shows(&[&id, "agent@agents.localhost", "valid", "nylas"]);

    let password = [
        "agent",
        "account",
        "create",
        "mail@agents.localhost",
        "--app-password",
        "MySecureP4ssword!2024",
    ];
    let created = cli.run(&password).await.expect(0);
    assert!(
        !created.stdout.contains("MySecureP4ssword!2024"),
        "{}",
        created.stdout
    );
    let grant = server
        .api()
        .get("/v3/grants/mail@agents.localhost")
        .await
        .expect(200)
        .data();
    assert_eq!(grant["protocol_access"], true);

    let listed = cli.run(&["agent", "account", "list"]).await.expect(0);
    listed.shows(&[
        "agent@agents.localhost",
        "mail@agents.localhost",
        &id,
        "valid",
    ]);
    let listed = cli
        .run(&["agent", "account", "list", "--json"])
        .await
        .expect(0)
        .json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(2), "{listed}");

    for name in ["agent@agents.localhost", &id] {
        cli.run(&["agent", "account", "get", name])
            .await
            .expect(0)
            .shows(&[&id, "agent@agents.localhost", "valid"]);
    }
    cli.run(&["agent", "status"])
        .await
        .expect(0)
        .shows(&["nylas", "ready"]);
    cli.run(&["auth", "list"]).await.expect(0).shows(&[
        "agent@agents.localhost",
        "mail@agents.localhost",
        "nylas",
    ]);

    cli.run(&[
        "agent",
        "account",
        "delete",
        "agent@agents.localhost",
        "--yes",
    ])
    .await
    .expect(0);
    server
        .api()
        .get(&format!("/v3/grants/{id}"))
        .await
        .expect(404);
    let gone = cli
        .run(&["agent", "account", "get", "agent@agents.localhost"])
        .await
        .expect(3);
    assert!(
        gone.stdout.is_empty() && !gone.stderr.is_empty(),
        "{gone:?}"
    );
    cli.run(&["agent", "account", "delete", &id, "--yes"])
        .await
        .expect(3);
}

#[tokio::test]
async fn json_output_is_the_answer_of_the_api_and_nothing_else() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    let create = [
        "agent",
        "account",
        "create",
        "agent@agents.localhost",
        "--name",
        "Sales Agent",
        "--json",
    ];
    let created = cli.run(&create).await.expect(0).json();
    assert_eq!(created["data"]["name"], "Sales Agent");
    assert!(created["request_id"].is_string(), "{created}");
    let got = cli
        .run(&[
            "agent",
            "account",
            "get",
            "agent@agents.localhost",
            "--json",
        ])
        .await
        .expect(0)
        .json();
    assert_eq!(got["data"]["id"], created["data"]["id"]);
    let update = [
        "agent",
        "account",
        "update",
        "agent@agents.localhost",
        "--name",
        "Renamed",
        "--json",
    ];
    let updated = cli.run(&update).await.expect(0).json();
    assert_eq!(updated["data"]["name"], "Renamed");
    assert_eq!(
        updated["data"]["workspace_id"],
        created["data"]["workspace_id"]
    );
    let gone = cli
        .run(&[
            "agent",
            "account",
            "get",
            "nobody@agents.localhost",
            "--json",
        ])
        .await
        .expect(3);
    assert_eq!(gone.stdout, "");
    let error: serde_json::Value = serde_json::from_str(&gone.stderr).expect("errors are JSON too");
    assert!(error["error"]["message"].is_string(), "{error}");
}

#[tokio::test]
async fn the_workspace_can_be_named_on_the_command_line() {
    let server = Posthouse::start().await;
    let application = server.api().get("/v3/applications").await.expect(200);
    let workspace = application.text_of("default_workspace_id");
    let create = [
        "agent",
        "account",
        "create",
        "agent@agents.localhost",
        "--workspace",
        &workspace,
        "--json",
    ];
    let created = server.cli().run(&create).await.expect(0).json();
    assert_eq!(created["data"]["workspace_id"], workspace.as_str());
    let unknown = "01890000-0000-7000-8000-000000000000";
    let create = [
        "agent",
        "account",
        "create",
        "other@agents.localhost",
        "--workspace",
        unknown,
    ];
    let refused = server.cli().run(&create).await;
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("workspace"), "{}", refused.stderr);
}

#[tokio::test]
async fn exit_codes_tell_what_went_wrong() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    cli.run(&["agent", "account", "create"]).await.expect(2);
    cli.run(&["agent", "account", "creat", "agent@agents.localhost"])
        .await
        .expect(2);
    cli.run(&["agent", "account", "create", "agent@nowhere.example"])
        .await
        .expect(3);
    let weak = [
        "agent",
        "account",
        "create",
        "agent@agents.localhost",
        "--app-password",
        "short",
    ];
    let refused = cli.run(&weak).await.expect(1);
    assert!(
        refused.stderr.contains("18"),
        "the rule is named: {}",
        refused.stderr
    );
    let stranger = server.cli().with_key(&format!("phk_{}", "0".repeat(43)));
    stranger.run(&["agent", "account", "list"]).await.expect(4);
}

#[tokio::test]
async fn deleting_without_yes_asks_first() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let delete = ["agent", "account", "delete", account.email.as_str()];
    let refused = server.cli().run_with_input(&delete, "n\n").await;
    assert_ne!(refused.code, 0, "nobody said yes: {refused:?}");
    server
        .api()
        .get(&format!("/v3/grants/{}", account.id))
        .await
        .expect(200);
}

#[tokio::test]
async fn init_writes_a_profile_that_later_commands_use() {
    let server = Posthouse::start().await;
    let cli = server.cli().without_environment();
    let api = server.api();
    cli.run(&[
        "init",
        "--url",
        api.base(),
        "--api-key",
        &server.ready().api_key,
    ])
    .await
    .expect(0);
    cli.run(&["agent", "account", "create", "agent@agents.localhost"])
        .await
        .expect(0);
    cli.run(&["agent", "account", "list"])
        .await
        .expect(0)
        .shows(&["agent@agents.localhost"]);
    cli.run(&["doctor"]).await.expect(0);
}

#[tokio::test]
async fn mail_is_listed_and_read_on_the_command_line() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    server
        .deliver(
            &Letter::to(&account.email)
                .subject("Order 42")
                .text("Please confirm the order.\n"),
        )
        .await;
    let cli = server.cli();
    cli.run(&["email", "list", &account.email])
        .await
        .expect(0)
        .shows(&["Order 42", "buyer@shop.example"]);
    let messages = server.wait_for_messages(&account, 1).await;
    let id = messages[0]["id"].as_str().expect("an id");
    cli.run(&["email", "read", id, &account.email])
        .await
        .expect(0)
        .shows(&["Order 42", "Please confirm the order."]);
}

#[tokio::test]
async fn webhooks_and_keys_are_managed_on_the_command_line() {
    let server = Posthouse::start().await;
    let receiver = WebhookReceiver::start().await;
    let cli = server.cli();
    let url = receiver.url("/hook");
    let create = [
        "webhook",
        "create",
        "--url",
        url.as_str(),
        "--triggers",
        "message.created",
        "--json",
    ];
    let created = cli.run(&create).await.expect(0).json();
    let id = created["data"]["id"].as_str().expect("an id").to_owned();
    assert!(created["data"]["webhook_secret"].is_string(), "{created}");
    cli.run(&["webhook", "list"])
        .await
        .expect(0)
        .shows(&[&id, &url, "active"]);
    cli.run(&["webhook", "delete", &id, "--yes"])
        .await
        .expect(0);
    assert_eq!(
        server
            .api()
            .get("/v3/webhooks")
            .await
            .expect(200)
            .rows()
            .len(),
        0
    );

    let created = cli
        .run(&["api-key", "create", "worker", "--json"])
        .await
        .expect(0)
        .json();
    let key = created["data"]["api_key"]
        .as_str()
        .expect("the key, shown once")
        .to_owned();
    let id = created["data"]["id"].as_str().expect("an id").to_owned();
    server
        .api()
        .with_key(&key)
        .get("/v3/grants")
        .await
        .expect(200);
    let listed = cli.run(&["api-key", "list"]).await.expect(0);
    listed.shows(&[&id, "worker", "active"]);
    assert!(!listed.stdout.contains(&key));
    cli.run(&["api-key", "revoke", &id, "--yes"])
        .await
        .expect(0);
    server
        .api()
        .with_key(&key)
        .get("/v3/grants")
        .await
        .expect(401);
}
