//! `posthouse agent account list` and `get`.

use super::{describe, path};
use crate::client::{Api, Failure, all_grants};
use crate::output::{Screen, field, moment, table};

/// Lists all accounts.
///
/// # Errors
/// Whatever a page said.
pub async fn list(api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = all_grants(api).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let accounts: Vec<_> = answer
        .rows()
        .iter()
        .filter(|grant| grant["provider"] == "nylas")
        .collect();
    if accounts.is_empty() {
        screen.text("No agent accounts yet. Create one:\n  posthouse agent account create agent@agents.localhost");
        return Ok(());
    }
    let rows = accounts
        .iter()
        .map(|grant| {
            vec![
                field(grant, "email"),
                field(grant, "name"),
                field(grant, "grant_status"),
                field(grant, "id"),
                field(grant, "workspace_id"),
                moment(&grant["created_at"]),
            ]
        })
        .collect();
    screen.text(&table(
        screen,
        &["EMAIL", "NAME", "STATUS", "ID", "WORKSPACE", "CREATED"],
        rows,
    ));
    Ok(())
}

/// Shows one account.
///
/// # Errors
/// Not found, or whatever the server said.
pub async fn get(account: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.get(&path(account)).await?;
    screen.outcome(&answer, &describe(screen, answer.data()));
    Ok(())
}
