//! Whether one message has what a query asks for: told by the message itself, with the words that the index would have.

use posthouse_store::tables::messages;
use posthouse_store::tables::search::{Condition, Fields, WordList, Words};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::SearchQuery;
use super::document;

/// Tells whether a message of an account is there and matches, indexed or not.
pub(crate) fn matches(
    tx: &mut dyn Tx,
    grant: Key,
    message: Key,
    query: &SearchQuery,
) -> Result<bool, StoreError> {
    let mut is_match = false;
    messages::show(tx, grant, &[message], &mut |shown| {
        is_match = holds(&query.condition, &document::fields(&shown)?);
        Ok(())
    })?;
    Ok(is_match)
}

fn holds(condition: &Condition, fields: &Fields) -> bool {
    match condition {
        Condition::Words(words) => has(words, fields),
        Condition::All(conditions) => conditions.iter().all(|one| holds(one, fields)),
        Condition::Any(conditions) => conditions.iter().any(|one| holds(one, fields)),
        Condition::Not(inner) => !holds(inner, fields),
    }
}

/// Words follow each other within one field, and within one name, address or file name.
fn has(words: &Words, fields: &Fields) -> bool {
    let pieces = fields.people.iter().chain(&fields.files);
    let mut texts = pieces.chain([&fields.subject, &fields.body]);
    texts.any(|text| follow(words, text))
}

fn follow(wanted: &Words, text: &WordList) -> bool {
    let text: Vec<&str> = text.iter().collect();
    let Some((last, before)) = wanted.words.split_last() else {
        return false;
    };
    text.windows(wanted.words.len()).any(|window| {
        let Some((found, found_before)) = window.split_last() else {
            return false;
        };
        let ends = if wanted.is_prefix {
            found.starts_with(last.as_str())
        } else {
            found == last
        };
        ends && found_before.iter().eq(before)
    })
}
