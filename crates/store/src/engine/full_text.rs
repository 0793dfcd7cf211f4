//! Full-text search, where the engines differ most: FTS5 in SQLite, `tsvector` under a GIN index in PostgreSQL.
//!
//! Neither splits or folds text: both are handed the words, made once by the mailroom. Each word is stored behind its
//! account's mark, so that the entries of one account are a stretch of the index of their own: a query walks its own
//! account's matches only, and takes no longer for what others have.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use posthouse_types::ids::Key;

use super::Dialect;

/// Characters of an account's mark, which every word starts with.
const MARK_CHARACTERS: usize = 13;

/// What keeps words apart in SQLite that no phrase may join. Shorter than any word behind a mark, so nothing finds it.
const GAP: &str = " x ";

/// Positions that PostgreSQL keeps of one word at most.
const POSITIONS_PER_WORD_MAX: usize = 255;

/// Bytes of words and positions that go into one `tsvector`, which holds a megabyte.
const VECTOR_BYTES_MAX: usize = 900 * 1024;

/// The stretches of positions, of which PostgreSQL has 16,383: a longer text starts again from the front of its own.
const SUBJECT_POSITIONS: (usize, usize) = (1, 1_000);
const HEAD_POSITIONS: (usize, usize) = (1_003, 3_000);
const BODY_POSITIONS: (usize, usize) = (4_006, 12_000);

/// Behind an account's mark: stands for "any message of this account".
static NO_WORD: [String; 1] = [String::new()];

/// What is searched for; words are folded already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// One word or phrase.
    Words(Words),
    /// All of them.
    All(Vec<Self>),
    /// At least one of them.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
}

/// Words that follow each other within one field; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The words.
    pub words: Vec<String>,
    /// Whether the last one is the beginning of a word only.
    pub is_prefix: bool,
}

/// The words of a message by field; words of different pieces never make a phrase.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// Of the subject.
    pub subject: Vec<String>,
    /// Of each name and address.
    pub people: Vec<Vec<String>>,
    /// Of each attachment's name.
    pub files: Vec<Vec<String>>,
    /// Of the body.
    pub body: Vec<String>,
}

/// Where a message's words are to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Anywhere,
    Subject,
    /// In a name, an address or the name of a file.
    Head,
}

impl Dialect {
    /// Returns the columns of the index after the message's key, in the order in which [`Self::index_message`] takes them.
    pub(crate) fn index_columns(self, grant: Key, fields: &Fields) -> Vec<String> {
        let mark = mark(grant);
        match self {
            Self::Sqlite => {
                let pieces = |pieces: &[Vec<String>]| {
                    let marked: Vec<String> =
                        pieces.iter().map(|words| marked(&mark, words)).collect();
                    marked.join(GAP)
                };
                vec![
                    marked(&mark, &fields.subject),
                    pieces(&fields.people),
                    // The mark alone, as `NO_WORD`.
                    format!("{}{GAP}{mark}", pieces(&fields.files)),
                    marked(&mark, &fields.body),
                ]
            }
            Self::Postgres => {
                let mut head = Vector::new(&mark);
                head.add(&fields.subject, SUBJECT_POSITIONS, "A", 0);
                head.add_pieces([&fields.people, &fields.files], "B");
                let mut whole = Vector::new(&mark);
                whole.add(&NO_WORD, SUBJECT_POSITIONS, "", 0);
                whole.add(&fields.subject, SUBJECT_POSITIONS, "", 0);
                whole.add_pieces([&fields.people, &fields.files], "");
                whole.add(&fields.body, BODY_POSITIONS, "", 0);
                vec![whole.text(), head.text()]
            }
        }
    }

