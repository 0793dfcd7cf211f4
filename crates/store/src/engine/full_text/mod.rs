//! Full-text search, where the engines differ most: FTS5 in SQLite, `tsvector` under a GIN index in PostgreSQL.
//!
//! Neither splits or folds text: both are handed the words, made once by the mailroom. Each word is stored behind its
//! account's mark, so that the entries of one account are a stretch of the index of their own: a query walks its own
//! account's matches only, and takes no longer for what others have.
//!
//! - [`words`]: what a message and a query are made of
//! - [`fts5`], [`tsvector`]: how each engine writes documents and expressions

mod fts5;
mod tsvector;
mod words;

use posthouse_types::ids::Key;

use super::Dialect;
use crate::StoreError;
use crate::sql::Tx;

pub use words::{Condition, Fields, WordList, Words};

/// The name under which the index reads the change log.
pub const READER: &str = "search";

/// Where a message's words are to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Anywhere,
    Subject,
    /// In a name, an address or the name of a file.
    Head,
}

impl Dialect {
    /// Returns what every word of an account begins with; `None` when nothing of it can be in the index.
    pub(crate) fn mark(tx: &mut dyn Tx, grant: Key) -> Result<Option<String>, StoreError> {
        match tx.dialect() {
            Self::Sqlite => fts5::known_mark(tx, grant),
            Self::Postgres => Ok(Some(tsvector::mark(grant))),
        }
    }

    /// Returns the mark of an account whose first message may be about to enter the index.
    pub(crate) fn mark_for_writing(tx: &mut dyn Tx, grant: Key) -> Result<String, StoreError> {
        match tx.dialect() {
            Self::Sqlite => fts5::make_mark(tx, grant),
            Self::Postgres => Ok(tsvector::mark(grant)),
        }
    }

    /// Returns the columns of the index after the message's key, in the order in which [`Self::index_message`] takes them.
    pub(crate) fn index_columns(self, mark: &str, fields: &Fields) -> Vec<String> {
        match self {
            Self::Sqlite => fts5::columns(mark, fields),
            Self::Postgres => tsvector::columns(mark, fields),
        }
    }

    /// Returns the statement that makes a message findable. Parameters: its key, its account, and the columns.
    ///
    /// On PostgreSQL it does nothing for a message that is gone; SQLite's index is told of that by the change log.
    pub(crate) fn index_message(self) -> &'static str {
        match self {
            // The account is in every word.
            Self::Sqlite => {
                "INSERT OR REPLACE INTO search (rowid, subject, people, files, body)
                 SELECT $1, $3, $4, $5, $6 WHERE $2 IS NOT NULL"
            }
            // The lock keeps the message, and with it this row, from being deleted half-way.
            Self::Postgres => {
                "INSERT INTO search (message_id, words) SELECT id, CAST(CAST($3 AS TEXT) AS tsvector)
                 FROM messages WHERE id = $1 AND grant_id = $2 FOR KEY SHARE
                 ON CONFLICT (message_id) DO UPDATE SET words = excluded.words"
            }
        }
    }

    /// Returns the query that tells whether a message is in the index. Parameter: its key.
    pub(crate) fn is_indexed(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT rowid FROM search WHERE rowid = $1",
            Self::Postgres => "SELECT message_id FROM search WHERE message_id = $1",
        }
    }

    /// Returns the query for messages of an account that are not in the index, newest first. Parameters: account, limit.
    pub(crate) fn not_indexed(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "SELECT m.id FROM messages m WHERE m.grant_id = $1
                   AND NOT EXISTS (SELECT 1 FROM search s WHERE s.rowid = m.id) ORDER BY m.id DESC LIMIT $2"
            }
            Self::Postgres => {
                "SELECT m.id FROM messages m WHERE m.grant_id = $1
                   AND NOT EXISTS (SELECT 1 FROM search s WHERE s.message_id = m.id) ORDER BY m.id DESC LIMIT $2"
            }
        }
    }

    /// Returns the query for the newest matches, newest key first. Parameters: expression, oldest key, newest key, limit.
    ///
    /// SQLite stops as soon as it has enough. PostgreSQL must look at every match of the account; `+ 0` keeps it from
    /// walking through the table in the order of keys instead.
    pub(crate) fn newest_matches(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "SELECT rowid FROM search WHERE search MATCH $1 AND rowid >= $2 AND rowid <= $3
                 ORDER BY rowid DESC LIMIT $4"
            }
            Self::Postgres => {
                "SELECT message_id FROM search WHERE words @@ CAST(CAST($1 AS TEXT) AS tsquery)
                   AND message_id + 0 >= $2 AND message_id + 0 <= $3 ORDER BY message_id + 0 DESC LIMIT $4"
            }
        }
    }

    /// Returns the engine's expression for a condition.
    pub(crate) fn search_expression(self, mark: &str, condition: &Condition) -> String {
        let mut text = String::new();
        match self {
            Self::Sqlite => fts5::expression(&mut text, mark, condition),
            Self::Postgres => tsvector::expression(&mut text, mark, condition),
        }
        text
    }

    /// Returns the engine's expression for what fulfils a condition and has words in one place.
    pub(crate) fn placed_expression(
        self,
        mark: &str,
        condition: &Condition,
        words: &Words,
        place: Place,
    ) -> String {
        let mut text = String::new();
        // What has the words in this place has them anywhere.
        if !matches!(condition, Condition::Words(_)) {
            text = self.search_expression(mark, condition);
            text.push_str(match self {
                Self::Sqlite => " AND ",
                Self::Postgres => " & ",
            });
        }
        match self {
            Self::Sqlite => fts5::words(&mut text, mark, words, place),
            Self::Postgres => tsvector::words(&mut text, mark, words, place),
        }
        text
    }

    /// Returns the engine's expression for every message of an account.
    pub(crate) fn every_message(self, mark: &str) -> String {
        match self {
            Self::Sqlite => format!("\"{mark}\""),
            Self::Postgres => format!("'{mark}'"),
        }
    }
}

/// Writes conditions in parentheses with something between each two.
fn joined<'a>(
    text: &mut String,
    conditions: impl Iterator<Item = &'a Condition>,
    between: &str,
    mut each: impl FnMut(&mut String, &Condition),
) {
    text.push('(');
    for (place, condition) in conditions.enumerate() {
        if place > 0 {
            text.push_str(between);
        }
        each(text, condition);
    }
    text.push(')');
}
