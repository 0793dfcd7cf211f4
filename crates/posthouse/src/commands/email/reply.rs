//! `posthouse email reply`.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{account, send, text};
use crate::cli::ReplyArgs;
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, field};

/// Answers a message, in its thread.
///
/// # Errors
/// Not found, or whatever the server said.
pub async fn run(answer: ReplyArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = segment(&account::choose(answer.mailbox, api).await?);
    let path = format!("/v3/grants/{account}/messages/{}", segment(&answer.message));
    let found = api.get(&path).await?;
    let original = found.data();
    let own = api.get(&format!("/v3/grants/{account}")).await?;
    let own = field(own.data(), "email");
    let body = json!({
        "to": whom(original, &own),
        "cc": if answer.all { others(original, &own) } else { Vec::new() },
        "subject": subject(&field(original, "subject")),
        "body": text::resolve(answer.body)?,
        "is_plaintext": !answer.html,
        "reply_to_message_id": field(original, "id"),
    });
    let sent = api
        .post(&format!("/v3/grants/{account}/messages/send"), &body)
        .await?;
    send::print(&sent, screen);
    Ok(())
}

/// Whoever the message asks to answer to; for one's own message, those it went to.
fn whom(original: &Value, own: &str) -> Vec<Value> {
    let people = |member: &str| original[member].as_array().cloned().unwrap_or_default();
    let from = people("from");
    if from.iter().any(|person| is(person, own)) {
        return people("to");
    }
    let asked = people("reply_to");
    if asked.is_empty() { from } else { asked }
}

/// Everybody else who got the message, once.
fn others(original: &Value, own: &str) -> Vec<Value> {
    let mut seen: HashSet<String> = whom(original, own)
        .iter()
        .map(|person| field(person, "email").to_lowercase())
        .collect();
    seen.insert(own.to_lowercase());
    let lists = [&original["to"], &original["cc"]];
    let people = lists.iter().filter_map(|list| list.as_array()).flatten();
    people
        .filter(|person| seen.insert(field(person, "email").to_lowercase()))
        .cloned()
        .collect()
}

fn is(person: &Value, email: &str) -> bool {
    field(person, "email").eq_ignore_ascii_case(email)
}

fn subject(original: &str) -> String {
    let is_reply = original
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    if is_reply {
        original.to_owned()
    } else {
        format!("Re: {original}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emails(people: &[Value]) -> Vec<String> {
        people.iter().map(|person| field(person, "email")).collect()
    }

    #[test]
    fn answers_go_where_they_are_asked_for_and_to_all_but_oneself() {
        let original = json!({
            "from": [{"email": "ann@x.example"}], "reply_to": [],
            "to": [{"email": "Me@x.example"}, {"email": "bob@x.example"}],
            "cc": [{"email": "ANN@x.example"}, {"email": "cy@x.example"}],
        });
        assert_eq!(emails(&whom(&original, "me@x.example")), ["ann@x.example"]);
        assert_eq!(
            emails(&others(&original, "me@x.example")),
            ["bob@x.example", "cy@x.example"]
        );
        assert_eq!(
            emails(&whom(&original, "ann@x.example")),
            ["Me@x.example", "bob@x.example"]
        );
        let asked = json!({"from": [{"email": "ann@x.example"}], "reply_to": [{"email": "list@x.example"}]});
        assert_eq!(emails(&whom(&asked, "me@x.example")), ["list@x.example"]);
    }

    #[test]
    fn a_reply_prefix_is_not_repeated() {
        assert_eq!(subject("RE: x"), "RE: x");
        assert_eq!(subject("ü"), "Re: ü");
        assert_eq!(subject(""), "Re: ");
    }
}