    /// Returns the statement that makes a message findable, unless it is gone. Parameters: its key, its account, and
    /// the columns.
    pub(crate) fn index_message(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "INSERT OR REPLACE INTO search (rowid, subject, people, files, body)
                 SELECT id, $3, $4, $5, $6 FROM messages WHERE id = $1 AND grant_id = $2"
            }
            // The lock keeps the message, and with it this row, from being deleted half-way.
            Self::Postgres => {
                "INSERT INTO search (message_id, grant_id, words, head)
                 SELECT id, grant_id, CAST(CAST($3 AS TEXT) AS tsvector), CAST(CAST($4 AS TEXT) AS tsvector)
                 FROM messages WHERE id = $1 AND grant_id = $2 FOR KEY SHARE
                 ON CONFLICT (message_id) DO UPDATE SET words = excluded.words, head = excluded.head"
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

    /// Returns the query for those matches, as [`Self::newest_matches`] has them, that also fulfil an expression about
    /// subject and head.
    ///
    /// Parameters: expression, oldest key, newest key, limit, and the expression that must hold as well.
    pub(crate) fn matches_with(self) -> &'static str {
        match self {
            // The further expression is part of the first one: FTS5 takes one.
            Self::Sqlite => self.newest_matches(),
            Self::Postgres => {
                "SELECT message_id FROM (SELECT message_id, head FROM search
                   WHERE words @@ CAST(CAST($1 AS TEXT) AS tsquery)
                     AND message_id + 0 >= $2 AND message_id + 0 <= $3 ORDER BY message_id + 0 DESC LIMIT $4) AS found
                 WHERE head @@ CAST(CAST($5 AS TEXT) AS tsquery)"
            }
        }
    }

    /// Returns the engine's expression for a condition.
    pub(crate) fn search_expression(self, grant: Key, condition: &Condition) -> String {
        let mark = mark(grant);
        let mut text = String::new();
        match self {
            Self::Sqlite => fts5(&mut text, &mark, condition),
            Self::Postgres => tsquery(&mut text, &mark, condition),
        }
        text
    }

    /// Returns the engine's expression for words in one place.
    pub(crate) fn words_expression(self, grant: Key, words: &Words, place: Place) -> String {
        let mark = mark(grant);
        let mut text = String::new();
        match self {
            Self::Sqlite => fts5_words(&mut text, &mark, words, place),
            Self::Postgres => tsquery_words(&mut text, &mark, words, place),
        }
        text
    }
}

/// Returns an account's mark: its key in 13 digits and letters.
fn mark(grant: Key) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut rest = grant.0.unsigned_abs();
    let mut mark = [b'0'; MARK_CHARACTERS];
    for digit in mark.iter_mut().rev() {
        *digit = DIGITS[(rest % 32) as usize];
        rest /= 32;
    }
    String::from_utf8_lossy(&mark).into_owned()
}

fn marked(mark: &str, words: &[String]) -> String {
    let mut text = String::with_capacity(words.len() * (MARK_CHARACTERS + 7));
    for (place, word) in words.iter().enumerate() {
        if place > 0 {
            text.push(' ');
        }
        text.push_str(mark);
        text.push_str(word);
    }
    text
}

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

/// FTS5 knows "this and not that" only: what is excluded is taken from something, if need be from all messages.
fn fts5(text: &mut String, mark: &str, condition: &Condition) {
    let mut each = |text: &mut String, condition: &Condition| fts5(text, mark, condition);
    match condition {
        Condition::Words(words) => fts5_words(text, mark, words, Place::Anywhere),
        Condition::Any(conditions) => joined(text, conditions.iter(), " OR ", each),
        Condition::All(conditions) => {
            let is_excluded = |one: &&Condition| matches!(one, Condition::Not(_));
            let excluded = || conditions.iter().filter(is_excluded);
            let wanted = || conditions.iter().filter(|one| !is_excluded(one));
            if excluded().next().is_some() {
                text.push('(');
            }
            if wanted().next().is_some() {
                joined(text, wanted(), " AND ", &mut each);
            } else {
                let _ = write!(text, "\"{mark}\"");
            }
            for one in excluded() {
                if let Condition::Not(inner) = one {
                    text.push_str(" NOT ");
                    each(text, inner);
                }
            }
            if excluded().next().is_some() {
                text.push(')');
            }
        }
        Condition::Not(inner) => {
            let _ = write!(text, "(\"{mark}\" NOT ");
            each(text, inner);
            text.push(')');
        }
    }
}

fn fts5_words(text: &mut String, mark: &str, words: &Words, place: Place) {
    text.push_str(match place {
        Place::Anywhere => "",
        Place::Subject => "{subject} : ",
        Place::Head => "{people files} : ",
    });
    text.push('"');
    text.push_str(&marked(mark, &words.words));
    text.push('"');
    if words.is_prefix {
        text.push_str(" *");
    }
}

fn tsquery(text: &mut String, mark: &str, condition: &Condition) {
    let each = |text: &mut String, condition: &Condition| tsquery(text, mark, condition);
    match condition {
        Condition::Words(words) => tsquery_words(text, mark, words, Place::Anywhere),
        Condition::Any(conditions) => joined(text, conditions.iter(), " | ", each),
        Condition::All(conditions) => joined(text, conditions.iter(), " & ", each),
        Condition::Not(inner) => {
            let _ = write!(text, "('{mark}' & !");
            each(text, inner);
            text.push(')');
        }
    }
}

