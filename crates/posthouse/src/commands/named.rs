//! Accounts and workspaces as people name them, made to the ids that the API wants where it takes no other name.

use crate::client::{Api, Failure, segment};
use crate::output::field;

/// The command that lists accounts, for who named one that is not there.
pub const ACCOUNTS: &str = "posthouse agent account list";
/// The command that lists workspaces, for who named one that is not there.
pub const WORKSPACES: &str = "posthouse workspace list";

/// Returns the id of an account that is named by id or address.
///
/// # Errors
/// Not found, or what else the server said.
pub async fn account_id(account: &str, api: &Api) -> Result<String, Failure> {
    if !account.contains('@') {
        return Ok(account.to_owned());
    }
    let found = api.get(&format!("/v3/grants/{}", segment(account))).await;
    let found = found.map_err(|failure| failure.look(ACCOUNTS))?;
    Ok(field(found.data(), "id"))
}

/// Returns the id of a workspace that is named by id or domain.
///
/// # Errors
/// Not found, or what else the server said.
pub async fn workspace_id(workspace: &str, api: &Api) -> Result<String, Failure> {
    if !workspace.contains('.') {
        return Ok(workspace.to_owned());
    }
    let found = api
        .get(&format!("/v3/workspaces/{}", segment(workspace)))
        .await;
    let found = found.map_err(|failure| failure.look(WORKSPACES))?;
    Ok(field(found.data(), "workspace_id"))
}
