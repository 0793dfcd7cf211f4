//! `posthouse pauses`.

use serde_json::Value;

use crate::cli::PausesCommand;
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, field, moment, table};

const PAUSES: &str = "/v3/admin/pauses";

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: PausesCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        PausesCommand::List => list(api, screen).await,
        PausesCommand::Lift { pause } => lift(&pause, api, screen).await,
    }
}

async fn list(api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.get(&format!("{PAUSES}?limit=200")).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("Nobody is paused.");
        return Ok(());
    }
    let rows = answer
        .rows()
        .iter()
        .map(|pause| {
            vec![
                who(pause),
                field(pause, "reason"),
                moment(&pause["created_at"]),
                field(pause, "id"),
            ]
        })
        .collect();
    screen.text(&table(screen, &["WHO", "WHY", "SINCE", "ID"], rows));
    screen.text("\nLet one send again:\n  posthouse pauses lift ID");
    Ok(())
}

async fn lift(pause: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.delete(&format!("{PAUSES}/{}", segment(pause))).await?;
    screen.outcome(
        &answer,
        &screen.good("Lifted. Mail that was held goes out."),
    );
    Ok(())
}

fn who(pause: &Value) -> String {
    match pause["scope"].as_str() {
        Some("account") => format!("account {}", field(pause, "grant_id")),
        Some("domain") => format!("domain {}", field(pause, "domain")),
        _ => "application".to_owned(),
    }
}
