//! `posthouse email send`.

use serde_json::Value;

use super::{account, compose, participants};
use crate::cli::SendArgs;
use crate::client::{Answer, Api, Failure, segment};
use crate::output::{Screen, details, field, moment};

/// Sends a message, or schedules it.
///
/// # Errors
/// [`Failure::Usage`] without a recipient, a file that cannot be read, or whatever the server said.
pub async fn run(args: SendArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let message = args.message;
    if message.to.is_empty() && message.cc.is_empty() && message.bcc.is_empty() {
        return Err(Failure::usage(
            "the message has no recipient",
            "add --to ADDRESS",
        ));
    }
    let is_plaintext = !message.html;
    let mut body = compose::members(message)?;
    body.insert("is_plaintext".to_owned(), is_plaintext.into());
    if let Some(send_at) = args.at {
        body.insert("send_at".to_owned(), send_at.into());
    }
    let account = account::choose(args.mailbox, api).await?;
    let path = format!("/v3/grants/{}/messages/send", segment(&account));
    let answer = api.post(&path, &Value::Object(body)).await?;
    print(&answer, screen);
    Ok(())
}

/// Shows what became of a message.
pub fn print(answer: &Answer, screen: &Screen) {
    if screen.is_json() {
        screen.verbatim(answer);
        return;
    }
    let message = answer.data();
    let send_at = moment(&message["send_at"]);
    let hold = &message["hold"];
    let what = match (hold.is_object(), send_at.is_empty()) {
        (true, _) => format!("Not sent: it waits for approval ({}).", reasons(hold)),
        (false, true) => "Sent.".to_owned(),
        (false, false) => format!("Scheduled for {send_at}."),
    };
    screen.text(&match hold.is_object() {
        true => screen.bad(&what),
        false => screen.good(&what),
    });
    screen.text(&details(
        screen,
        &[
            ("To", participants(&message["to"])),
            ("Cc", participants(&message["cc"])),
            ("Bcc", participants(&message["bcc"])),
            ("Subject", field(message, "subject")),
            ("ID", field(message, "id")),
            ("Thread", field(message, "thread_id")),
            ("Schedule", field(message, "schedule_id")),
            ("Hold", field(hold, "id")),
        ],
    ));
    if hold.is_object() {
        let id = field(hold, "id");
        screen.text(&format!("\nLet it go:\n  posthouse approvals approve {id}"));
    }
}

/// Returns why a message waits, in words.
fn reasons(hold: &Value) -> String {
    let reasons = hold["reasons"].as_array().into_iter().flatten();
    let words: Vec<&str> = reasons.filter_map(Value::as_str).collect();
    words.join(", ")
}
