//! `posthouse email drafts`.

use serde_json::{Value, json};

use super::list::{SUBJECT_CHARACTERS_MAX, shorten};
use super::{account, compose, participants, read, send};
use crate::cli::{
    DraftArgs, DraftsCommand, DraftsCreateArgs, DraftsDeleteArgs, DraftsListArgs, DraftsUpdateArgs,
};
use crate::client::{Answer, Api, Failure, segment};
use crate::commands::confirm::confirm;
use crate::output::{Screen, field, moment, table};

/// Characters of the recipients that a line shows.
const RECIPIENTS_CHARACTERS_MAX: usize = 40;

/// Runs one command of the group.
///
/// # Errors
/// Why it did not succeed.
pub async fn run(command: DraftsCommand, api: &Api, screen: &Screen) -> Result<(), Failure> {
    match command {
        DraftsCommand::List(args) => list(args, api, screen).await,
        DraftsCommand::Show(args) => show(args, api, screen).await,
        DraftsCommand::Create(args) => create(args, api, screen).await,
        DraftsCommand::Update(args) => update(args, api, screen).await,
        DraftsCommand::Send(args) => send_draft(args, api, screen).await,
        DraftsCommand::Delete(args) => delete(args, api, screen).await,
    }
}

async fn list(args: DraftsListArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let path = format!("{}?limit={}", collection(&account), args.limit);
    let answer = api.get(&path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("No drafts. Begin one:\n  posthouse email drafts create --to buyer@shop.example --subject Quote");
        return Ok(());
    }
    let rows = answer.rows().iter().map(|draft| {
        vec![
            moment(&draft["date"]),
            shorten(&participants(&draft["to"]), RECIPIENTS_CHARACTERS_MAX),
            shorten(&field(draft, "subject"), SUBJECT_CHARACTERS_MAX),
            field(draft, "id"),
        ]
    });
    let headers = ["CHANGED", "TO", "SUBJECT", "ID"];
    screen.text(&table(screen, &headers, rows.collect()));
    if answer.body["next_cursor"].is_string() {
        screen.text("\nThere are more: add --limit (up to 200).");
    }
    Ok(())
}

async fn show(args: DraftArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let answer = api.get(&one(&account, &args.draft)).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
    } else {
        read::show(answer.data(), false, screen);
    }
    Ok(())
}

async fn create(args: DraftsCreateArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let is_plaintext = !args.message.html;
    let mut body = compose::members(args.message)?;
    body.insert("is_plaintext".to_owned(), is_plaintext.into());
    if let Some(message) = args.answers {
        body.insert("reply_to_message_id".to_owned(), message.into());
    }
    let account = account::choose(args.mailbox, api).await?;
    let answer = api
        .post(&collection(&account), &Value::Object(body))
        .await?;
    report("Draft saved.", &answer, screen);
    Ok(())
}

async fn update(args: DraftsUpdateArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let body = compose::members(args.message)?;
    if body.is_empty() {
        return Err(Failure::usage(
            "nothing to change",
            "name what to change, for example --subject Quote",
        ));
    }
    let account = account::choose(args.which.mailbox, api).await?;
    let path = one(&account, &args.which.draft);
    let answer = api.patch(&path, &Value::Object(body)).await?;
    report("Draft changed.", &answer, screen);
    Ok(())
}

async fn send_draft(args: DraftArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let answer = api.post(&one(&account, &args.draft), &json!({})).await?;
    send::print(&answer, screen);
    Ok(())
}

async fn delete(args: DraftsDeleteArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.which.mailbox, api).await?;
    let path = one(&account, &args.which.draft);
    let found = api.get(&path).await?;
    let subject = field(found.data(), "subject");
    confirm(&format!("Delete the draft “{subject}” for good?"), args.yes)?;
    let answer = api.delete(&path).await?;
    screen.outcome(&answer, &format!("Deleted the draft “{subject}”."));
    Ok(())
}

fn report(what: &str, answer: &Answer, screen: &Screen) {
    if screen.is_json() {
        screen.verbatim(answer);
        return;
    }
    let id = field(answer.data(), "id");
    screen.text(&screen.good(what));
    screen.text(&format!("Send it:\n  posthouse email drafts send {id}"));
}

fn collection(account: &str) -> String {
    format!("/v3/grants/{}/drafts", segment(account))
}

fn one(account: &str, draft: &str) -> String {
    format!("{}/{}", collection(account), segment(draft))
}
