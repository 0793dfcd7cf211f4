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
        ContactsCommand::List(args) => {
            let account = account::choose(args.mailbox, api).await?;
            show::list(&account, args.email.as_deref(), args.limit, api, screen).await
        }
        ContactsCommand::Get(args) => {
            let account = account::choose(args.mailbox, api).await?;
            show::get(&account, &args.contact, api, screen).await
        }
        ContactsCommand::Create(args) => {
            let account = account::choose(args.mailbox, api).await?;
            change::create(&account, &args.members, api, screen).await
        }
        ContactsCommand::Update(args) => {
            let account = account::choose(args.mailbox, api).await?;
            change::update(&account, &args.contact, &args.members, api, screen).await
        }
        ContactsCommand::Delete(args) => {
            let account = account::choose(args.mailbox, api).await?;
            change::delete(&account, &args.contact, args.yes, api, screen).await
        }
    }
}
