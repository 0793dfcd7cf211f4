//! `posthouse email clean`.

use serde_json::json;

use crate::client::{Api, Failure, segment};
use crate::output::{Screen, clean_lines};

/// Shows what the author of a message wrote.
///
/// # Errors
/// Not found, or whatever the server said.
pub async fn run(
    account: &str,
    message: &str,
    markdown: bool,
    links: bool,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let path = format!("/v3/grants/{}/messages/clean", segment(account));
    let body = json!({
        "message_id": [message],
        "html_as_markdown": markdown,
        "ignore_tables": !markdown,
        "ignore_links": !links,
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
