//! `posthouse agent account`.

mod change;
mod create;
mod show;
mod suspend;

use serde_json::Value;

use crate::cli::AccountCommand;
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, details, field, moment};

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: AccountCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        AccountCommand::Create {
            email,
            name,
            app_password,
            workspace,
        } => {
            let account = create::NewAccount {
                email,
                name,
                app_password,
                workspace,
            };
            create::run(account, api, screen).await
        }
        AccountCommand::List => show::list(api, screen).await,
        AccountCommand::Get { account } => show::get(&account, api, screen).await,
        AccountCommand::Update {
            account,
            name,
            app_password,
            workspace,
        } => {
            let changes = change::Changes {
                name,
                app_password,
                workspace,
            };
            change::update(&account, changes, api, screen).await
        }
        AccountCommand::Move { account, workspace } => {
            change::move_to(&account, &workspace, api, screen).await
        }
        AccountCommand::Suspend {
            account,
            reason,
            inbound,
        } => suspend::suspend(&account, reason, inbound, api, screen).await,
        AccountCommand::Resume { account } => suspend::resume(&account, api, screen).await,
        AccountCommand::Delete { account, yes } => change::delete(&account, yes, api, screen).await,
    }
}

/// The API takes ids and addresses in the same place.
fn path(account: &str) -> String {
    format!("/v3/grants/{}", segment(account))
}

/// Everything a person wants to know about one account.
fn describe(screen: &Screen, grant: &Value) -> String {
    let protocols = match grant["protocol_access"].as_bool() {
        Some(true) => "IMAP and SMTP submission, with the app password",
        Some(false) => "API only (set an app password for IMAP and SMTP)",
        None => "",
    };
    let status = match (grant["blocked"].as_bool(), field(grant, "grant_status")) {
        (Some(true), status) => screen.caution(&format!(
            "{status}, suspended {}",
            field(grant, "suspended_reason")
        )),
        (_, status) if status == "valid" => screen.good(&status),
        (_, status) => screen.bad(&status),
    };
    let pairs = [
        ("ID", field(grant, "id")),
        ("Email", field(grant, "email")),
        ("Name", field(grant, "name")),
        ("Status", status),
        ("Workspace", field(grant, "workspace_id")),
        ("Connector", field(grant, "provider")),
        ("Access", protocols.to_owned()),
        ("Created", moment(&grant["created_at"])),
    ];
    details(screen, &pairs)
}
