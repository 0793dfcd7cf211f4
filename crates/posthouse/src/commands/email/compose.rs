//! From what was typed to the JSON of a message.

use std::path::PathBuf;

use base64::Engine;
use serde_json::{Map, Value, json};

use super::text;
use crate::cli::Compose;
use crate::client::Failure;

/// Returns the members that were named; a text comes with whether it is plain.
///
/// # Errors
/// A file or standard input that cannot be read.
pub fn members(message: Compose) -> Result<Map<String, Value>, Failure> {
    let mut members = Map::new();
    let lists = [("to", message.to), ("cc", message.cc), ("bcc", message.bcc)];
    for (name, addresses) in lists {
        if !addresses.is_empty() {
            let mailboxes = addresses.iter().map(|address| json!({ "email": address }));
            members.insert(name.to_owned(), mailboxes.collect());
        }
    }
    if let Some(subject) = message.subject {
        members.insert("subject".to_owned(), subject.into());
    }
    if let Some(body) = message.body {
        members.insert("body".to_owned(), text::resolve(Some(body))?.into());
        members.insert("is_plaintext".to_owned(), (!message.html).into());
    }
    if !message.attach.is_empty() {
        let files: Result<Vec<Value>, _> = message.attach.iter().map(attachment).collect();
        members.insert("attachments".to_owned(), files?.into());
    }
    Ok(members)
}

fn attachment(path: &PathBuf) -> Result<Value, Failure> {
    let content = std::fs::read(path).map_err(|error| Failure::Local {
        message: format!("cannot read {}: {error}", path.display()),
        fix: None,
    })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(json!({
        "filename": name,
        "content": base64::engine::general_purpose::STANDARD.encode(content),
    }))
}
