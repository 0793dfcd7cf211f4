//! `posthouse email search`.

use super::account;
use super::list::lines;
use crate::cli::SearchArgs;
use crate::client::{Api, Failure, segment};
use crate::output::Screen;

/// Lists the most relevant messages.
///
/// # Errors
/// Whatever the server said, such as what is wrong with the query and where.
pub async fn run(wanted: SearchArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(wanted.mailbox, api).await?;
    let mut path = format!(
        "/v3/grants/{}/messages?limit={}&search_query_native={}",
        segment(&account),
        wanted.limit,
        segment(&wanted.query)
    );
    if let Some(folder) = &wanted.folder {
        path.push_str("&in=");
        path.push_str(&segment(folder));
    }
    if wanted.unread {
        path.push_str("&unread=true");
    }
    let answer = api.get(&path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("No messages found. Whole words are found, and beginnings with a star: inv*");
        return Ok(());
    }
    screen.text(&lines(answer.rows(), screen));
    if answer.body["next_cursor"].is_string() {
        screen.text(&format!(
            "\nThere are more: add --limit (up to 200). This was {}.",
            wanted.limit
        ));
    }
    Ok(())
}
