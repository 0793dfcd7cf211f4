//! Whoever writes a name, a reason or an answer does not write on the terminal of who reads it, and a server that is none ends no command badly.

use posthouse_tests::cli::{Client, Outcome};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Escape, bell, a line break, CSI of one character, what turns text around, what ends lines and what shows nothing.
const HOSTILE: &str = "Ev\u{1b}[31mil\u{7}\u{202e}\nNEXT\u{9b}2J\u{2028}\u{7f}\u{e0041}";

const COMMANDS: [&str; 34] = [
    "agent policy list",
    "agent policy get x",
    "agent policy create --name a",
    "agent policy update x --name a",
    "agent policy delete x --yes",
    "agent rule list",
    "agent rule list --workspace x",
    "agent rule get x",
    "agent rule create --condition a,is,b --action trash",
    "agent rule update x --disabled",
    "agent rule delete x --yes",
    "rule test --rule x --from a@b.example",
    "agent list list",
    "agent list get x",
    "agent list create --name a --type tld",
    "agent list update x --name a",
    "agent list delete x --yes",
    "agent list items x",
    "agent list items x --all",
    "agent list add x a",
    "agent list remove x a",
    "agent overview",
    "workspace list",
    "workspace get x",
    "workspace update x --add-rule a",
    "workspace delete x --yes",
    "workspace assign x a@b.example",
    "workspace auto-group",
    "approvals list",
    "approvals show x",
    "approvals reject x",
    "audit list --account a@b.example",
    "agent account suspend x",
    "agent account move x --workspace y",
];

/// A thing that is all things: every member that any command reads is there and is hostile.
fn everything() -> Value {
    let people = json!([{"name": HOSTILE, "email": HOSTILE}]);
    let mut thing = json!({
        "items_count": 3, "priority": 1, "enabled": true, "created_at": 1, "updated_at": i64::MAX, "expires_at": -1, "blocked": true,
        "auto_group": true, "default": true, "attachments": [{"filename": HOSTILE, "size": 1}], "from": people, "to": people, "cc": people,
        "object": {"type": HOSTILE, "id": HOSTILE}, "reasons": [HOSTILE], "rule_ids": [HOSTILE], "recipients": [HOSTILE],
        "match": {"operator": HOSTILE, "conditions": [{"field": HOSTILE, "operator": "in_list", "value": [HOSTILE]}]},
        "actions": [{"type": HOSTILE, "value": HOSTILE}], "limits": {"limit_attachment_allowed_types": [HOSTILE]},
        "outbound_guard": {"secrets": HOSTILE, HOSTILE: HOSTILE, "patterns": [1]},
        "applied_actions": {HOSTILE: true},
        "trace": [{"name": HOSTILE, "matched": true, "conditions": [{"field": HOSTILE, "operator": HOSTILE, "value": HOSTILE, "actual": [HOSTILE, null]}]}],
    });
    for member in [
        "id",
        "name",
        "description",
        "email",
        "subject",
        "body",
        "status",
        "outcome",
        "folder",
        "type",
        "value",
        "trigger",
        "policy_id",
        "workspace_id",
        "domain",
        "action",
        "reason",
        "actor",
        "grant_id",
        "suspended_reason",
        "grant_status",
        "message",
    ] {
        thing[member] = json!(HOSTILE);
    }
    // Holds have their message within.
    thing["message"] = Value::Null;
    thing
}

/// Answers every request on a port of its own: with rows where a list is asked for.
async fn stub(answer: impl Fn(bool, bool) -> (u16, String) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            // The head is enough to know what is asked; a body in the same packet is left.
            while !request.windows(4).any(|four| four == b"\r\n\r\n") {
                if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            let line = String::from_utf8_lossy(&request).into_owned();
            let path = line.split(['?', ' ']).nth(1).unwrap_or_default().to_owned();
            let lists = [
                "policies",
                "rules",
                "lists",
                "workspaces",
                "holds",
                "audit",
                "grants",
                "items",
            ];
            let last = path.rsplit('/').next().unwrap_or_default();
            let is_list = line.starts_with("GET ") && lists.contains(&last);
            let (status, body) = answer(is_list, last == "rules");
            let head = format!(
                "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            drop(stream.write_all(format!("{head}{body}").as_bytes()).await);
            drop(stream.shutdown().await);
        }
    });
    format!("http://{address}")
}

