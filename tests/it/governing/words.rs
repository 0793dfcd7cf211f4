//! What is wrong, missing or new is said in words that help.

use posthouse_tests::cli::{Client, Outcome};
use posthouse_tests::server::Posthouse;
use serde_json::{Value, json};

/// Runs a command that is typed as a line, with quotes around nothing.
async fn typed(cli: &Client, line: &str) -> Outcome {
    cli.run(&line.split(' ').collect::<Vec<_>>()).await
}

fn id_of(outcome: &Outcome, member: &str) -> String {
    let id = outcome.json()["data"][member].as_str().map(str::to_owned);
    id.expect("an id")
}

#[tokio::test]
async fn what_is_not_there_is_answered_with_where_to_look() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    for (line, look) in [
        ("agent policy get x", "agent policy list"),
        ("agent policy delete x --yes", "agent policy list"),
        ("agent rule get x", "agent rule list"),
        ("agent rule list --workspace x", "workspace list"),
        (
            "agent rule create --condition subject,is,x --action trash --workspace x",
            "workspace list",
        ),
        ("agent list get x", "agent list list"),
        ("agent list add x spam.example", "agent list list"),
        ("workspace get x", "workspace list"),
        (
            "workspace assign x 01a20a98-0000-7000-8000-000000000000",
            "workspace list",
        ),
        ("approvals show x", "approvals list"),
        ("approvals approve x", "approvals list"),
        (
            "approvals list --account nobody@agents.localhost",
            "agent account list",
        ),
        (
            "audit list --account nobody@agents.localhost",
            "agent account list",
        ),
        ("agent account get x", "agent account list"),
        (
            "agent account create a@agents.localhost --workspace x.example",
            "workspace list",
        ),
        (
            "rule test --account x --from a@b.example",
            "agent account list",
        ),
    ] {
        let missing = typed(&cli, line).await.expect(3);
        let fix = format!("fix: see what there is: posthouse {look}\n");
        assert!(missing.stderr.contains(&fix), "{missing:?}");
        assert_eq!(missing.stdout, "", "{line}");
    }
}

#[tokio::test]
async fn what_the_server_remarks_on_reaches_who_typed_it() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    let misspelt = r#"{"limts":{"limit_count_daily_email_sent":1}}"#;
    let create = [
        "agent", "policy", "create", "--name", "Trials", "--data", misspelt,
    ];
    let made = cli.run(&create).await.expect(0);
    assert_eq!(made.stderr, "warning: unknown field ignored: limts\n");
    let made = cli
        .run(&[&create[..], &["--json"]].concat())
        .await
        .expect(0);
    assert_eq!(made.stderr, "", "programs have it in the answer");
    assert_eq!(
        made.json()["warnings"],
        json!(["unknown field ignored: limts"])
    );
    let well = ["agent", "policy", "create", "--name", "Trials"];
    assert_eq!(cli.run(&well).await.expect(0).stderr, "");
}

#[tokio::test]
async fn a_rule_begins_and_ceases_to_act_and_the_others_stay() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    let made = typed(
        &cli,
        "workspace create --name Sales --domain sales.example --json",
    )
    .await;
    let workspace = id_of(&made.expect(0), "workspace_id");
    let mut rules = Vec::new();
    for name in ["One", "Two", "Three"] {
        let create = format!(
            "agent rule create --name {name} --condition subject,is,x --action trash --detached"
        );
        typed(&cli, &create).await.expect(0).shows(&["--add-rule"]);
        let listed = typed(&cli, "agent rule list --json").await.expect(0).json();
        let rows = listed["data"]["items"].as_array().cloned().expect("rows");
        let made = rows.iter().find(|rule| rule["name"] == name);
        rules.push(made.expect("listed")["id"].clone());
    }
    let text = |rule: &Value| rule.as_str().expect("an id").to_owned();
    let [one, two, three] = [text(&rules[0]), text(&rules[1]), text(&rules[2])];
    let update = format!("workspace update {workspace} --add-rule {one} --add-rule {two}");
    typed(&cli, &update).await.expect(0).shows(&[&one, &two]);
    let update =
        format!("workspace update sales.example --add-rule {three} --remove-rule {one} --json");
    let left = typed(&cli, &update).await.expect(0).json();
    assert_eq!(left["data"]["rule_ids"], json!([two, three]));
    let both = format!("workspace update {workspace} --add-rule {one} --no-rules");
    typed(&cli, &both).await.expect(2);
    // An account is put there by its domain too.
    typed(
        &cli,
        "agent account create a@agents.localhost --workspace sales.example",
    )
    .await
    .expect(0)
    .shows(&[&workspace]);
}

