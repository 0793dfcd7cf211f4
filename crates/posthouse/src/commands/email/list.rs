//! `posthouse email list`.

use serde_json::Value;

use crate::client::{Api, Failure, segment};
use crate::output::{Screen, field, moment, table};

use super::participant;

/// Characters of a subject that a line shows.
pub(super) const SUBJECT_CHARACTERS_MAX: usize = 60;
/// Characters of a sender that a line shows.
const SENDER_CHARACTERS_MAX: usize = 40;

/// Which messages to list.
pub struct Wanted {
    /// Id or address.
    pub account: String,
    /// Name or id; `all` for every folder.
    pub folder: String,
    /// Only unread ones.
    pub unread: bool,
    /// At most so many.
    pub limit: u32,
}

/// Lists the newest messages.
///
/// # Errors
/// Whatever the server said.
pub async fn run(wanted: &Wanted, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let mut path = format!(
        "/v3/grants/{}/messages?limit={}&in={}",
        segment(&wanted.account),
        wanted.limit,
        segment(&wanted.folder)
    );
    if wanted.unread {
        path.push_str("&unread=true");
    }
    let answer = api.get(&path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text(&empty(wanted));
        return Ok(());
    }
    screen.text(&lines(answer.rows(), screen));
    if answer.body["next_cursor"].is_string() {
        screen.text(&format!(
            "\nThere are older ones: add --limit (up to 200). This was {}.",
            wanted.limit
        ));
    }
    Ok(())
}

/// Returns a table with a line for each message.
pub(super) fn lines(messages: &[Value], screen: &Screen) -> String {
    let rows = messages
        .iter()
        .map(|message| {
            let unread = message["unread"].as_bool().unwrap_or(false);
            let subject = field(message, "subject");
            let subject = if subject.is_empty() {
                "(no subject)".to_owned()
            } else {
                subject
            };
            let subject = shorten(&subject, SUBJECT_CHARACTERS_MAX);
            vec![
                if unread {
                    screen.bold("●")
                } else {
                    String::new()
                },
                moment(&message["date"]),
                shorten(&participant(&message["from"][0]), SENDER_CHARACTERS_MAX),
                if unread {
                    screen.bold(&subject)
                } else {
                    subject
                },
                field(message, "id"),
            ]
        })
        .collect();
    table(screen, &["", "DATE", "FROM", "SUBJECT", "ID"], rows)
}

fn empty(wanted: &Wanted) -> String {
    if wanted.unread {
        return format!(
            "No unread messages in {}. Without --unread all are listed.",
            wanted.folder
        );
    }
    format!(
        "No messages in {folder}. Send one to the account's address, or look everywhere:\n  posthouse email list {account} --folder all",
        folder = wanted.folder,
        account = wanted.account,
    )
}

/// Cuts a text that is longer than a line shows.
pub(super) fn shorten(text: &str, characters_max: usize) -> String {
    if text.chars().count() <= characters_max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(characters_max - 1).collect();
    short.push('…');
    short
}
