//! `posthouse email threads`.

use serde_json::Value;

use super::list::{SUBJECT_CHARACTERS_MAX, lines, shorten};
use super::mark::flags;
use super::{account, participants};
use crate::cli::{
    ThreadsCommand, ThreadsDeleteArgs, ThreadsListArgs, ThreadsMarkArgs, ThreadsShowArgs,
};
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
        ThreadsCommand::List(args) => list(args, api, screen).await,
        ThreadsCommand::Show(args) => show(args, api, screen).await,
        ThreadsCommand::Mark(args) => mark(args, api, screen).await,
        ThreadsCommand::Delete(args) => delete(args, api, screen).await,
    }
}

async fn list(args: ThreadsListArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let mut path = format!(
        "/v3/grants/{}/threads?limit={}",
        segment(&account),
        args.limit
    );
    if let Some(folder) = args.folder {
        path.push_str(&format!("&in={}", segment(&folder)));
    }
    if args.unread {
        path.push_str("&unread=true");
    }
    let answer = api.get(&path).await?;
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

async fn show(args: ThreadsShowArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let answer = api.get(&path(&account, &args.thread)).await?;
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
            segment(&account),
            segment(&args.thread)
        ))
        .await?;
    screen.text(&format!("\n{}", lines(newest.rows(), screen)));
    Ok(())
}

async fn mark(args: ThreadsMarkArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let flags = flags(&args.marks)?;
    let account = account::choose(args.mailbox, api).await?;
    let answer = api.patch(&path(&account, &args.thread), &flags).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let count = messages(answer.data());
    screen.text(&screen.good(&format!("Marked {count} messages.")));
    Ok(())
}

async fn delete(args: ThreadsDeleteArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let answer = api.delete(&path(&account, &args.thread)).await?;
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
