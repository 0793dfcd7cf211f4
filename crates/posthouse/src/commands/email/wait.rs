//! `posthouse email wait`.

use super::{account, read};
use crate::cli::WaitArgs;
use crate::client::{Api, Failure, segment};
use crate::output::Screen;

/// Waits for the next message and shows it.
///
/// # Errors
/// When none came in time, or whatever the server said.
pub async fn run(wanted: WaitArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(wanted.mailbox, api).await?;
    let mut path = format!(
        "/v3/grants/{}/messages/wait?timeout={}",
        segment(&account),
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
