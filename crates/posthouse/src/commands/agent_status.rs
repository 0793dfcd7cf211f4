//! `posthouse agent status`: is the connector ready, and how many accounts hang on it.

use crate::client::{Api, Failure, all_grants};
use crate::output::{Screen, details, field};

/// Prints the readiness of the connector.
///
/// # Errors
/// [`Failure::Unhealthy`] when there is no connector for agent accounts.
pub async fn run(api: &Api, screen: &Screen) -> Result<(), Failure> {
    let connectors = api.get("/v3/connectors").await?;
    let connector = connectors
        .rows()
        .iter()
        .find(|connector| connector["provider"] == "nylas");
    if screen.is_json() {
        screen.verbatim(&connectors);
        return connector.map(drop).ok_or(Failure::Unhealthy);
    }
    let Some(connector) = connector else {
        screen.text(&screen.bad("Not ready: the application has no connector for agent accounts."));
        screen.text("It is made again with the next account:\n  posthouse agent account create agent@agents.localhost");
        return Err(Failure::Unhealthy);
    };
    let grants = all_grants(api).await?;
    let accounts = grants
        .rows()
        .iter()
        .filter(|grant| grant["provider"] == "nylas");
    let (valid, other): (Vec<_>, Vec<_>) =
        accounts.partition(|grant| grant["grant_status"] == "valid");
    let accounts_text = match (valid.len(), other.len()) {
        (0, 0) => "none yet; posthouse agent account create agent@agents.localhost".to_owned(),
        (valid, 0) => format!("{valid}, all valid"),
        (valid, other) => format!("{valid} valid, {other} not; posthouse agent account list"),
    };
    let pairs = [
        ("Status", screen.good("ready")),
        ("Server", api.base().to_owned()),
        ("Connector", field(connector, "provider")),
        ("Name", field(connector, "name")),
        ("Accounts", accounts_text),
    ];
    screen.text(&details(screen, &pairs));
    Ok(())
}
