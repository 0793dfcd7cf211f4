//! `email attachments`.

use crate::command::{bare, run};
use crate::scripted::Scripted;

const MESSAGE: &str = r#"{"request_id":"r","data":{"id":"m-1","attachments":[{"id":"a-1","filename":"../../evil.pdf","content_type":"application/pdf","size":1536}]}}"#;
const METADATA: &str = r#"{"request_id":"r","data":{"id":"a-1","filename":"../../evil.pdf","content_type":"application/pdf","size":1536,"content_id":null}}"#;
const CONTENT: &str = "%PDF the bytes of the file";

fn server() -> Scripted {
    Scripted::start(&[
        ("GET /v3/grants/g-1/messages/m-1", 200, MESSAGE),
        (
            "GET /v3/grants/g-1/attachments/a-1?message_id=m-1",
            200,
            METADATA,
        ),
        (
            "GET /v3/grants/g-1/attachments/a-1/download?message_id=m-1",
            200,
            CONTENT,
        ),
    ])
}

fn download(server: &Scripted, home: &std::path::Path, flags: &[&str]) -> crate::command::Ended {
    let arguments = [
        &["email", "attachments", "download", "m-1", "a-1", "g-1"][..],
        flags,
    ]
    .concat();
    bare(&arguments, home)
        .env("POSTHOUSE_URL", &server.url)
        .env("POSTHOUSE_API_KEY", "phk_test")
        .output()
        .expect("run")
        .into()
}

#[test]
fn attachments_are_listed_with_sizes_for_people() {
    let server = server();
    let ended = run(&server, &["email", "attachments", "list", "m-1", "g-1"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(
        ended.out.contains("1.5 KB") && ended.out.contains("a-1"),
        "{}",
        ended.out
    );
    let json = run(
        &server,
        &["email", "attachments", "list", "m-1", "g-1", "--json"],
    );
    assert_eq!(json.json()[0]["id"], "a-1");
}

#[test]
fn attachments_of_a_draft_are_listed_too() {
    let server = Scripted::start(&[("GET /v3/grants/g-1/drafts/d-1", 200, MESSAGE)]);
    let ended = run(&server, &["email", "attachments", "list", "d-1", "g-1"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("a-1"), "{}", ended.out);
}

#[test]
fn a_download_stays_in_its_directory_and_replaces_nothing() {
    let server = server();
    let home = tempfile::tempdir().expect("a directory");
    let ended = download(&server, home.path(), &[]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let file = home.path().join("evil.pdf");
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), CONTENT);

    let again = download(&server, home.path(), &[]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("--force"), "{}", again.err);
    let forced = download(&server, home.path(), &["--force"]);
    assert_eq!(forced.code, 0, "{}", forced.err);
    let files = std::fs::read_dir(home.path()).expect("a directory").count();
    assert_eq!(files, 1, "no half-written file is left");
}

#[test]
fn a_download_goes_to_standard_output_or_a_named_directory() {
    let server = server();
    let home = tempfile::tempdir().expect("a directory");
    let out = download(&server, home.path(), &["--output", "-"]);
    assert_eq!(out.out, CONTENT);
    std::fs::create_dir(home.path().join("files")).expect("a directory");
    let ended = download(&server, home.path(), &["-o", "files"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(home.path().join("files/evil.pdf").exists());
}

#[test]
fn a_download_that_fails_leaves_nothing() {
    let server = Scripted::start(&[(
        "GET /v3/grants/g-1/attachments/a-1?message_id=m-1",
        200,
        METADATA,
    )]);
    let home = tempfile::tempdir().expect("a directory");
    let ended = download(&server, home.path(), &[]);
    assert_eq!(ended.code, 3, "{}", ended.err);
    assert_eq!(std::fs::read_dir(home.path()).expect("it").count(), 0);
}
