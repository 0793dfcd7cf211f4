//! `posthouse auth`.

use crate::client::{Api, Failure, all_grants};
use crate::output::{Screen, field, moment, table};

/// Lists all grants of the application.
///
/// # Errors
/// Whatever a page said.
pub async fn list(api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = all_grants(api).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text(
            "No grants yet. Create one:\n  posthouse agent account create agent@agents.localhost",
        );
        return Ok(());
    }
    let rows = answer
        .rows()
        .iter()
        .map(|grant| {
            vec![
                field(grant, "id"),
                field(grant, "email"),
                field(grant, "provider"),
                field(grant, "grant_status"),
                moment(&grant["created_at"]),
            ]
        })
        .collect();
    screen.text(&table(
        screen,
        &["GRANT ID", "EMAIL", "PROVIDER", "STATUS", "CREATED"],
        rows,
    ));
    Ok(())
}
