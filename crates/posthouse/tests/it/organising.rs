//! `email mark`, `move`, `delete` and `folders`.

use serde_json::{Value, json};

use crate::command::run;
use crate::scripted::Scripted;

const MESSAGE: &str = "/v3/grants/g-1/messages/m-1";
const TRASH: &str = "/v3/grants/g-1/folders/trash";

fn message(folder: &str) -> String {
    json!({"request_id": "r", "data": {
        "id": "m-1", "subject": "Hello", "unread": false, "starred": true, "folders": [folder],
    }})
    .to_string()
}

fn folder(id: &str, path: &str) -> Value {
    json!({"id": id, "path": path, "unread_count": 2, "total_count": 7, "child_count": 1})
}

fn one(data: &Value) -> String {
    json!({"request_id": "r", "data": data}).to_string()
}

#[test]
fn marks_and_moves_become_one_update_each() {
    let changed = message("f-1");
    let server = Scripted::start(&[(&format!("PATCH {MESSAGE}"), 200, &changed)]);
    let marked = run(
        &server,
        &["email", "mark", "m-1", "g-1", "--read", "--star"],
    );
    assert_eq!(marked.code, 0, "{}", marked.err);
    assert!(
        marked.out.contains("“Hello” is read, starred."),
        "{}",
        marked.out
    );
    for (arguments, place) in [
        (&["--folder", "Clients/Acme"][..], "Clients/Acme"),
        (&["--archive"], "Archive"),
    ] {
        let moved = run(
            &server,
            &[&["email", "move", "m-1", "g-1"], arguments].concat(),
        );
        assert_eq!(moved.code, 0, "{}", moved.err);
        assert!(moved.out.contains(place), "{}", moved.out);
    }
    let bodies: Vec<Value> = server.asked().into_iter().map(|asked| asked.body).collect();
    let expected = [
        json!({"unread": false, "starred": true}),
        json!({"folders": ["Clients/Acme"]}),
        json!({"folders": []}),
    ];
    assert_eq!(bodies, expected);
    for wrong in [
        &["email", "mark", "m-1", "g-1"][..],
        &["email", "mark", "m-1", "g-1", "--read", "--unread"],
        &["email", "move", "m-1", "g-1"],
        &["email", "move", "m-1", "g-1", "--archive", "--folder", "x"],
    ] {
        assert_eq!(run(&server, wrong).code, 2, "{wrong:?}");
    }
}

#[test]
fn deleting_asks_only_where_a_message_goes_for_good() {
    let (elsewhere, in_trash) = (message("f-1"), message("f-trash"));
    let trash = one(&folder("f-trash", "Trash"));
    let script = |found| {
        Scripted::start(&[
            (&format!("GET {MESSAGE}"), 200, found),
            (&format!("GET {TRASH}"), 200, trash.as_str()),
            (&format!("DELETE {MESSAGE}"), 200, r#"{"request_id":"r"}"#),
        ])
    };
    let deleted = run(&script(&elsewhere), &["email", "delete", "m-1", "g-1"]);
    assert_eq!(deleted.code, 0, "{}", deleted.err);
    assert!(
        deleted.out.contains("Moved “Hello” to Trash."),
        "{}",
        deleted.out
    );
    let server = script(&in_trash);
    let asked = run(&server, &["email", "delete", "m-1", "g-1"]);
    assert_eq!(asked.code, 2, "{}", asked.out);
    assert!(!server.lines().iter().any(|line| line.starts_with("DELETE")));
    let deleted = run(&server, &["email", "delete", "m-1", "g-1", "--yes"]);
    assert!(deleted.out.contains("for good"), "{}", deleted.out);
}

#[test]
fn folders_are_listed_made_renamed_and_deleted() {
    let acme = one(&folder("f-2", "Clients/Acme"));
    let list = json!({"request_id": "r", "data": [folder("f-1", "Inbox")], "next_cursor": "c"});
    let list = list.to_string();
    let rest = one(&json!([folder("f-2", "Clients/Acme")]));
    let server = Scripted::start(&[
        ("GET /v3/grants/g-1/folders?limit=200", 200, &list),
        (
            "GET /v3/grants/g-1/folders?limit=200&page_token=c",
            200,
            &rest,
        ),
        ("POST /v3/grants/g-1/folders", 200, &acme),
        ("PATCH /v3/grants/g-1/folders/Old%20one", 200, &acme),
        ("GET /v3/grants/g-1/folders/Clients%2FAcme", 200, &acme),
        (
            "DELETE /v3/grants/g-1/folders/f-2",
            200,
            r#"{"request_id":"r"}"#,
        ),
    ]);
    let listed = run(&server, &["email", "folders", "list", "g-1"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    assert!(
        listed.out.contains("Clients/Acme") && listed.out.contains("f-2"),
        "{}",
        listed.out
    );
    let made = run(
        &server,
        &["email", "folders", "create", "Clients/Acme", "g-1"],
    );
    assert!(made.out.contains("Created Clients/Acme."), "{}", made.out);
    let renamed = run(
        &server,
        &[
            "email",
            "folders",
            "rename",
            "Old one",
            "Clients/Acme",
            "g-1",
        ],
    );
    assert_eq!(renamed.code, 0, "{}", renamed.err);
    let delete = ["email", "folders", "delete", "Clients/Acme", "g-1"];
    assert_eq!(run(&server, &delete).code, 2, "nobody to ask");
    let deleted = run(&server, &[&delete[..], &["--yes"]].concat());
    assert_eq!(deleted.code, 0, "{}", deleted.err);
    let missing = run(
        &server,
        &["email", "folders", "delete", "nowhere", "g-1", "--yes"],
    );
    assert_eq!(missing.code, 3, "{}", missing.err);
}
