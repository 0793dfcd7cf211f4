//! `posthouse search`: the index behind searches, for operators. Searching itself is `posthouse email search`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::SearchIndexCommand;
use crate::client::{Answer, Api, Failure};
use crate::output::{Progress, Screen, details, field};

const INDEX: &str = "/v3/admin/search-index";

/// Pause between two looks at the server.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: SearchIndexCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        SearchIndexCommand::Status => status(api, screen).await,
        SearchIndexCommand::Rebuild { no_wait } => rebuild(no_wait, api, screen).await,
    }
}

async fn status(api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.get(INDEX).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let index = answer.data();
    let mut pairs = vec![("Status", field(index, "status"))];
    if !is_ready(index) {
        let (indexed, total) = (field(index, "indexed"), field(index, "total"));
        pairs.push(("Messages", format!("{indexed} of {total}")));
    }
    screen.text(&details(screen, &pairs));
    Ok(())
}

async fn rebuild(no_wait: bool, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let begun = api.post(&format!("{INDEX}/rebuild"), &json!({})).await?;
    if no_wait {
        if screen.is_json() {
            screen.verbatim(&begun);
        } else {
            screen
                .text("The index is being rebuilt. See how far it is:\n  posthouse search status");
        }
        return Ok(());
    }
    let done = wait(begun, api, screen).await?;
    if screen.is_json() {
        screen.verbatim(&done);
    } else {
        let messages = field(done.data(), "indexed");
        screen.text(&screen.good(&format!("The index was rebuilt: {messages} messages.")));
    }
    Ok(())
}

/// Shows how far the index is until it is ready.
async fn wait(begun: Answer, api: &Api, screen: &Screen) -> Result<Answer, Failure> {
    let mut progress = Progress::new(screen, "Indexing");
    let mut answer = begun;
    while !is_ready(answer.data()) {
        let number = |name: &str| answer.data()[name].as_u64().unwrap_or_default();
        progress.show(number("indexed"), number("total"));
        tokio::time::sleep(LOOK_PAUSE).await;
        answer = api.get(INDEX).await?;
    }
    progress.end();
    Ok(answer)
}

fn is_ready(index: &Value) -> bool {
    index["status"] == "ready"
}
