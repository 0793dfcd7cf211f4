//! `agent policy list` and `agent rule list` as the page types them, and what there is around them.

use posthouse_tests::letter::Letter;
use posthouse_tests::server::Posthouse;
use serde_json::{Value, json};

#[tokio::test]
async fn policy_and_rule_lists_as_the_page_types_them() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    cli.run(&["agent", "policy", "list"])
        .await
        .expect(0)
        .shows(&["No policies yet", "posthouse agent policy create"]);
    cli.run(&["agent", "rule", "list"])
        .await
        .expect(0)
        .shows(&["No rules yet", "posthouse agent rule create"]);
    let empty = cli
        .run(&["agent", "rule", "list", "--json"])
        .await
        .expect(0);
    assert_eq!(empty.json()["data"], json!({"items": []}));
    let empty = cli
        .run(&["agent", "policy", "list", "--json"])
        .await
        .expect(0);
    assert_eq!(empty.json()["data"], json!([]));

    let limits = r#"{"limits": {"limit_count_daily_email_sent": 120}}"#;
    let made = cli
        .run(&[
            "agent", "policy", "create", "--name", "Trials", "--data", limits,
        ])
        .await
        .expect(0);
    made.shows(&["Trials", "120 a day", "posthouse workspace update"]);
    let policies = server.api().get("/v3/policies").await.expect(200).rows();
    let policy = policies[0]["id"].as_str().expect("an id");
    cli.run(&[
        "agent",
        "rule",
        "create",
        "--condition",
        "from.domain,is,spam.example",
        "--action",
        "block",
    ])
    .await
    .expect(0)
    .shows(&[
        "Rule ready.",
        "from.domain is spam.example",
        "block",
        "Default",
    ]);
    let workspace = default_workspace(&server).await;
    cli.run(&["workspace", "update", &workspace, "--policy", policy])
        .await
        .expect(0)
        .shows(&[policy, &workspace]);
    cli.run(&["agent", "policy", "list"])
        .await
        .expect(0)
        .shows(&["NAME", "Trials", "Default", "120 a day", policy]);
    let rules = cli
        .run(&["agent", "rule", "list", "--json"])
        .await
        .expect(0);
    let rule = rules.json()["data"]["items"][0]["id"].clone();
    cli.run(&["agent", "rule", "list"]).await.expect(0).shows(&[
        "from.domain is spam.example",
        "block",
        "inbound",
        "Default",
        rule.as_str().expect("an id"),
    ]);
    let governed = server
        .api()
        .get(&format!("/v3/workspaces/{workspace}"))
        .await
        .expect(200)
        .data();
    assert_eq!(governed["policy_id"], policy);
    assert_eq!(governed["rule_ids"], json!([rule]));
}

async fn default_workspace(server: &Posthouse) -> String {
    let application = server.api().get("/v3/applications").await.expect(200);
    application.text_of("default_workspace_id")
}

#[tokio::test]
async fn a_rule_made_on_the_command_line_refuses_the_next_message() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    let account = server.create_account("agent").await;
    let refused = Letter::to(&account.email).from("a@spam.example");
    server.deliver(&refused).await;
    let list = [
        "agent",
        "list",
        "create",
        "--name",
        "Bad domains",
        "--type",
        "domain",
        "--json",
    ];
    let list = cli.run(&list).await.expect(0).json();
    let list = list["data"]["id"].as_str().expect("an id");
    cli.run(&["agent", "list", "add", list, "Spam.Example", "@bad.example"])
        .await
        .expect(0)
        .shows(&["Added", "2"]);
    let condition = format!("from.domain,in_list,{list}");
    cli.run(&[
        "agent",
        "rule",
        "create",
        "--name",
        "No spam",
        "--condition",
        &condition,
        "--action",
        "block",
    ])
    .await
    .expect(0);
    let mut smtp = server.smtp().await;
    smtp.command("EHLO peer.example").await.expect(250);
    smtp.send_letter(&refused).await.expect(550);
    cli.run(&["agent", "list", "remove", list, "spam.example"])
        .await
        .expect(0)
        .shows(&["Removed", "1"]);
    server.deliver(&refused).await;
    cli.run(&["agent", "list", "items", list])
        .await
        .expect(0)
        .shows(&["bad.example"]);
    cli.run(&["agent", "list", "list"]).await.expect(0).shows(&[
        "Bad domains",
        "domain",
        "1",
        "No spam",
        list,
    ]);
}

