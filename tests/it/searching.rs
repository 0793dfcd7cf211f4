//! Mail is found by its words soon after its 250, also after the server was killed.

use posthouse_tests::database::Database;
use posthouse_tests::eventually;
use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Options, Posthouse};

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_found_by_its_words_also_after_a_kill() {
    found_after_a_kill(Options::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_found_by_its_words_also_after_a_kill_on_postgresql() {
    let Some(database) = Database::create().await else {
        return;
    };
    let options = Options {
        database: Some(database),
        ..Options::default()
    };
    found_after_a_kill(options).await;
}

async fn found_after_a_kill(options: Options) {
    let mut server = Posthouse::start_with(options).await;
    let account = server.create_account("agent").await;
    let letter = |subject: &str, text: &str| Letter::to(&account.email).subject(subject).text(text);
    server
        .deliver(&letter("Before", "the heron stands\n"))
        .await
        .expect(250);
    eventually("a message found by a word", async || {
        (found(&server, &account, "heron").await == ["Before"]).then_some(())
    })
    .await;

    server
        .deliver(&letter("Between", "another heron, just before the kill\n"))
        .await
        .expect(250);
    server.kill();
    server.launch().await;
    server
        .deliver(&letter("Heron after", "text\n"))
        .await
        .expect(250);
    eventually("all three messages found", async || {
        let found = found(&server, &account, "heron").await;
        (found == ["Heron after", "Between", "Before"]).then_some(())
    })
    .await;

    let rebuilt = server.cli().run(&["search", "rebuild"]).await.expect(0);
    rebuilt.shows(&["The index was rebuilt: 3 messages."]);
    let found = found(&server, &account, "heron").await;
    assert_eq!(found, ["Heron after", "Between", "Before"]);

    let list = format!("/v3/grants/{}/messages", account.id);
    let refused = server
        .api()
        .get(&format!("{list}?q=%22heron"))
        .await
        .expect(400);
    assert!(refused.error_message().contains("at character 1"));
    let shown = server
        .cli()
        .run(&["email", "search", "heron -kill"])
        .await
        .expect(0);
    shown.shows(&["Heron after", "Before"]);
}

async fn found(server: &Posthouse, account: &Account, query: &str) -> Vec<String> {
    let path = format!(
        "/v3/grants/{}/messages?search_query_native={query}",
        account.id
    );
    let rows = server.api().get(&path).await.expect(200).rows();
    rows.iter()
        .map(|row| row["subject"].as_str().unwrap_or_default().to_owned())
        .collect()
}
