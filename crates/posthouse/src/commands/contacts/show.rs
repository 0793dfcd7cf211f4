//! `posthouse contacts list` and `get`.

use serde_json::Value;

use crate::client::{Api, Failure, segment};
use crate::output::{Screen, details, field, moment, table};

/// Lists contacts by surname, then given name.
///
/// # Errors
/// Whatever the server said.
pub async fn list(
    account: &str,
    email: Option<&str>,
    limit: u32,
    api: &Api,
    screen: &Screen,
) -> Result<(), Failure> {
    let mut path = format!("/v3/grants/{}/contacts?limit={limit}", segment(account));
    if let Some(email) = email {
        path.push_str(&format!("&email={}", segment(email)));
    }
    let answer = api.get(&path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
        return Ok(());
    }
    if answer.rows().is_empty() {
        screen.text("No contacts. Create one:\n  posthouse contacts create --given-name Bo --email bo@shop.example");
        return Ok(());
    }
    let rows = answer
        .rows()
        .iter()
        .map(|contact| {
            vec![
                full_name(contact),
                first(contact, "emails", "email"),
                first(contact, "phone_numbers", "number"),
                field(contact, "id"),
            ]
        })
        .collect();
    screen.text(&table(screen, &["NAME", "EMAIL", "PHONE", "ID"], rows));
    if answer.body["next_cursor"].is_string() {
        screen.text(&format!(
            "\nThere are more: add --limit (up to 200). This was {limit}."
        ));
    }
    Ok(())
}

/// Shows one contact.
///
/// # Errors
/// Not found, or whatever the server said.
pub async fn get(account: &str, contact: &str, api: &Api, screen: &Screen) -> Result<(), Failure> {
    let path = format!(
        "/v3/grants/{}/contacts/{}",
        segment(account),
        segment(contact)
    );
    let answer = api.get(&path).await?;
    if screen.is_json() {
        screen.verbatim(&answer);
    } else {
        one(answer.data(), screen);
    }
    Ok(())
}

/// Prints a contact for people.
pub(super) fn one(contact: &Value, screen: &Screen) {
    let pairs = [
        ("ID", field(contact, "id")),
        ("Name", full_name(contact)),
        ("Nickname", field(contact, "nickname")),
        ("Company", field(contact, "company_name")),
        ("Job title", field(contact, "job_title")),
        ("Birthday", field(contact, "birthday")),
        ("Email", all(contact, "emails", "email")),
        ("Phone", all(contact, "phone_numbers", "number")),
        ("Web", all(contact, "web_pages", "url")),
        ("Notes", field(contact, "notes")),
        ("Changed", moment(&contact["updated_at"])),
    ];
    screen.text(&details(screen, &pairs));
}

/// The name a person goes by, else whatever names the contact.
pub(super) fn full_name(contact: &Value) -> String {
    let parts = ["given_name", "middle_name", "surname", "suffix"];
    let parts: Vec<String> = parts
        .iter()
        .map(|name| field(contact, name))
        .filter(|part| !part.is_empty())
        .collect();
    if !parts.is_empty() {
        return parts.join(" ");
    }
    let display_name = field(contact, "display_name");
    if display_name.is_empty() {
        return field(contact, "company_name");
    }
    display_name
}

fn first(contact: &Value, list: &str, name: &str) -> String {
    field(&contact[list][0], name)
}

fn all(contact: &Value, list: &str, name: &str) -> String {
    let entries = contact[list].as_array().map_or(&[][..], Vec::as_slice);
    let texts: Vec<String> = entries
        .iter()
        .map(|entry| {
            let kind = field(entry, "type");
            let text = field(entry, name);
            if kind.is_empty() {
                text
            } else {
                format!("{text} ({kind})")
            }
        })
        .collect();
    texts.join(", ")
}
