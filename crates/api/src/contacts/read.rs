//! What a body says about a contact.

use posthouse_mailroom::contacts::{
    ContactChange, ContactEntry, ContactList, ContactText, SOURCES,
};
use posthouse_mailroom::organise::Metadata;

use crate::body::{Change, Fields};
use crate::error::ApiError;

/// Reads a new contact or a change of one, and the warnings about what is unknown.
pub(super) fn read(body: &mut Fields<'_>) -> Result<(ContactChange, Vec<String>), ApiError> {
    let mut change = ContactChange::default();
    for text in ContactText::ALL {
        match body.change::<String>(text.name())? {
            Change::Keep => {}
            Change::Clear => change.texts.push((text, None)),
            Change::Set(value) => change.texts.push((text, Some(value))),
        }
    }
    let mut warnings = Vec::new();
    for list in ContactList::ALL {
        let is_sent = body.has(list.name());
        let entries = body.objects(list.name())?.unwrap_or_default();
        if is_sent {
            let entries: Result<Vec<ContactEntry>, ApiError> = entries
                .into_iter()
                .map(|entry| read_entry(list, entry, &mut warnings))
                .collect();
            change.lists.push((list, entries?));
        }
    }
    change.metadata = match body.change::<Metadata>("metadata")? {
        Change::Keep => None,
        Change::Clear => Some(Metadata::default()),
        Change::Set(metadata) => Some(metadata),
    };
    check_source(body)?;
    check_unused(body)?;
    body.warn_of_unknown(&mut warnings);
    Ok((change, warnings))
}

/// Members that clients send and that nothing is made of: groups do not exist, pictures are not stored.
fn check_unused(body: &mut Fields<'_>) -> Result<(), ApiError> {
    body.objects("groups")?;
    body.unused::<String>("picture")?;
    body.unused::<u64>("created_at")?;
    body.unused::<u64>("updated_at")
}

fn read_entry(
    list: ContactList,
    mut entry: Fields<'_>,
    warnings: &mut Vec<String>,
) -> Result<ContactEntry, ApiError> {
    let mut texts = ContactEntry::new();
    for name in list.entry_texts() {
        if let Some(text) = entry.optional::<String>(name)? {
            texts.push((name, text));
        }
    }
    entry.warn_of_unknown(warnings);
    Ok(texts)
}

/// The source of a contact is not for the caller to say; one there is none of is a mistake all the same.
fn check_source(body: &mut Fields<'_>) -> Result<(), ApiError> {
    match body.optional::<String>("source")? {
        Some(source) if !SOURCES.contains(&source.as_str()) => {
            Err(body.wrong("source", format!("expected one of {}", SOURCES.join(", "))))
        }
        _ => Ok(()),
    }
}
