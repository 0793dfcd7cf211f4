//! `contacts` and `email wait`.

use serde_json::json;

use crate::command::run;
use crate::scripted::Scripted;

fn contact() -> serde_json::Value {
    json!({
        "id": "c-1", "grant_id": "g-1", "object": "contact", "given_name": "Bo", "surname": "Buyer", "notes": null,
        "emails": [{"email": "bo@shop.example", "type": "work"}], "phone_numbers": [], "updated_at": 1_790_000_000
    })
}

#[test]
fn contacts_are_listed_shown_made_changed_and_deleted() {
    let many = json!({"request_id": "r", "data": [contact()]}).to_string();
    let one = json!({"request_id": "r", "data": contact()}).to_string();
    let server = Scripted::start(&[
        (
            "GET /v3/grants/g-1/contacts?limit=50&email=bo@shop.example",
            200,
            &many,
        ),
        ("GET /v3/grants/g-1/contacts/c-1", 200, &one),
        ("POST /v3/grants/g-1/contacts", 200, &one),
        ("PATCH /v3/grants/g-1/contacts/c-1", 200, &one),
        (
            "DELETE /v3/grants/g-1/contacts/c-1",
            200,
            r#"{"request_id":"r"}"#,
        ),
    ]);
    for arguments in [
        &["contacts", "list", "g-1", "--email", "bo@shop.example"][..],
        &["contacts", "get", "c-1", "g-1"],
        &[
            "contacts",
            "create",
            "g-1",
            "--given-name",
            "Bo",
            "--email",
            "bo@shop.example",
            "--birthday",
            "--02-29",
        ],
        &["contacts", "update", "c-1", "g-1", "--surname", "Buyer"],
        &["contacts", "delete", "c-1", "g-1", "--yes"],
    ] {
        let ended = run(&server, arguments);
        assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.err);
        assert!(ended.out.contains("Bo Buyer"), "{}", ended.out);
    }
    let bodies: Vec<_> = server.asked().into_iter().map(|asked| asked.body).collect();
    assert_eq!(
        bodies[2],
        json!({"given_name": "Bo", "birthday": "--02-29", "emails": [{"email": "bo@shop.example"}]})
    );
    assert_eq!(bodies[3], json!({"surname": "Buyer"}));
    assert_eq!(run(&server, &["contacts", "update", "c-1", "g-1"]).code, 2);
    assert_eq!(run(&server, &["contacts", "get", "c-2", "g-1"]).code, 3);
}

#[test]
fn waiting_shows_the_message_or_says_how_to_go_on() {
    let message = json!({"id": "m-1", "subject": "Code", "from": [{"name": "", "email": "a@b.example"}], "to": [],
        "date": 1_790_000_000, "body": "482913"});
    let found =
        json!({"request_id": "r", "data": message, "timed_out": false, "next_since": "m-1"})
            .to_string();
    let nothing = r#"{"request_id":"r","data":null,"timed_out":true,"next_since":"1790000000"}"#;
    let server = Scripted::start(&[
        (
            "GET /v3/grants/g-1/messages/wait?timeout=60&since=m-0&from=a@b.example&subject=code",
            200,
            &found,
        ),
        (
            "GET /v3/grants/g-1/messages/wait?timeout=30&in=inbox",
            200,
            nothing,
        ),
    ]);
    let arguments = [
        "email",
        "wait",
        "g-1",
        "--timeout",
        "60",
        "--since",
        "m-0",
        "--from",
        "a@b.example",
        "--subject",
        "code",
    ];
    let ended = run(&server, &arguments);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("482913"), "{}", ended.out);
    let ended = run(&server, &["email", "wait", "g-1", "--folder", "inbox"]);
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("--since 1790000000"), "{}", ended.err);
    let json = run(
        &server,
        &["email", "wait", "g-1", "--folder", "inbox", "--json"],
    );
    assert_eq!((json.code, json.out.trim_end()), (0, nothing));
    assert_eq!(
        run(&server, &["email", "wait", "g-1", "--timeout", "61"]).code,
        2
    );
}
