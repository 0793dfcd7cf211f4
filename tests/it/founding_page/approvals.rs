//! What is kept, stopped or tried before it acts, and the record of it, on the command line.

use posthouse_tests::server::Posthouse;

#[tokio::test]
async fn suspending_and_resuming_is_a_command_and_on_record() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    server.create_account("agent").await;
    let suspend = [
        "agent",
        "account",
        "suspend",
        "agent@agents.localhost",
        "--reason",
        "looping",
    ];
    cli.run(&suspend)
        .await
        .expect(0)
        .shows(&["suspended", "looping"]);
    let send = [
        "email",
        "send",
        "agent@agents.localhost",
        "--to",
        "a@shop.example",
        "--subject",
        "x",
        "--body",
        "y",
    ];
    cli.run(&send).await.expect(4);
    cli.run(&["agent", "account", "resume", "agent@agents.localhost"])
        .await
        .expect(0)
        .shows(&["Account resumed."]);
    cli.run(&["audit", "list", "--account", "agent@agents.localhost"])
        .await
        .expect(0)
        .shows(&["ACTION", "suspend", "resume"]);
}

#[tokio::test]
async fn rules_are_tried_on_a_message_and_tell_what_they_looked_at() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    server.create_account("agent").await;
    for (name, condition, action) in [
        ("No spam", "from.domain,is,spam.example", "block"),
        ("Quotes", "subject,contains,quote", "archive"),
    ] {
        let create = [
            "agent",
            "rule",
            "create",
            "--name",
            name,
            "--condition",
            condition,
            "--action",
            action,
        ];
        cli.run(&create).await.expect(0);
    }
    let account = "agent@agents.localhost";
    let blocked = [
        "agent",
        "rule",
        "test",
        "--account",
        account,
        "--from",
        "a@spam.example",
    ];
    cli.run(&blocked).await.expect(0).shows(&[
        "Outcome",
        "block",
        "No spam",
        "from.domain is spam.example",
        "yes",
    ]);
    // The shorter name of the same command.
    let archived = [
        "rule",
        "test",
        "--account",
        account,
        "--from",
        "a@shop.example",
        "--subject",
        "A quote",
        "--json",
    ];
    let tried = cli.run(&archived).await.expect(0).json();
    assert_eq!(tried["data"]["outcome"], "deliver");
    assert_eq!(tried["data"]["trace"].as_array().map(Vec::len), Some(2));
    let listed = server
        .api()
        .get("/v3/grants/agent@agents.localhost/messages")
        .await;
    assert!(listed.expect(200).rows().is_empty(), "nothing is stored");
    cli.run(&["rule", "test", "--from", "a@shop.example"])
        .await
        .expect(2);
    cli.run(&["rule", "test", "--account", account])
        .await
        .expect(2);
}

#[tokio::test]
async fn a_message_that_a_rule_holds_is_approved_or_rejected_on_the_command_line() {
    let server = Posthouse::start().await;
    let cli = server.cli();
    server.create_account("agent").await;
    cli.run(&["approvals", "list"])
        .await
        .expect(0)
        .shows(&["Nothing waits for approval."]);
    let rule = [
        "agent",
        "rule",
        "create",
        "--name",
        "Ask first",
        "--trigger",
        "outbound",
        "--condition",
        "recipient.known,is,false",
        "--action",
        "hold",
    ];
    cli.run(&rule).await.expect(0);
    for subject in ["Hello", "Goodbye"] {
        let send = [
            "email",
            "send",
            "agent@agents.localhost",
            "--to",
            "bo@shop.example",
            "--subject",
            subject,
            "--body",
            "Words for Bo\u{1b}]0;owned\u{7}",
        ];
        cli.run(&send)
            .await
            .expect(0)
            .shows(&["waits for approval", "posthouse approvals approve"]);
    }
    let waiting = cli.run(&["approvals", "list"]).await.expect(0);
    waiting.shows(&[
        "pending",
        "Hello",
        "Goodbye",
        "bo@shop.example",
        "Ask first",
    ]);
    let rows = cli
        .run(&["approvals", "list", "--json"])
        .await
        .expect(0)
        .json();
    let [last, first] = [&rows["data"][0]["id"], &rows["data"][1]["id"]];
    let (last, first) = (
        last.as_str().expect("an id"),
        first.as_str().expect("an id"),
    );
    let shown = cli.run(&["approvals", "show", first]).await.expect(0);
    shown.shows(&["Hello", "bo@shop.example", "Words for Bo", "Ask first"]);
    // Whoever wrote the message does not write on the terminal of who decides.
    assert!(!shown.stdout.contains(['\u{1b}', '\u{7}']));
    cli.run(&["approvals", "approve", first, "--note", "fine"])
        .await
        .expect(0)
        .shows(&["Approved"]);
    cli.run(&["approvals", "reject", last, "--reason", "no"])
        .await
        .expect(0)
        .shows(&["Rejected"]);
    // Twice is once too often.
    cli.run(&["approvals", "approve", last]).await.expect(1);
    cli.run(&["approvals", "show", "01a20a98-0000-7000-8000-000000000000"])
        .await
        .expect(3);
    let account = ["audit", "list", "--account", "agent@agents.localhost"];
    cli.run(&account).await.expect(0).shows(&[
        "hold.approve",
        "hold.reject",
        "message.send",
        "held",
        "bo@shop.example",
    ]);
    cli.run(&["audit", "list", "--action", "no.such"])
        .await
        .expect(0)
        .shows(&["Nothing of the kind"]);
}
