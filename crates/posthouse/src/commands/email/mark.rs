//! `posthouse email mark`, `move` and `delete`.

use serde_json::{Map, Value, json};

use super::account;
use crate::cli::{DeleteArgs, MarkArgs, Marks, MoveArgs};
use crate::client::{Api, Failure, segment};
use crate::commands::confirm::confirm;
use crate::output::{Screen, field};

/// Changes a message's flags.
///
/// # Errors
/// [`Failure::Usage`] when no flag was given, else whatever the server said.
pub async fn mark(args: MarkArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let flags = flags(&args.marks)?;
    let account = account::choose(args.mailbox, api).await?;
    let answer = api.patch(&path(&account, &args.message), &flags).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let now = |name: &str, yes: &'static str, no: &'static str| {
        let is_set = answer.data()[name].as_bool().unwrap_or_default();
        if is_set { yes } else { no }
    };
    let state = format!(
        "{}, {}",
        now("unread", "unread", "read"),
        now("starred", "starred", "not starred")
    );
    screen.text(&screen.good(&format!("{} is {state}.", named(answer.data()))));
    Ok(())
}

/// Moves a message to a folder; without one to Archive.
///
/// # Errors
/// Whatever the server said.
pub async fn move_to(args: MoveArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let folders: Vec<&str> = args.folder.as_deref().into_iter().collect();
    let body = json!({ "folders": folders });
    let answer = api.patch(&path(&account, &args.message), &body).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    let place = args.folder.as_deref().unwrap_or("Archive");
    screen.text(&screen.good(&format!("Moved {} to {place}.", named(answer.data()))));
    Ok(())
}

/// Moves a message to Trash; one that is there goes for good, after a question.
///
/// # Errors
/// Not found, not confirmed, or how the server refused it.
pub async fn delete(args: DeleteArgs, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let account = account::choose(args.mailbox, api).await?;
    let path = path(&account, &args.message);
    let found = api.get(&path).await?;
    let trash = api
        .get(&format!("/v3/grants/{}/folders/trash", segment(&account)))
        .await?;
    let name = named(found.data());
    let in_trash = found.data()["folders"][0] == trash.data()["id"];
    if in_trash {
        confirm(&format!("Delete {name} for good?"), args.yes)?;
    }
    let answer = api.delete(&path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    screen.text(&if in_trash {
        format!("Deleted {name} for good.")
    } else {
        format!("Moved {name} to Trash.")
    });
    Ok(())
}

/// The flags to change, as the API takes them.
///
/// # Errors
/// [`Failure::Usage`] when none was named.
pub(super) fn flags(marks: &Marks) -> Result<Value, Failure> {
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
        return Err(Failure::usage(
            "nothing to change",
            "add --read, --unread, --star or --unstar",
        ));
    }
    Ok(Value::Object(flags))
}

fn path(account: &str, message: &str) -> String {
    format!(
        "/v3/grants/{}/messages/{}",
        segment(account),
        segment(message)
    )
}

/// What to call a message: its subject in quotes, or its id.
fn named(message: &Value) -> String {
    let subject = field(message, "subject");
    if subject.is_empty() {
        return format!("message {}", field(message, "id"));
    }
    format!("“{subject}”")
}
