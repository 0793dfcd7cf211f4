//! `posthouse contacts`.

mod change;
mod show;

use super::email::account;
use crate::cli::ContactsCommand;
use crate::client::{Api, Failure};
use crate::output::Screen;

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: ContactsCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        ContactsCommand::List {
            account,
            email,
            limit,
        } => {
            let account = account::choose(account, api).await?;
            show::list(&account, email.as_deref(), limit, api, screen).await
        }
        ContactsCommand::Get { contact, account } => {
            let account = account::choose(account, api).await?;
            show::get(&account, &contact, api, screen).await
        }
        ContactsCommand::Create { account, members } => {
            let account = account::choose(account, api).await?;
            change::create(&account, &members, api, screen).await
        }
        ContactsCommand::Update {
            contact,
            account,
            members,
        } => {
            let account = account::choose(account, api).await?;
            change::update(&account, &contact, &members, api, screen).await
        }
        ContactsCommand::Delete {
            contact,
            account,
            yes,
        } => {
            let account = account::choose(account, api).await?;
            change::delete(&account, &contact, yes, api, screen).await
        }
    }
}
