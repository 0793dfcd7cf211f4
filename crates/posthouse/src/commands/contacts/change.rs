//! `posthouse contacts create`, `update` and `delete`.

use serde_json::{Map, Value, json};

use super::super::confirm::confirm;
use super::show::{full_name, one};
use crate::cli::ContactMembers;
use crate::client::{Answer, Api, Failure, segment};
use crate::output::{Screen, field};

/// Makes a contact.
///
/// # Errors
/// Whatever the server said.
pub async fn create(
    account: &str,
    members: &ContactMembers,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let path = format!("/v3/grants/{}/contacts", segment(account));
    let answer = api.post(&path, &body(members)).await?;
    report("Contact created.", &answer, screen);
    Ok(())
}

/// Changes what is named; lists are replaced.
///
/// # Errors
/// [`Failure::Usage`] when nothing is to be changed, not found, or whatever the server said.
pub async fn update(
    account: &str,
    contact: &str,
    members: &ContactMembers,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let body = body(members);
    if body.as_object().is_none_or(Map::is_empty) {
        return Err(Failure::usage(
            "nothing to change",
            "name what to change, for example --surname Buyer",
        ));
    }
    let answer = api.patch(&one_path(account, contact), &body).await?;
    report("Contact changed.", &answer, screen);
    Ok(())
}

/// Deletes a contact.
///
/// # Errors
/// Not found, or whatever the server said.
pub async fn delete(
    account: &str,
    contact: &str,
    yes: bool,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let path = one_path(account, contact);
    let found = api.get(&path).await?;
    let name = match full_name(found.data()) {
        name if name.is_empty() => field(&found.data()["emails"][0], "email"),
        name => name,
    };
    confirm(&format!("Delete the contact {name}?"), yes)?;
    let answer = api.delete(&path).await?;
    screen.outcome(&answer, &format!("Deleted the contact {name}."));
    Ok(())
}

fn one_path(account: &str, contact: &str) -> String {
    format!(
        "/v3/grants/{}/contacts/{}",
        segment(account),
        segment(contact)
    )
}

fn report(what: &str, answer: &Answer, screen: &Screen) {
    if screen.is_json() {
        screen.verbatim(answer);
    } else {
        screen.text(&screen.good(what));
        one(answer.data(), screen);
    }
}

fn body(members: &ContactMembers) -> Value {
    let mut body = Map::new();
    let texts = [
        ("given_name", &members.given_name),
        ("surname", &members.surname),
        ("company_name", &members.company),
        ("job_title", &members.job_title),
        ("birthday", &members.birthday),
        ("notes", &members.notes),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            body.insert(name.to_owned(), json!(text));
        }
    }
    let lists = [
        ("emails", "email", &members.email),
        ("phone_numbers", "number", &members.phone),
    ];
    for (list, name, texts) in lists {
        if !texts.is_empty() {
            let entries: Vec<Value> = texts.iter().map(|text| json!({ name: text })).collect();
            body.insert(list.to_owned(), Value::Array(entries));
        }
    }
    Value::Object(body)
}