async fn typed(cli: &Client, line: &str, more: &[&str]) -> Outcome {
    let words: Vec<&str> = line.split(' ').chain(more.iter().copied()).collect();
    cli.run(&words).await
}

fn assert_harmless(outcome: &Outcome) {
    let all = format!("{}{}", outcome.stdout, outcome.stderr);
    let obeyed = |character: char| {
        (character.is_control() && character != '\n')
            || matches!(character, '\u{202e}' | '\u{2028}' | '\u{e0041}')
    };
    assert!(!all.contains(obeyed), "{outcome:?}");
}

#[tokio::test]
async fn whoever_names_things_writes_on_no_terminal() {
    let url = stub(|is_list, is_nested| {
        let data = match (is_list, is_nested) {
            (true, true) => json!({"items": [everything()]}),
            (true, false) => json!([everything()]),
            _ => everything(),
        };
        let body = json!({"request_id": HOSTILE, "data": data, "warnings": [HOSTILE]});
        (200, body.to_string())
    })
    .await;
    let home = tempfile::tempdir().expect("a directory");
    let cli = Client::new(home.path(), &url, "key");
    for line in COMMANDS {
        let shown = typed(&cli, line, &[]).await.expect(0);
        assert_harmless(&shown);
        // Only what has lines of its own, the text of a message, is shown with them.
        let breaks = shown.stdout.lines().any(|line| line.starts_with("NEXT"));
        assert!(!breaks || line == "approvals show x", "{shown:?}");
        let shown = typed(&cli, line, &["--json"]).await.expect(0);
        assert_harmless(&shown);
        assert!(shown.json().to_string().contains("NEXT"), "{line}");
    }
}

#[tokio::test]
async fn errors_of_any_server_are_told_in_one_way() {
    let error = json!({"request_id": HOSTILE, "error": {"type": HOSTILE, "message": HOSTILE, "fix": HOSTILE}});
    let unheard_of =
        json!({"request_id": "r", "error": {"type": "not_found_error", "message": "no such path"}});
    for (status, body, says) in [
        (409, error.to_string(), "error: Ev [31mil"),
        (404, unheard_of.to_string(), "the server may be older"),
        (
            502,
            "<html>Bad gateway</html>".to_owned(),
            "answered HTTP 502",
        ),
        (
            200,
            "[1, 2]".to_owned(),
            "not in the form of the Posthouse API",
        ),
        (
            200,
            "null".to_owned(),
            "not in the form of the Posthouse API",
        ),
    ] {
        let answer = body.clone();
        let url = stub(move |_, _| (status, answer.clone())).await;
        let home = tempfile::tempdir().expect("a directory");
        let cli = Client::new(home.path(), &url, "key");
        for line in COMMANDS {
            let refused = typed(&cli, line, &[]).await.expect(1);
            assert_harmless(&refused);
            assert!(refused.stderr.contains(says), "{refused:?}");
            let refused = typed(&cli, line, &["--json"]).await.expect(1);
            assert_harmless(&refused);
            let said: Value = serde_json::from_str(&refused.stderr).expect("JSON");
            assert!(said["error"].is_object(), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn answers_of_other_types_end_no_command_badly() {
    for odd in [
        json!(null),
        json!(7),
        json!("x"),
        json!([1, null, {"a": 1}]),
        json!({"a": {"b": 1}}),
        json!(true),
    ] {
        let Value::Object(members) = everything() else {
            unreachable!("an object")
        };
        let thing: Value = members
            .into_iter()
            .map(|(name, _)| (name, odd.clone()))
            .collect();
        let url = stub(move |is_list, is_nested| {
            let data = match (is_list, is_nested) {
                (true, true) => json!({"items": [thing, odd]}),
                (true, false) => json!([thing, odd]),
                _ => thing.clone(),
            };
            (
                200,
                json!({"request_id": odd, "data": data, "warnings": odd}).to_string(),
            )
        })
        .await;
        let home = tempfile::tempdir().expect("a directory");
        let cli = Client::new(home.path(), &url, "key");
        for line in COMMANDS {
            let ended = typed(&cli, line, &[]).await;
            assert!((0..=4).contains(&ended.code), "{ended:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_said_to_be() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let home = tempfile::tempdir().expect("a directory");
    let cli = Client::new(home.path(), &url, "key");
    for line in COMMANDS {
        let away = typed(&cli, line, &[]).await.expect(1);
        assert!(
            away.stderr
                .contains(&format!("no Posthouse at {url}; start one")),
            "{away:?}"
        );
    }
}
