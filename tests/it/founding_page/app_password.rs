//! The password for mail clients: its rules, and that nobody gets to see it again.

use std::path::Path;

use posthouse_tests::server::Posthouse;
use serde_json::json;

const PASSWORD: &str = "MySecureP4ssword!2024";

#[tokio::test]
async fn an_app_password_is_accepted_and_never_shown() {
    let server = Posthouse::start().await;
    let body = json!({"provider": "nylas", "settings": {"email": "agent@agents.localhost", "app_password": PASSWORD}});
    let created = server
        .api()
        .post("/v3/connect/custom", body)
        .await
        .expect(201);
    assert!(!created.text().contains(PASSWORD), "{}", created.text());
    let grant = server
        .api()
        .get("/v3/grants/agent@agents.localhost")
        .await
        .expect(200);
    assert_eq!(grant.data()["protocol_access"], true);
    assert!(!grant.text().contains(PASSWORD), "{}", grant.text());
    assert!(
        !grant.text().contains("$2"),
        "a bcrypt hash is a secret too: {}",
        grant.text()
    );
}

#[tokio::test]
async fn an_app_password_is_neither_stored_nor_logged_in_the_clear() {
    let mut server = Posthouse::start().await;
    let body = json!({"provider": "nylas", "settings": {"email": "agent@agents.localhost", "app_password": PASSWORD}});
    server
        .api()
        .post("/v3/connect/custom", body)
        .await
        .expect(201);
    server.stop().await;
    assert!(!server.log().contains(PASSWORD), "the log has the password");
    assert_eq!(
        files_with(&server.data_directory(), PASSWORD.as_bytes()),
        Vec::<String>::new()
    );
    assert_ne!(
        files_with(&server.data_directory(), b"$2b$"),
        Vec::<String>::new(),
        "no bcrypt hash is stored"
    );
}

fn files_with(directory: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)
        .expect("the data directory")
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, needle));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        if bytes.windows(needle.len()).any(|window| window == needle) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn a_password_against_the_rules_is_refused_by_naming_the_rule() {
    let server = Posthouse::start().await;
    let refused = [
        ("17 characters", "Abcdefghijklmno17"),
        ("41 characters", "Abcdefghijklmnopqrstuvwxyzabcdefghijklm41"),
        ("no capital", "mysecurep4ssword!2024"),
        ("no small letter", "MYSECUREP4SSWORD!2024"),
        ("no digit", "MySecurePassword!twenty"),
        ("a space", "My SecureP4ssword!2024"),
        ("a tab", "My\tSecureP4ssword!2024"),
        ("not ASCII", "MySécureP4ssword!2024"),
        ("a control byte", "MySecureP4ssword!\u{0}2024"),
        ("nothing", ""),
    ];
    for (rule, password) in refused {
        let body = json!({"provider": "nylas", "settings": {"email": "agent@agents.localhost", "app_password": password}});
        let answer = server
            .api()
            .post("/v3/connect/custom", body)
            .await
            .expect(400);
        assert_eq!(answer.error_type(), "invalid_request_error", "{rule}");
        let message = answer.error_message().to_lowercase();
        // The official command line would take these words for a server too old to know app passwords, and go on without one.
        for word in ["unexpected", "unknown", "not permitted"] {
            assert!(!message.contains(word), "{rule}: {message}");
        }
        assert!(
            password.is_empty() || !answer.text().contains(password),
            "{rule}: the answer repeats the password"
        );
        server
            .api()
            .get("/v3/grants/agent@agents.localhost")
            .await
            .expect(404);
    }
    for accepted in [
        "Abcdefghijklmnop18",
        "Abcdefghijklmnopqrstuvwxyzabcdefghijk-40",
        "~!@#$%^&*()_+Aa1{}|:",
    ] {
        let body = json!({"provider": "nylas", "settings": {"email": "agent@agents.localhost", "app_password": accepted}});
        server
            .api()
            .post("/v3/connect/custom", body)
            .await
            .expect(201);
    }
}

#[tokio::test]
async fn an_app_password_can_be_set_later_and_taken_away() {
    let server = Posthouse::start().await;
    let account = server.create_account("agent").await;
    let path = format!("/v3/grants/{}", account.id);
    let set = json!({"settings": {"app_password": PASSWORD}});
    let grant = server.api().patch(&path, set).await.expect(200).data();
    assert_eq!(grant["protocol_access"], true);
    let weak = json!({"settings": {"app_password": "weak"}});
    server.api().patch(&path, weak).await.expect(400);
    assert_eq!(
        server.api().get(&path).await.expect(200).data()["protocol_access"],
        true
    );
    let removed = json!({"settings": {"app_password": null}});
    let grant = server.api().patch(&path, removed).await.expect(200).data();
    assert_eq!(grant["protocol_access"], false);
}
