//! `posthouse email read`.

use serde_json::Value;

use super::{account, participants};
use crate::cli::ReadArgs;
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, clean_lines, details, field, moment, plain_text, size};

/// Shows headers and text of one message.
///
/// # Errors
/// Not found, or whatever the server said.
pub async fn run(args: ReadArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let mut path = format!(
        "/v3/grants/{}/messages/{}",
        segment(&account),
        segment(&args.message)
    );
    if args.headers {
        path.push_str("?fields=include_headers");
    }
    let answer = api.get(&path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    show(answer.data(), args.headers, screen);
    Ok(())
}

/// Prints a message for people.
pub fn show(message: &Value, headers: bool, screen: &Screen) {
    screen.text(&if headers {
        all_headers(message)
    } else {
        main_headers(screen, message)
    });
    let body = message["body"].as_str().unwrap_or_default();
    screen.text(&format!("\n{}", clean_lines(&plain_text(body)).trim_end()));
    let attachments = attachments(message);
    if !attachments.is_empty() {
        screen.text(&format!("\n{}\n{attachments}", screen.bold("Attachments:")));
    }
}

fn main_headers(screen: &Screen, message: &Value) -> String {
    let pairs = [
        ("From", participants(&message["from"])),
        ("To", participants(&message["to"])),
        ("Cc", participants(&message["cc"])),
        ("Reply-To", participants(&message["reply_to"])),
        ("Date", moment(&message["date"])),
        ("Subject", screen.bold(&field(message, "subject"))),
        ("ID", field(message, "id")),
        ("Thread", field(message, "thread_id")),
    ];
    details(screen, &pairs)
}

fn all_headers(message: &Value) -> String {
    let headers = message["headers"].as_array().map_or(&[][..], Vec::as_slice);
    let lines: Vec<String> = headers
        .iter()
        .map(|header| format!("{}: {}", field(header, "name"), field(header, "value")))
        .collect();
    lines.join("\n")
}

fn attachments(message: &Value) -> String {
    let attachments = message["attachments"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let lines: Vec<String> = attachments
        .iter()
        .map(|attachment| {
            format!(
                "  {}  {}  {}  {}",
                field(attachment, "filename"),
                field(attachment, "content_type"),
                size(&attachment["size"]),
                field(attachment, "id"),
            )
        })
        .collect();
    lines.join("\n")
}
