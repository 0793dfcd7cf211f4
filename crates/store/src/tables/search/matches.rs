//! Searches: matches by key or by rank, and those of them that other filters take.

use std::collections::HashMap;

use posthouse_types::ids::Key;

use crate::engine::Dialect;
use crate::engine::full_text::{Condition, Place, Words};
use crate::sql::Tx;
use crate::tables::messages::{Position, Selection, Source, Statement, conditions};
use crate::{Param, StoreError};

/// What a match's rank counts: this much for each word in the subject, 1 for each among people and files.
const SUBJECT_WEIGHT: i64 = 1_000;

/// A stretch of messages by key, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The smallest key.
    pub oldest: Key,
    /// The greatest key.
    pub newest: Key,
}

/// Returns the newest messages of an account that match, newest key first.
pub fn newest(
    tx: &mut dyn Tx,
    grant: Key,
    condition: &Condition,
    stretch: Stretch,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    let Some(mark) = mark(tx, grant)? else {
        return Ok(Vec::new());
    };
    let expression = tx.dialect().search_expression(&mark, condition);
    matching(tx, &expression, stretch, limit)
}

/// A match with its rank: the more of the words are in the subject, then among people and files, the higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// The message.
    pub message: Key,
    /// Comparable within one search only.
    pub rank: i64,
}

/// Returns the newest messages that match, as [`newest`], each ranked by where it has `words`.
pub fn ranked(
    tx: &mut dyn Tx,
    grant: Key,
    condition: &Condition,
    words: &[Words],
    stretch: Stretch,
    limit: i64,
) -> Result<Vec<Match>, StoreError> {
    let found = newest(tx, grant, condition, stretch, limit)?;
    let (Some(first), Some(last)) = (found.first(), found.last()) else {
        return Ok(Vec::new());
    };
    let stretch = Stretch {
        oldest: *last,
        newest: *first,
    };
    let mut ranks: HashMap<Key, i64> = HashMap::new();
    for words in words {
        for (place, weight) in [(Place::Subject, SUBJECT_WEIGHT), (Place::Head, 1)] {
            for message in with(tx, grant, condition, words, place, stretch, limit)? {
                *ranks.entry(message).or_default() += weight;
            }
        }
    }
    let ranked = found.into_iter().map(|message| Match {
        message,
        rank: ranks.get(&message).copied().unwrap_or_default(),
    });
    Ok(ranked.collect())
}

/// Returns those matches that have `words` in one place.
fn with(
    tx: &mut dyn Tx,
    grant: Key,
    condition: &Condition,
    words: &Words,
    place: Place,
    stretch: Stretch,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    let Some(mark) = mark(tx, grant)? else {
        return Ok(Vec::new());
    };
    let expression = tx
        .dialect()
        .placed_expression(&mark, condition, words, place);
    matching(tx, &expression, stretch, limit)
}

fn mark(tx: &mut dyn Tx, grant: Key) -> Result<Option<String>, StoreError> {
    let mark = Dialect::mark(tx, grant);
    noting_damage(tx, mark)
}

/// Returns the newest messages that fulfil an engine's expression, newest key first.
fn matching(
    tx: &mut dyn Tx,
    expression: &str,
    stretch: Stretch,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    let sql = tx.dialect().newest_matches();
    let params = [
        Param::Text(expression),
        stretch.oldest.into(),
        stretch.newest.into(),
        limit.into(),
    ];
    let found = tx.query(sql, &params, |row| row.key(0));
    noting_damage(tx, found)
}

/// A damaged index is made anew; until then nothing can be found.
pub(super) fn noting_damage<T>(
    tx: &mut dyn Tx,
    outcome: Result<T, StoreError>,
) -> Result<T, StoreError> {
    outcome.map_err(|error| match error {
        StoreError::Damaged(reason) => {
            tx.note_index_damage();
            StoreError::Unavailable(reason)
        }
        other => other,
    })
}

/// Sizes to which lists of matches are padded, so that few statements serve all searches.
const LIST_SIZES: [usize; 3] = [10, 100, 500];

/// Returns those of the messages that a selection takes, with their positions, in no particular order.
///
/// What the selection says of position, limit and offset is not looked at.
pub fn among(
    tx: &mut dyn Tx,
    selection: &Selection,
    messages: &[Key],
) -> Result<Vec<Position>, StoreError> {
    let [.., longest] = LIST_SIZES;
    let mut found = Vec::new();
    for chunk in messages.chunks(longest) {
        let statement = among_statement(selection, chunk);
        found.extend(tx.query(&statement.sql, &statement.params(), |row| {
            Ok(Position {
                date_at: row.int(0)?,
                id: row.key(1)?,
            })
        })?);
    }
    Ok(found)
}

/// `+ 0` keeps the account out of the choice of an index: the list of keys is the narrower way to the rows.
fn among_statement(selection: &Selection, messages: &[Key]) -> Statement {
    let mut selection = selection.clone();
    selection.behind = None;
    if let Source::Terms(terms) = &selection.source {
        selection.term_groups.push(terms.clone());
    }
    let size = LIST_SIZES.into_iter().find(|size| *size >= messages.len());
    let padding = messages.last().copied().into_iter().cycle();
    let listed = messages.iter().copied().chain(padding);
    let listed = listed.take(size.unwrap_or(messages.len()));
    let mut statement = Statement::default();
    let grant = statement.bind(selection.grant.0);
    let messages = statement.bind_all(listed.map(|message| message.0));
    let folders = statement.bind_all(selection.folders.iter().map(|folder| folder.0));
    let further = conditions(&mut statement, &selection, &grant, "m.date_at", "m.id");
    statement.sql = format!(
        "SELECT m.date_at, m.id FROM messages m
         WHERE m.id IN ({messages}) AND m.grant_id + 0 = {grant} AND m.folder_id IN ({folders}){further}"
    );
    statement
}
