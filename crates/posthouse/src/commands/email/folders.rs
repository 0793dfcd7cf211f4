//! `posthouse email folders`.

use serde_json::json;

use super::account;
use crate::cli::FoldersCommand;
use crate::client::{Api, Failure, all_rows, segment};
use crate::commands::confirm::confirm;
use crate::output::{Screen, field, table};

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: FoldersCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        FoldersCommand::List { account } => {
            list(&account::choose(account, api).await?, api, screen).await
        }
        FoldersCommand::Create { path, account } => {
            create(&path, &account::choose(account, api).await?, api, screen).await
        }
        FoldersCommand::Rename {
            folder,
            path,
            account,
        } => {
            let account = account::choose(account, api).await?;
            rename(&folder, &path, &account, api, screen).await
        }
        FoldersCommand::Delete {
            folder,
            account,
            yes,
        } => {
            let account = account::choose(account, api).await?;
            delete(&folder, &account, yes, api, screen).await
        }
    }
}

async fn list(account: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = all_rows(api, &collection(account)).await?;
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

async fn create(path: &str, account: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api
        .post(&collection(account), &json!({ "name": path }))
        .await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    screen.text(&screen.good(&format!("Created {}.", field(answer.data(), "path"))));
    Ok(())
}

async fn rename(
    folder: &str,
    path: &str,
    account: &str,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let answer = api
        .patch(&one(account, folder), &json!({ "name": path }))
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

async fn delete(
    folder: &str,
    account: &str,
    yes: bool,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let found = api.get(&one(account, folder)).await?;
    let path = field(found.data(), "path");
    let total = field(found.data(), "total_count");
    let below = field(found.data(), "child_count");
    confirm(
        &format!("Delete {path} with its {total} messages and {below} folders below it for good?"),
        yes,
    )?;
    // By id: the name may be another folder's by now.
    let answer = api
        .delete(&one(account, &field(found.data(), "id")))
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
