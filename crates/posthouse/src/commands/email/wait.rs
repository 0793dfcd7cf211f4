//! `posthouse email wait`.

use super::read;
use crate::client::{Api, Failure, segment};
use crate::output::Screen;

/// What to wait for.
pub struct Wanted {
    /// Id or address.
    pub account: String,
    /// Seconds.
    pub timeout: u32,
    /// A Unix second, or the id of a message.
    pub since: Option<String>,
    /// Sender.
    pub from: Option<String>,
    /// A part of the subject.
    pub subject: Option<String>,
    /// Name or id.
    pub folder: Option<String>,
}

/// Waits for the next message and shows it.
///
/// # Errors
/// When none came in time, or whatever the server said.
pub async fn run(wanted: &Wanted, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let mut path = format!(
        "/v3/grants/{}/messages/wait?timeout={}",
        segment(&wanted.account),
        wanted.timeout
    );
    let filters = [
        ("since", &wanted.since),
        ("from", &wanted.from),
        ("subject", &wanted.subject),
        ("in", &wanted.folder),
    ];
    for (name, value) in filters {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", segment(value)));
        }
    }
    let answer = api.get(&path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.data().is_null() {
        return Err(Failure::Local {
            message: format!("no message came within {} seconds", wanted.timeout),
            fix: Some(format!(
                "wait on with --since {}",
                answer.body["next_since"].as_str().unwrap_or_default()
            )),
        });
    }
    read::show(answer.data(), false, screen);
    Ok(())
}
