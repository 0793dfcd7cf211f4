//! `posthouse email list`.

use serde_json::Value;

use crate::cli::ListArgs;
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, field, moment, table};

use super::{account, participant};

/// Characters of a subject that a line shows.
pub(super) const SUBJECT_CHARACTERS_MAX: usize = 60;
/// Characters of a sender that a line shows.
const SENDER_CHARACTERS_MAX: usize = 40;

/// Lists the newest messages.
///
/// # Errors
/// Whatever the server said.
pub async fn run(wanted: ListArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(wanted.mailbox, api).await?;
    let mut path = format!(
        "/v3/grants/{}/messages?limit={}&in={}",
        segment(&account),
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
        let text = if is_folder(&account, &wanted.folder, api).await? {
            empty(&account, &wanted.folder, wanted.unread)
        } else {
            no_folder(&account, &wanted.folder)
        };
        screen.text(&text);
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

/// Tells whether there is such a folder: the listing of one that is not there is empty, too.
async fn is_folder(account: &str, folder: &str, api: &Api) -> Result<bool, Failure> {
    if ["all", "inbox"].contains(&folder.to_ascii_lowercase().as_str()) {
        return Ok(true);
    }
    let path = format!(
        "/v3/grants/{}/folders/{}",
        segment(account),
        segment(folder)
    );
    match api.get(&path).await {
        Ok(_) => Ok(true),
        Err(Failure::Api { status: 404, .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

fn no_folder(account: &str, folder: &str) -> String {
    format!(
        "There is no folder {folder}. Those that are there:\n  posthouse email folders list {account}"
    )
}

fn empty(account: &str, folder: &str, only_unread: bool) -> String {
    if only_unread {
        return format!("No unread messages in {folder}. Without --unread all are listed.");
    }
    format!(
        "No messages in {folder}. Send one to the account's address, or look everywhere:\n  posthouse email list {account} --folder all"
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
