//! `posthouse email threads`.

use serde_json::{Map, Value};

use super::list::{SUBJECT_CHARACTERS_MAX, lines, shorten};
use super::{account, participants};
use crate::cli::{Marks, ThreadsCommand};
use crate::client::{Api, Failure, segment};
use crate::output::{Screen, details, field, moment, table};

/// Characters of the people in a thread that a line shows.
const PEOPLE_CHARACTERS_MAX: usize = 40;

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: ThreadsCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        ThreadsCommand::List {
            account,
            folder,
            unread,
            limit,
        } => {
            let account = account::choose(account, api).await?;
            let mut path = format!("/v3/grants/{}/threads?limit={limit}", segment(&account));
            if let Some(folder) = folder {
                path.push_str(&format!("&in={}", segment(&folder)));
            }
            if unread {
                path.push_str("&unread=true");
            }
            list(&path, api, screen).await
        }
        ThreadsCommand::Show { thread, account } => {
            let account = account::choose(account, api).await?;
            show(&account, &thread, api, screen).await
        }
        ThreadsCommand::Mark {
            thread,
            account,
            marks,
        } => {
            let account = account::choose(account, api).await?;
            mark(&path(&account, &thread), &marks, api, screen).await
        }
        ThreadsCommand::Delete { thread, account } => {
            let account = account::choose(account, api).await?;
            delete(&path(&account, &thread), api, screen).await
        }
    }
}

async fn list(path: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.get(path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("No threads.");
        return Ok(());
    }
    let rows = answer.rows().iter().map(|thread| {
        let unread = thread["unread"].as_bool().unwrap_or(false);
        vec![
            if unread {
                screen.bold("●")
            } else {
                String::new()
            },
            moment(&thread["latest_draft_or_message"]["date"]),
            shorten(
                &participants(&thread["participants"]),
                PEOPLE_CHARACTERS_MAX,
            ),
            shorten(&field(thread, "subject"), SUBJECT_CHARACTERS_MAX),
            messages(thread).to_string(),
            field(thread, "id"),
        ]
    });
    let headers = ["", "NEWEST", "PEOPLE", "SUBJECT", "MESSAGES", "ID"];
    screen.text(&table(screen, &headers, rows.collect()));
    if answer.body["next_cursor"].is_string() {
        screen.text("\nThere are more: add --limit (up to 200).");
    }
    Ok(())
}

async fn show(account: &str, thread: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.get(&path(account, thread)).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let shown = answer.data();
    let pairs = [
        ("Subject", screen.bold(&field(shown, "subject"))),
        ("People", participants(&shown["participants"])),
        ("Messages", messages(shown).to_string()),
        ("From", moment(&shown["earliest_message_date"])),
        ("To", moment(&shown["latest_draft_or_message"]["date"])),
        ("ID", field(shown, "id")),
    ];
    screen.text(&details(screen, &pairs));
    let newest = api
        .get(&format!(
            "/v3/grants/{}/messages?limit=200&in=all&thread_id={}",
            segment(account),
            segment(thread)
        ))
        .await?;
    screen.text(&format!("\n{}", lines(newest.rows(), screen)));
    Ok(())
}

async fn mark(path: &str, marks: &Marks, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let mut flags = Map::new();
    for (name, on, off) in [
        ("unread", marks.unread, marks.read),
        ("starred", marks.star, marks.unstar),
    ] {
        if on || off {
            flags.insert(name.to_owned(), Value::Bool(on));
        }
    }
    if flags.is_empty() {
        return Err(Failure::Usage {
            message: "nothing to change".to_owned(),
            fix: Some("add --read, --unread, --star or --unstar".to_owned()),
        });
    }
    let answer = api.patch(path, &Value::Object(flags)).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let count = messages(answer.data());
    screen.text(&screen.good(&format!("Marked {count} messages.")));
    Ok(())
}

async fn delete(path: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let answer = api.delete(path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    screen.text("Moved the thread's messages to Trash.");
    Ok(())
}

fn path(account: &str, thread: &str) -> String {
    format!(
        "/v3/grants/{}/threads/{}",
        segment(account),
        segment(thread)
    )
}

fn messages(thread: &Value) -> usize {
    thread["message_ids"].as_array().map_or(0, Vec::len)
}
