//! `posthouse email`.

pub(super) mod account;
mod clean;
mod folders;
mod list;
mod mark;
mod read;
mod reply;
mod search;
mod send;
mod text;
mod threads;
mod wait;

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
        EmailCommand::Send {
            account,
            to,
            cc,
            bcc,
            subject,
            body,
            html,
            attach,
        } => {
            let message = send::NewMessage {
                account: account::choose(account, api).await?,
                to,
                cc,
                bcc,
                subject,
                body,
                html,
                attach,
            };
            send::run(message, api, screen).await
        }
        EmailCommand::Reply {
            message,
            account,
            body,
            html,
            all,
        } => {
            let answer = reply::Answer {
                account: account::choose(account, api).await?,
                message,
                body,
                html,
                all,
            };
            reply::run(answer, api, screen).await
        }
        EmailCommand::Read {
            message,
            account,
            headers,
        } => {
            let account = account::choose(account, api).await?;
            read::run(&account, &message, headers, api, screen).await
        }
        EmailCommand::Clean {
            message,
            account,
            markdown,
            links,
        } => {
            let account = account::choose(account, api).await?;
            clean::run(&account, &message, markdown, links, api, screen).await
        }
        EmailCommand::Mark {
            message,
            account,
            marks,
        } => {
            let account = account::choose(account, api).await?;
            mark::mark(&account, &message, &marks, api, screen).await
        }
        EmailCommand::Move {
            message,
            account,
            folder,
            archive: _,
        } => {
            let account = account::choose(account, api).await?;
            mark::move_to(&account, &message, folder.as_deref(), api, screen).await
        }
        EmailCommand::Delete {
            message,
            account,
            yes,
        } => {
            let account = account::choose(account, api).await?;
            mark::delete(&account, &message, yes, api, screen).await
        }
        EmailCommand::Wait {
            account,
            timeout,
            since,
            from,
            subject,
            folder,
        } => {
            let wanted = wait::Wanted {
                account: account::choose(account, api).await?,
                timeout,
                since,
                from,
                subject,
                folder,
            };
            wait::run(&wanted, api, screen).await
        }
        EmailCommand::Folders { command } => folders::run(command, api, screen).await,
        EmailCommand::Threads { command } => threads::run(command, api, screen).await,
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