fn tsquery_words(text: &mut String, mark: &str, words: &Words, place: Place) {
    text.push('(');
    for (number, word) in words.words.iter().enumerate() {
        if number > 0 {
            text.push_str(" <-> ");
        }
        let _ = write!(text, "'{mark}{word}'");
        let is_prefix = words.is_prefix && number + 1 == words.words.len();
        text.push_str(match (is_prefix, place) {
            (false, Place::Anywhere) => "",
            (true, Place::Anywhere) => ":*",
            (false, Place::Subject) => ":A",
            (true, Place::Subject) => ":*A",
            (false, Place::Head) => ":B",
            (true, Place::Head) => ":*B",
        });
    }
    text.push(')');
}

/// A `tsvector` in the making: each word once, with its positions.
struct Vector<'a> {
    mark: &'a str,
    words: BTreeMap<&'a str, Vec<(usize, &'static str)>>,
    bytes: usize,
}

impl<'a> Vector<'a> {
    fn new(mark: &'a str) -> Self {
        Self {
            mark,
            words: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// Adds words from the `from`th position of a stretch on; returns the position behind them.
    fn add(
        &mut self,
        words: &'a [String],
        (start, positions): (usize, usize),
        weight: &'static str,
        from: usize,
    ) -> usize {
        for (place, word) in words.iter().enumerate() {
            if self.bytes >= VECTOR_BYTES_MAX {
                break;
            }
            let position = start + (from + place) % positions;
            let mark_bytes = self.mark.len();
            let known = self.words.entry(word).or_insert_with(|| {
                self.bytes += mark_bytes + word.len() + 8;
                Vec::new()
            });
            if known.len() < POSITIONS_PER_WORD_MAX {
                known.push((position, weight));
                self.bytes += 2;
            }
        }
        from + words.len()
    }

    fn add_pieces(&mut self, pieces: [&'a [Vec<String>]; 2], weight: &'static str) {
        let mut from = 0;
        for words in pieces.into_iter().flatten() {
            // One position is left free, so that no phrase goes on from one piece to the next.
            from = self.add(words, HEAD_POSITIONS, weight, from) + 1;
        }
    }

    fn text(&self) -> String {
        let mut text = String::with_capacity(self.bytes * 2);
        for (word, positions) in &self.words {
            let _ = write!(text, "'{}{word}'", self.mark);
            for (place, (position, weight)) in positions.iter().enumerate() {
                text.push(if place == 0 { ':' } else { ',' });
                let _ = write!(text, "{position}{weight}");
            }
            text.push(' ');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Condition {
        Condition::Words(Words {
            words: text.split(' ').map(str::to_owned).collect(),
            is_prefix: false,
        })
    }

    #[test]
    fn marks_are_as_long_for_every_account_and_differ() {
        assert_eq!(mark(Key(1)), "0000000000001");
        assert_eq!(mark(Key(i64::MAX)).len(), MARK_CHARACTERS);
        assert_ne!(mark(Key(i64::MAX)), mark(Key(i64::MAX - 1)));
    }

    #[test]
    fn what_is_excluded_is_taken_from_something() {
        let not = |text: &str| Condition::Not(Box::new(word(text)));
        let both = Condition::All(vec![word("a"), not("b c"), word("d"), not("e")]);
        let m = "0000000000001";
        assert_eq!(
            Dialect::Sqlite.search_expression(Key(1), &both),
            format!("((\"{m}a\" AND \"{m}d\") NOT \"{m}b {m}c\" NOT \"{m}e\")")
        );
        assert_eq!(
            Dialect::Sqlite.search_expression(Key(1), &Condition::Any(vec![word("a"), not("b")])),
            format!("(\"{m}a\" OR (\"{m}\" NOT \"{m}b\"))")
        );
    }

    #[test]
    fn phrases_never_join_pieces() {
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let fields = Fields {
            subject: words("a b"),
            people: vec![words("c"), words("d")],
            files: vec![],
            body: words("e"),
        };
        let m = "0000000000001";
        assert_eq!(
            Dialect::Sqlite.index_columns(Key(1), &fields),
            [
                format!("{m}a {m}b"),
                format!("{m}c x {m}d"),
                format!(" x {m}"),
                format!("{m}e")
            ]
        );
        assert_eq!(
            Dialect::Postgres.index_columns(Key(1), &fields)[0],
            format!("'{m}':1 '{m}a':1 '{m}b':2 '{m}c':1003 '{m}d':1005 '{m}e':4006 ")
        );
    }
}
