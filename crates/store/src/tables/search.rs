//! The full-text index: which messages hold which words. Filled from the change log, emptied with the messages.

use std::collections::HashMap;

use posthouse_types::ids::Key;

use crate::engine::Dialect;
use crate::engine::full_text::Place;
use crate::sql::Tx;
use crate::tables::messages::{Position, Selection, Source, Statement, conditions};
use crate::{Param, StoreError};

pub use crate::engine::full_text::{Condition, Fields, Words};

/// What a match's rank counts: this much for each word in the subject, 1 for each among people and files.
const SUBJECT_WEIGHT: i64 = 1_000;

/// A message as the index takes it; made before the transaction.
#[derive(Debug)]
pub struct Document {
    /// The message.
    pub message: Key,
    grant: Key,
    columns: Vec<String>,
}

impl Document {
    /// Makes a message's words ready for an engine.
    #[must_use]
    pub fn new(dialect: Dialect, grant: Key, message: Key, fields: &Fields) -> Self {
        Self {
            message,
            grant,
            columns: dialect.index_columns(grant, fields),
        }
    }

    /// Returns how many bytes the engine has to take in.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(String::len).sum()
    }
}

/// Makes messages findable, in place of what was known of them; those that are gone are left out.
///
/// Must come in the order of keys: SQLite writes a stretch of its own whenever a key is smaller than the one before.
pub fn index(tx: &mut dyn Tx, documents: &[Document]) -> Result<(), StoreError> {
    let sql = tx.dialect().index_message();
    for document in documents {
        let mut params: Vec<Param<'_>> = vec![document.message.into(), document.grant.into()];
        params.extend(document.columns.iter().map(Param::from));
        tx.execute(sql, &params)?;
    }
    Ok(())
}

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
    let expression = tx.dialect().search_expression(grant, condition);
    let sql = tx.dialect().newest_matches();
    let params = [
        Param::from(&expression),
        stretch.oldest.into(),
        stretch.newest.into(),
        limit.into(),
    ];
    tx.query(sql, &params, |row| row.key(0))
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
    let dialect = tx.dialect();
    let there = dialect.words_expression(grant, words, place);
    let mut expression = dialect.search_expression(grant, condition);
    if dialect.is_embedded() {
        expression = match condition {
            Condition::Words(_) => there.clone(),
            _ => format!("{expression} AND {there}"),
        };
    }
    let mut params = vec![
        Param::from(&expression),
        stretch.oldest.into(),
        stretch.newest.into(),
        limit.into(),
    ];
    if !dialect.is_embedded() {
        params.push(Param::from(&there));
    }
    tx.query(dialect.matches_with(), &params, |row| row.key(0))
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

/// Returns the key below which messages of before the index are still to be indexed; `None` when there are none.
pub fn backlog(tx: &mut dyn Tx) -> Result<Option<Key>, StoreError> {
    tx.query_opt(
        "SELECT below FROM search_backlog WHERE id = 1",
        &[],
        |row| row.key(0),
    )
}

/// Has every message indexed anew.
pub fn begin_backlog(tx: &mut dyn Tx) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO search_backlog (id, below) VALUES (1, $1)
         ON CONFLICT (id) DO UPDATE SET below = excluded.below",
        &[Param::Int(i64::MAX)],
    )?;
    Ok(())
}

/// Notes below which key the rest of the backlog is, or that there is none; unless it has begun anew since.
pub fn shorten_backlog(tx: &mut dyn Tx, from: Key, to: Option<Key>) -> Result<(), StoreError> {
    match to {
        Some(to) => tx.execute(
            "UPDATE search_backlog SET below = $2 WHERE id = 1 AND below = $1",
            &[from.into(), to.into()],
        )?,
        None => {
            tx.execute(
                "DELETE FROM search_backlog WHERE id = 1 AND below = $1",
                &[from.into()],
            )?;
            tx.execute("UPDATE search_wanted SET ready = 1 WHERE id = 1", &[])?
        }
    };
    Ok(())
}

/// Tells whether somebody has ever searched, and if so, whether the index had everything there was then.
pub fn readiness(tx: &mut dyn Tx) -> Result<Option<bool>, StoreError> {
    tx.query_opt("SELECT ready FROM search_wanted WHERE id = 1", &[], |row| {
        row.flag(0)
    })
}

/// Notes that somebody searches: from now on there is an index.
pub fn want(tx: &mut dyn Tx) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO search_wanted (id, ready)
         SELECT 1, CASE WHEN EXISTS (SELECT 1 FROM search_backlog) THEN 0 ELSE 1 END
         WHERE NOT EXISTS (SELECT 1 FROM search_wanted)
         ON CONFLICT (id) DO NOTHING",
        &[],
    )?;
    Ok(())
}

/// Returns messages of the backlog, newest first, with their accounts.
pub fn of_backlog(tx: &mut dyn Tx, below: Key, limit: i64) -> Result<Vec<(Key, Key)>, StoreError> {
    tx.query(
        "SELECT id, grant_id FROM messages WHERE id < $1 ORDER BY id DESC LIMIT $2",
        &[below.into(), limit.into()],
        |row| Ok((row.key(0)?, row.key(1)?)),
    )
}
