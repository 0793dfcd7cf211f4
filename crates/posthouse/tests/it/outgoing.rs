//! `email send` and `email reply`.

use serde_json::json;

use crate::command::run;
use crate::scripted::Scripted;

const SENT: &str = r#"{"request_id":"r","grant_id":"g-1","data":{"id":"m-2","thread_id":"t-1","subject":"Quote","to":[{"name":"","email":"buyer@shop.example"}],"cc":[],"bcc":[]}}"#;

#[test]
fn send_posts_what_was_typed_and_shows_what_became_of_it() {
    let server = Scripted::start(&[("POST /v3/grants/agent@x.example/messages/send", 200, SENT)]);
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("a.txt");
    std::fs::write(&file, "one\n").expect("a file");
    let arguments = [
        "email",
        "send",
        "agent@x.example",
        "--to",
        "buyer@shop.example,other@shop.example",
        "--bcc",
        "hidden@shop.example",
        "--subject",
        "Quote",
        "--body",
        "Hello",
        "--attach",
        file.to_str().expect("a path"),
    ];
    let ended = run(&server, &arguments);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(
        ended.out.contains("Sent.") && ended.out.contains("m-2"),
        "{}",
        ended.out
    );
    let body = &server.asked()[0].body;
    assert_eq!(
        body["to"],
        json!([{"email": "buyer@shop.example"}, {"email": "other@shop.example"}])
    );
    assert_eq!(body["bcc"], json!([{"email": "hidden@shop.example"}]));
    assert_eq!(
        (&body["subject"], &body["body"], &body["is_plaintext"]),
        (&json!("Quote"), &json!("Hello"), &json!(true))
    );
    assert_eq!(
        body["attachments"],
        json!([{"filename": "a.txt", "content": "b25lCg=="}])
    );
    let nobody = run(&server, &["email", "send", "agent@x.example"]);
    assert_eq!(nobody.code, 2, "{}", nobody.err);
    let missing = run(
        &server,
        &[
            "email",
            "send",
            "a",
            "--to",
            "b@c.example",
            "--attach",
            "/nowhere",
        ],
    );
    assert_eq!(missing.code, 1, "{}", missing.err);
}

#[test]
fn reply_answers_the_sender_in_the_thread() {
    let original = json!({"request_id": "r", "data": {
        "id": "m-1", "subject": "Question", "from": [{"name": "Ann", "email": "ann@peer.example"}], "reply_to": [],
        "to": [{"name": "", "email": "agent@x.example"}, {"name": "", "email": "bob@peer.example"}], "cc": [],
    }})
    .to_string();
    let grant =
        json!({"request_id": "r", "data": {"id": "g-1", "email": "agent@x.example"}}).to_string();
    let server = Scripted::start(&[
        ("GET /v3/grants/g-1/messages/m-1", 200, &original),
        ("GET /v3/grants/g-1", 200, &grant),
        ("POST /v3/grants/g-1/messages/send", 200, SENT),
    ]);
    for (flags, cc) in [
        (&[][..], json!([])),
        (
            &["--all"][..],
            json!([{"name": "", "email": "bob@peer.example"}]),
        ),
    ] {
        let arguments = [
            &["email", "reply", "m-1", "g-1", "--body", "Yes"][..],
            flags,
        ]
        .concat();
        let ended = run(&server, &arguments);
        assert_eq!(ended.code, 0, "{}", ended.err);
        let asked = server.asked();
        let body = &asked.last().expect("a request").body;
        assert_eq!(
            body["to"],
            json!([{"name": "Ann", "email": "ann@peer.example"}])
        );
        assert_eq!(
            (&body["cc"], &body["subject"], &body["reply_to_message_id"]),
            (&cc, &json!("Re: Question"), &json!("m-1"))
        );
    }
}
