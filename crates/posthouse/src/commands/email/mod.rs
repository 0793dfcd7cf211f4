//! `posthouse email`.

mod account;
mod list;
mod read;
mod search;

use serde_json::Value;

use crate::cli::EmailCommand;
use crate::client::{Api, Failure};
use crate::output::{Screen, field};

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: EmailCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        EmailCommand::List {
            account,
            folder,
            unread,
            limit,
        } => {
            let account = account::choose(account, api).await?;
            let wanted = list::Wanted {
                account,
                folder,
                unread,
                limit,
            };
            list::run(&wanted, api, screen).await
        }
        EmailCommand::Search {
            query,
            account,
            folder,
            unread,
            limit,
        } => {
            let account = account::choose(account, api).await?;
            let wanted = search::Wanted {
                account,
                query,
                folder,
                unread,
                limit,
            };
            search::run(&wanted, api, screen).await
        }
        EmailCommand::Read {
            message,
            account,
            headers,
        } => {
            let account = account::choose(account, api).await?;
            read::run(&account, &message, headers, api, screen).await
        }
    }
}

/// `Name <address>` for each participant.
fn participants(list: &Value) -> String {
    let people: Vec<String> = list
        .as_array()
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .map(participant)
        .collect();
    people.join(", ")
}

fn participant(person: &Value) -> String {
    let (name, email) = (field(person, "name"), field(person, "email"));
    if name.is_empty() {
        email
    } else {
        format!("{name} <{email}>")
    }
}