#[tokio::test]
async fn the_overview_shows_who_is_governed_by_what_and_marks_what_dangles() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    cli.run(&["agent", "overview"])
        .await
        .expect(0)
        .shows(&["Default", "No agent accounts yet"]);
    server.create_account("agent").await;
    let api = server.api();
    let list = json!({"name": "Bad domains", "type": "domain"});
    let list = api.post("/v3/lists", list).await.expect(201).text_of("id");
    let gone = json!({"name": "Gone", "type": "address"});
    let gone = api.post("/v3/lists", gone).await.expect(201).text_of("id");
    for condition in [
        format!("from.domain,in_list,{list}"),
        format!("from.address,in_list,{gone}"),
    ] {
        let create = [
            "agent",
            "rule",
            "create",
            "--name",
            "Acting",
            "--condition",
            &condition,
            "--action",
            "trash",
        ];
        cli.run(&create).await.expect(0);
    }
    api.delete(&format!("/v3/lists/{gone}")).await.expect(200);
    let unused = [
        "agent",
        "rule",
        "create",
        "--name",
        "Waiting",
        "--detached",
        "--condition",
        "subject,contains,x",
        "--action",
        "trash",
    ];
    cli.run(&unused).await.expect(0);
    api.post("/v3/policies", json!({"name": "Spare"}))
        .await
        .expect(200);
    let shown = cli.run(&["agent", "overview"]).await.expect(0);
    shown.shows(&[
        "agent@agents.localhost",
        "Acting",
        &format!("Bad domains ({list}, 0 domains)"),
        &format!("missing ({gone})"),
        "dangling: rule Waiting",
        "dangling: policy Spare",
    ]);
    let all = cli
        .run(&["agent", "overview", "--json"])
        .await
        .expect(0)
        .json();
    assert_eq!(all["accounts"].as_array().map(Vec::len), Some(1));
    assert_eq!(all["dangling"]["missing_lists"], json!([gone]));
    assert_eq!(
        all["dangling"]["unused_rules"].as_array().map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn an_account_gets_into_a_workspace_by_name_by_domain_or_by_default() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    let domain = json!({"name": "Sales", "domain_address": "sales.agents.localhost"});
    server
        .api()
        .post("/v3/admin/domains", domain)
        .await
        .expect(200);
    let named = workspace(&server, &["--name", "Named"]).await;
    let grouping = [
        "--name",
        "Sales",
        "--domain",
        "sales.agents.localhost",
        "--auto-group",
    ];
    let grouping = workspace(&server, &grouping).await;
    let default = default_workspace(&server).await;
    for (email, more, expected) in [
        ("one@agents.localhost", vec!["--workspace", &named], &named),
        ("two@sales.agents.localhost", vec![], &grouping),
        ("three@agents.localhost", vec![], &default),
    ] {
        let create = [vec!["agent", "account", "create", email], more].concat();
        cli.run(&create).await.expect(0);
        assert_eq!(&place(&server, email).await, expected, "{email}");
    }
    cli.run(&[
        "agent",
        "account",
        "move",
        "three@agents.localhost",
        "--workspace",
        "sales.agents.localhost",
    ])
    .await
    .expect(0)
    .shows(&[&grouping]);
    assert_eq!(place(&server, "three@agents.localhost").await, grouping);
    let assign = [
        "workspace",
        "assign",
        &named,
        "two@sales.agents.localhost",
        "--remove",
        "one@agents.localhost",
    ];
    cli.run(&assign)
        .await
        .expect(0)
        .shows(&["1 account in it now, 1 account back"]);
    assert_eq!(place(&server, "one@agents.localhost").await, default);
    cli.run(&["workspace", "auto-group"])
        .await
        .expect(0)
        .shows(&["1 grants moved"]);
    assert_ne!(place(&server, "one@agents.localhost").await, default);
    // Once a minute.
    cli.run(&["workspace", "auto-group"]).await.expect(4);
    cli.run(&["workspace", "list"]).await.expect(0).shows(&[
        "Default",
        "all others",
        "Sales",
        "its domain's",
        "who is named",
    ]);
    cli.run(&["workspace", "delete", &named, "--yes"])
        .await
        .expect(0);
    assert_eq!(place(&server, "two@sales.agents.localhost").await, default);
    cli.run(&["workspace", "get", &named]).await.expect(3);
    cli.run(&["workspace", "delete", &default, "--yes"])
        .await
        .expect(1);
}

async fn workspace(server: &Posthouse, arguments: &[&str]) -> String {
    let create = [&["workspace", "create", "--json"], arguments].concat();
    let made = server.cli().run(&create).await.expect(0).json();
    let id = made["data"]["workspace_id"].as_str();
    id.expect("an id").to_owned()
}

async fn place(server: &Posthouse, email: &str) -> String {
    let grant = server.api().get(&format!("/v3/grants/{email}")).await;
    grant.expect(200).text_of("workspace_id")
}

#[tokio::test]
async fn what_a_rule_command_cannot_do_leaves_nothing_behind() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    let condition = "from.domain,is,spam.example";
    let nowhere = [
        "agent",
        "rule",
        "create",
        "--condition",
        condition,
        "--action",
        "block",
        "--workspace",
        "nowhere.example",
    ];
    cli.run(&nowhere).await.expect(3);
    let no_action = ["agent", "rule", "create", "--condition", condition];
    cli.run(&no_action).await.expect(2);
    let no_condition = [
        "agent",
        "rule",
        "create",
        "--action",
        "block",
        "--condition",
        "from.domain",
    ];
    cli.run(&no_condition).await.expect(2);
    let wrong = [
        "agent",
        "rule",
        "create",
        "--condition",
        "from.colour,is,red",
        "--action",
        "block",
    ];
    let refused = cli.run(&wrong).await.expect(1);
    assert!(
        refused.stderr.contains("unknown field \"from.colour\""),
        "{refused:?}"
    );
    let rules = server.api().get("/v3/rules").await.expect(200).data();
    assert_eq!(rules["items"], Value::Array(Vec::new()));
}
