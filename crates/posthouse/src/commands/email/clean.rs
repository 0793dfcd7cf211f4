//! `posthouse email clean`.

use serde_json::json;

use super::account;
use crate::cli::CleanArgs;
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, clean_lines};

/// Shows what the author of a message wrote.
///
/// # Errors
/// Not found, or whatever the server said.
pub async fn run(args: CleanArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let path = format!("/v3/grants/{}/messages/clean", segment(&account));
    let body = json!({
        "message_id": [args.message],
        "html_as_markdown": args.markdown,
        "ignore_tables": !args.markdown,
        "ignore_links": !args.links,
    });
    let answer = api.patch(&path, &body).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let text = answer.data()[0]["conversation"].as_str();
    screen.text(&clean_lines(text.unwrap_or_default()));
    Ok(())
}
