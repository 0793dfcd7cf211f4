//! `init` and the profile.

use std::os::unix::fs::PermissionsExt;

use crate::command::{bare, run_in};
use crate::scripted::Scripted;

const APPLICATION: &str = r#"{"request_id":"r","data":{"application_id":"app-1","region":"us","environment":"staging","branding":{"name":"Heron"}}}"#;
const NO_GRANTS: &str = r#"{"request_id":"r","data":[],"limit":200,"offset":0}"#;

#[test]
fn profile_is_private_and_used_by_later_commands() {
    let server = Scripted::start(&[
        ("GET /v3/applications", 200, APPLICATION),
        ("GET /v3/grants?limit=200", 200, NO_GRANTS),
    ]);
    let home = tempfile::tempdir().expect("temporary directory");
    let url = format!("{}/", server.url);
    let ended = run_in(
        home.path(),
        &["init", "--url", &url, "--api-key", "phk_mine"],
    );
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(
        ended.out.contains("app-1")
            && ended.out.contains("Heron")
            && !ended.out.contains("phk_mine"),
        "{}",
        ended.out
    );
    let path = home.path().join("config/posthouse/profile.toml");
    let mode = std::fs::metadata(&path)
        .expect("profile")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(run_in(home.path(), &["auth", "list"]).code, 0);
    assert_eq!(
        server.asked().last().expect("asked").authorization,
        "Bearer phk_mine"
    );
}

#[test]
fn refused_key_writes_no_profile_and_exits_4() {
    let refusal = r#"{"request_id":"r","error":{"type":"unauthorized","message":"Unauthorized"}}"#;
    let server = Scripted::start(&[("GET /v3/applications", 401, refusal)]);
    let home = tempfile::tempdir().expect("temporary directory");
    let ended = run_in(
        home.path(),
        &["init", "--url", &server.url, "--api-key", "phk_wrong"],
    );
    assert_eq!(ended.code, 4);
    assert!(!home.path().join("config").exists());
}

#[test]
fn init_without_a_terminal_says_which_flags_to_use() {
    let home = tempfile::tempdir().expect("temporary directory");
    let ended = run_in(home.path(), &["init"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.err.contains("--url") && ended.err.contains("--api-key"),
        "{}",
        ended.err
    );
}

#[test]
fn variables_beat_the_profile_but_its_key_is_not_sent_elsewhere() {
    let server = Scripted::start(&[
        ("GET /v3/applications", 200, APPLICATION),
        ("GET /v3/grants?limit=200", 200, NO_GRANTS),
    ]);
    let other = Scripted::start(&[("GET /v3/grants?limit=200", 200, NO_GRANTS)]);
    let home = tempfile::tempdir().expect("temporary directory");
    run_in(
        home.path(),
        &["init", "--url", &server.url, "--api-key", "phk_mine"],
    );
    let both = bare(&["auth", "list"], home.path())
        .env("POSTHOUSE_URL", &other.url)
        .env("POSTHOUSE_API_KEY", "phk_other")
        .output()
        .expect("run");
    assert!(both.status.success());
    assert_eq!(other.asked()[0].authorization, "Bearer phk_other");
    let url_only = bare(&["auth", "list"], home.path())
        .env("POSTHOUSE_URL", &other.url)
        .output()
        .expect("run");
    assert_eq!(url_only.status.code(), Some(2));
    assert_eq!(other.asked().len(), 1);
}

#[test]
fn without_profile_and_variables_commands_point_to_init() {
    let home = tempfile::tempdir().expect("temporary directory");
    let ended = run_in(home.path(), &["auth", "list"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("posthouse init"), "{}", ended.err);
}
