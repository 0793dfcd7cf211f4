//! `posthouse email send`.

use std::path::PathBuf;

use base64::Engine;
use serde_json::{Value, json};

use super::{account, participants, text};
use crate::cli::SendArgs;
use crate::client::{Answer, Api, Failure, segment};
use crate::output::{Screen, details, field};

/// Sends a message.
///
/// # Errors
/// A file that cannot be read, or whatever the server said.
pub async fn run(message: SendArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(message.mailbox, api).await?;
    let attachments: Vec<Value> = message
        .attach
        .iter()
        .map(attachment)
        .collect::<Result<_, _>>()?;
    let body = json!({
        "to": mailboxes(&message.to),
        "cc": mailboxes(&message.cc),
        "bcc": mailboxes(&message.bcc),
        "subject": message.subject,
        "body": text::resolve(message.body)?,
        "is_plaintext": !message.html,
        "attachments": attachments,
    });
    let path = format!("/v3/grants/{}/messages/send", segment(&account));
    let answer = api.post(&path, &body).await?;
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
    screen.text(&screen.good("Sent."));
    screen.text(&details(
        screen,
        &[
            ("To", participants(&message["to"])),
            ("Cc", participants(&message["cc"])),
            ("Bcc", participants(&message["bcc"])),
            ("Subject", field(message, "subject")),
            ("ID", field(message, "id")),
            ("Thread", field(message, "thread_id")),
        ],
    ));
}

fn mailboxes(addresses: &[String]) -> Vec<Value> {
    let mailbox = |address: &String| json!({ "email": address });
    addresses.iter().map(mailbox).collect()
}

fn attachment(path: &PathBuf) -> Result<Value, Failure> {
    let content = std::fs::read(path).map_err(|error| Failure::Local {
        message: format!("cannot read {}: {error}", path.display()),
        fix: None,
    })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(json!({
        "filename": name,
        "content": base64::engine::general_purpose::STANDARD.encode(content),
    }))
}
