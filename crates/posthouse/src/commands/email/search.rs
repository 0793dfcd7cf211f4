//! `posthouse email search`.

use super::list::lines;
use crate::client::{Api, Failure, segment};
use crate::output::Screen;

/// What to search for, and where.
pub struct Wanted {
    /// Id or address.
    pub account: String,
    /// As the user wrote it.
    pub query: String,
    /// Name or id; `all` for every folder; none for all but Junk and Trash.
    pub folder: Option<String>,
    /// Only unread ones.
    pub unread: bool,
    /// At most so many.
    pub limit: u32,
}

/// Lists the most relevant messages.
///
/// # Errors
/// Whatever the server said, such as what is wrong with the query and where.
pub async fn run(wanted: &Wanted, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let mut path = format!(
        "/v3/grants/{}/messages?limit={}&search_query_native={}",
        segment(&wanted.account),
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
