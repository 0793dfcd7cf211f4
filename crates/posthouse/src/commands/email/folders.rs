//! `posthouse email folders`.

use serde_json::json;

use super::account;
use crate::cli::{
    FoldersCommand, FoldersCreateArgs, FoldersDeleteArgs, FoldersListArgs, FoldersRenameArgs,
};
use crate::client::{Api, Failure, all_rows, segment};
use crate::commands::confirm::confirm;
use crate::output::{Screen, field, table};

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: FoldersCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        FoldersCommand::List(args) => list(args, api, screen).await,
        FoldersCommand::Create(args) => create(args, api, screen).await,
        FoldersCommand::Rename(args) => rename(args, api, screen).await,
        FoldersCommand::Delete(args) => delete(args, api, screen).await,
    }
}

async fn list(args: FoldersListArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let answer = all_rows(api, &collection(&account)).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let rows = answer
        .rows()
        .iter()
        .map(|folder| {
            vec![
                field(folder, "path"),
                field(folder, "unread_count"),
                field(folder, "total_count"),
                field(folder, "id"),
            ]
        })
        .collect();
    screen.text(&table(screen, &["FOLDER", "UNREAD", "TOTAL", "ID"], rows));
    Ok(())
}

async fn create(args: FoldersCreateArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let answer = api
        .post(&collection(&account), &json!({ "name": args.path }))
        .await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    screen.text(&screen.good(&format!("Created {}.", field(answer.data(), "path"))));
    Ok(())
}

async fn rename(args: FoldersRenameArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let folder = args.folder;
    let answer = api
        .patch(&one(&account, &folder), &json!({ "name": args.path }))
        .await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    screen.text(&screen.good(&format!(
        "{folder} is {} now.",
        field(answer.data(), "path")
    )));
    Ok(())
}

async fn delete(args: FoldersDeleteArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let found = api.get(&one(&account, &args.folder)).await?;
    let path = field(found.data(), "path");
    let total = field(found.data(), "total_count");
    let below = field(found.data(), "child_count");
    confirm(
        &format!("Delete {path} with its {total} messages and {below} folders below it for good?"),
        args.yes,
    )?;
    // By id: the name may be another folder's by now.
    let answer = api
        .delete(&one(&account, &field(found.data(), "id")))
        .await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    screen.text(&format!("Deleted {path}."));
    Ok(())
}

fn collection(account: &str) -> String {
    format!("/v3/grants/{}/folders", segment(account))
}

fn one(account: &str, folder: &str) -> String {
    format!("{}/{}", collection(account), segment(folder))
}
