//! What a stored message can be found by: its words, field by field.

use posthouse_store::StoreError;
use posthouse_store::tables::messages::{Shown, ShownBody, text_of};
use posthouse_store::tables::search::{Fields, WordList};
use serde::Deserialize;

use super::limits::{BODY_CHARACTERS_MAX, WORDS_PER_FIELD_MAX};
use super::words::words;

/// The members of a stored message that hold text.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Members {
    subject: String,
    from: Vec<Person>,
    to: Vec<Person>,
    cc: Vec<Person>,
    bcc: Vec<Person>,
    reply_to: Vec<Person>,
    attachments: Vec<File>,
}

#[derive(Deserialize)]
struct Person {
    name: String,
    email: String,
}

#[derive(Deserialize)]
struct File {
    filename: String,
}

/// Returns the words of a message.
pub(super) fn fields(message: &Shown<'_>) -> Result<Fields, StoreError> {
    let members: Members =
        serde_json::from_str(&format!("{{{}}}", message.document)).map_err(damaged)?;
    let body = match message.body {
        ShownBody::Plain(json) => serde_json::from_str(json).map_err(damaged)?,
        ShownBody::JsonFrame(frame) => serde_json::from_str(&text_of(frame)?).map_err(damaged)?,
        ShownBody::Frame(frame) => text_of(frame)?,
    };
    let body: String = body;
    let people = [
        &members.from,
        &members.to,
        &members.cc,
        &members.bcc,
        &members.reply_to,
    ];
    let people = people.into_iter().flatten();
    let names_and_addresses = people.flat_map(|person| [&person.name, &person.email]);
    let files = members.attachments.iter().map(|file| &file.filename);
    Ok(Fields {
        subject: words(&members.subject, WORDS_PER_FIELD_MAX),
        people: pieces(names_and_addresses),
        files: pieces(files),
        body: body_words(&body),
    })
}

/// Returns the words a reader of a body sees; where there is neither a tag nor an entity, that is all of them.
fn body_words(body: &str) -> WordList {
    if body.contains(['<', '&']) {
        let visible = posthouse_mime::visible_text(body, BODY_CHARACTERS_MAX);
        return words(&visible, WORDS_PER_FIELD_MAX);
    }
    let bounded = &body[..body.floor_char_boundary(BODY_CHARACTERS_MAX)];
    words(bounded, WORDS_PER_FIELD_MAX)
}

/// Returns the words of each text that has any, as many as a field may have in all.
fn pieces<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<WordList> {
    let mut left = WORDS_PER_FIELD_MAX;
    let mut pieces = Vec::new();
    for text in texts {
        let words = words(text, left);
        left -= words.len();
        if !words.is_empty() {
            pieces.push(words);
        }
        if left == 0 {
            break;
        }
    }
    pieces
}

fn damaged(error: serde_json::Error) -> StoreError {
    StoreError::Fault(format!("a stored message cannot be read: {error}"))
}
