//! `posthouse email`.

pub(super) mod account;
mod attachments;
mod clean;
mod compose;
mod drafts;
mod folders;
mod list;
mod mark;
mod read;
mod reply;
mod scheduled;
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
        EmailCommand::List(args) => list::run(args, api, screen).await,
        EmailCommand::Search(args) => search::run(args, api, screen).await,
        EmailCommand::Send(args) => send::run(args, api, screen).await,
        EmailCommand::Reply(args) => reply::run(args, api, screen).await,
        EmailCommand::Read(args) => read::run(args, api, screen).await,
        EmailCommand::Clean(args) => clean::run(args, api, screen).await,
        EmailCommand::Mark(args) => mark::mark(args, api, screen).await,
        EmailCommand::Move(args) => mark::move_to(args, api, screen).await,
        EmailCommand::Delete(args) => mark::delete(args, api, screen).await,
        EmailCommand::Wait(args) => wait::run(args, api, screen).await,
        EmailCommand::Attachments { command } => attachments::run(command, api, screen).await,
        EmailCommand::Drafts { command } => drafts::run(command, api, screen).await,
        EmailCommand::Scheduled { command } => scheduled::run(command, api, screen).await,
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