#[tokio::test]
async fn rules_are_listed_in_the_order_in_which_they_are_looked_at() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    for (name, priority) in [
        ("Older", "10"),
        ("Last", "20"),
        ("Newer", "10"),
        ("First", "0"),
    ] {
        let create = format!(
            "agent rule create --name {name} --priority {priority} --condition subject,is,x --action trash"
        );
        typed(&cli, &create).await.expect(0);
    }
    for command in ["agent rule list", "agent overview"] {
        let shown = typed(&cli, command).await.expect(0).stdout;
        let names = ["First", "Older", "Newer", "Last"];
        let places: Vec<Option<usize>> = names.iter().map(|name| shown.find(name)).collect();
        assert!(places.is_sorted() && places[0].is_some(), "{shown}");
    }
}

#[tokio::test]
async fn the_record_is_asked_by_times_as_people_write_them() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    typed(&cli, "audit list")
        .await
        .expect(0)
        .shows(&["Nothing is on record yet"]);
    typed(&cli, "agent policy create --name Trials")
        .await
        .expect(0);
    for within in ["--since -1h", "--since 2026-01-01", "--before +1h"] {
        let listed = typed(&cli, &format!("audit list {within}")).await.expect(0);
        listed.shows(&["policy.create"]);
    }
    for outside in ["--before -1h", "--since +1h"] {
        let listed = typed(&cli, &format!("audit list {outside}"))
            .await
            .expect(0);
        listed.shows(&["Nothing of the kind is on record"]);
    }
    let wrong = typed(&cli, "audit list --since yesterday").await.expect(2);
    assert!(wrong.stderr.contains("write +2h, -2h"), "{wrong:?}");
}

#[tokio::test]
async fn what_is_missing_on_a_command_line_is_named_in_json_too() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    let wrong = typed(&cli, "approvals show --json").await.expect(2);
    let said: Value = serde_json::from_str(&wrong.stderr).expect("JSON");
    let message = said["error"]["message"].as_str().expect("a message");
    assert!(message.ends_with("not provided: <HOLD>"), "{message}");
}

#[tokio::test]
async fn what_waits_is_shown_with_whose_it_is_and_its_files() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    server.create_account("agent").await;
    typed(&cli, "approvals list")
        .await
        .expect(0)
        .shows(&["Nothing waits", "--action hold"]);
    typed(&cli, "agent rule create --name Ask --trigger outbound --condition has_attachment,is,true --action hold")
        .await
        .expect(0);
    let letter = json!({
        "to": [{"email": "bo@shop.example"}], "subject": "Offer", "body": "Words",
        "attachments": [
            {"filename": "offer\u{202e}fdp.exe", "content_type": "application/pdf", "content": "JVBERi0xLjcK"},
            {"filename": "terms.txt", "content_type": "text/plain", "content": "VGVybXM="},
        ],
    });
    let path = "/v3/grants/agent@agents.localhost/messages/send";
    let hold = server.api().post(path, letter).await.expect(202).data()["hold"]["id"].clone();
    let hold = hold.as_str().expect("an id");
    typed(&cli, "approvals list").await.expect(0).shows(&[
        "FROM",
        "agent@agents.localhost",
        "bo@shop.example",
        "Offer",
        hold,
    ]);
    let shown = cli.run(&["approvals", "show", hold]).await.expect(0);
    shown.shows(&[
        "Files",
        "offerfdp.exe (9 bytes), terms.txt (5 bytes)",
        "Words",
    ]);
}

#[tokio::test]
async fn names_that_write_on_terminals_are_none() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    let name = "Tri\u{1b}[31mals";
    for create in [
        vec!["agent", "policy", "create", "--name", name],
        vec!["agent", "list", "create", "--type", "tld", "--name", name],
        vec!["workspace", "create", "--name", name],
        vec![
            "agent",
            "rule",
            "create",
            "--condition",
            "subject,is,x",
            "--action",
            "trash",
            "--name",
            name,
        ],
    ] {
        let refused = cli.run(&create).await.expect(1);
        assert!(refused.stderr.contains("error: name: "), "{refused:?}");
    }
}
