//! The grammar of a search: words, phrases, AND, OR, negation, groups.
//!
//! ```text
//! query = or ;  or = and { "OR" and } ;  and = unary { ["AND"] unary } ;
//! unary = ["-"] primary ;  primary = word | '"' phrase '"' | "(" or ")"
//! ```
//!
//! The outcome is a tree of folded words; nothing of the text ever reaches an engine's own query syntax.

use std::fmt;

use posthouse_store::tables::search::{Condition, Words};
use unicode_normalization::char::is_combining_mark;

use super::limits::{
    QUERY_BYTES_MAX, QUERY_DEPTH_MAX, QUERY_NODES_MAX, RANKED_WORDS_MAX, WORDS_PER_FIELD_MAX,
};
use super::words::wanted;

/// A search, read and bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    pub(crate) condition: Condition,
    /// What a match is ranked by: words that are not negated.
    pub(crate) ranked: Vec<Words>,
}

/// Why a text is no query, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at character {}", position + 1)]
pub struct QueryError {
    /// Characters before the place.
    pub position: usize,
    /// What is wrong there, in lower case.
    pub problem: Problem,
}

/// What is wrong with a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is described by its text")]
pub enum Problem {
    TooLong,
    TooManyNodes,
    TooDeep,
    QuoteNotClosed,
    GroupNotClosed,
    NothingToClose,
    OperandMissing,
    NoWord,
    OnlyNegations,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a query has at most {QUERY_BYTES_MAX} bytes: cut off"),
            Self::TooManyNodes => {
                write!(f, "a query has at most {QUERY_NODES_MAX} parts: one more")
            }
            Self::TooDeep => write!(
                f,
                "parentheses are at most {QUERY_DEPTH_MAX} deep: a deeper one"
            ),
            Self::QuoteNotClosed => f.write_str("a quotation does not end: it begins"),
            Self::GroupNotClosed => f.write_str("a parenthesis is not closed: it opens"),
            Self::NothingToClose => f.write_str("a parenthesis closes nothing"),
            Self::OperandMissing => f.write_str("a word, a phrase or a group is missing"),
            Self::NoWord => f.write_str("there is no letter or digit to search for"),
            Self::OnlyNegations => f.write_str("there are negations only: add what to search for"),
        }
    }
}

impl SearchQuery {
    /// Reads a query. Total: any text is either a query or an error.
    ///
    /// Words without a letter or digit are passed over.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.len() > QUERY_BYTES_MAX {
            let kept = &text[..text.floor_char_boundary(QUERY_BYTES_MAX)];
            return Err(QueryError {
                position: kept.chars().count(),
                problem: Problem::TooLong,
            });
        }
        let mut reader = Reader {
            text,
            at: 0,
            nodes: 0,
        };
        let condition = reader.or(0)?;
        reader.skip_space();
        if !reader.rest().is_empty() {
            // Only a closing parenthesis ends the outermost level before the text does.
            return Err(reader.problem(Problem::NothingToClose));
        }
        reader.at = 0;
        let condition = condition.ok_or_else(|| reader.problem(Problem::NoWord))?;
        if is_negative(&condition) {
            return Err(reader.problem(Problem::OnlyNegations));
        }
        let mut ranked = Vec::new();
        collect(&condition, true, &mut ranked);
        ranked.truncate(RANKED_WORDS_MAX);
        Ok(Self { condition, ranked })
    }
}

/// Tells whether a condition only says what a message must not hold.
fn is_negative(condition: &Condition) -> bool {
    match condition {
        Condition::Words(_) => false,
        Condition::Not(inner) => !is_negative(inner),
        Condition::All(conditions) | Condition::Any(conditions) => {
            conditions.iter().all(is_negative)
        }
    }
}

fn collect(condition: &Condition, is_wanted: bool, ranked: &mut Vec<Words>) {
    match condition {
        Condition::Words(words) if is_wanted && !ranked.contains(words) => {
            ranked.push(words.clone());
        }
        Condition::Words(_) => {}
        Condition::Not(inner) => collect(inner, !is_wanted, ranked),
        Condition::All(conditions) | Condition::Any(conditions) => {
            for one in conditions {
                collect(one, is_wanted, ranked);
            }
        }
    }
}

/// Reads from front to back; every method leaves it behind what it read.
struct Reader<'a> {
    text: &'a str,
    /// Byte at which the rest begins.
    at: usize,
    nodes: usize,
}

/// What was read, or `None` when there was nothing to search for in it.
type Read = Result<Option<Condition>, QueryError>;

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn problem(&self, problem: Problem) -> QueryError {
        self.problem_at(self.at, problem)
    }

    fn problem_at(&self, at: usize, problem: Problem) -> QueryError {
        QueryError {
            position: self.text[..at].chars().count(),
            problem,
        }
    }

    fn or(&mut self, depth: usize) -> Read {
        let mut found = Vec::new();
        loop {
            found.extend(self.and(depth)?);
            if !self.take_operator("OR") {
                break;
            }
        }
        Ok(one_or(found, Condition::Any))
    }

    fn and(&mut self, depth: usize) -> Read {
        let mut found = Vec::new();
        loop {
            found.extend(self.unary(depth)?);
            if self.take_operator("AND") {
                continue;
            }
            self.skip_space();
            if self.rest().is_empty() || self.rest().starts_with(')') || self.is_operator("OR") {
                break;
            }
        }
        Ok(one_or(found, Condition::All))
    }

    fn unary(&mut self, depth: usize) -> Read {
        self.skip_space();
        let negated = self.rest().strip_prefix('-').is_some_and(|behind| {
            behind.starts_with(|next: char| !next.is_whitespace() && next != ')')
        });
        if !negated {
            return self.primary(depth);
        }
        self.count()?;
        self.at += 1;
        Ok(self.primary(depth)?.map(negate))
    }

    fn primary(&mut self, depth: usize) -> Read {
        match self.rest().chars().next() {
            None | Some(')') => Err(self.problem(Problem::OperandMissing)),
            Some('(') => self.group(depth),
            Some('"') => self.phrase(),
            Some(_) if self.is_operator("AND") || self.is_operator("OR") => {
                Err(self.problem(Problem::OperandMissing))
            }
            Some(_) => self.word(),
        }
    }

    fn group(&mut self, depth: usize) -> Read {
        let open = self.at;
        if depth == QUERY_DEPTH_MAX {
            return Err(self.problem(Problem::TooDeep));
        }
        self.count()?;
        self.at += 1;
        let inner = self.or(depth + 1)?;
        self.skip_space();
        if !self.rest().starts_with(')') {
            return Err(self.problem_at(open, Problem::GroupNotClosed));
        }
        self.at += 1;
        Ok(inner)
    }

    fn phrase(&mut self) -> Read {
        self.count()?;
        let open = self.at;
        self.at += 1;
        let mut phrase = String::new();
        let mut characters = self.rest().char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += at + 1;
                    return Ok(words(&phrase, false));
                }
                '\\' if characters.as_str().starts_with('"') => {
                    characters.next();
                    phrase.push('"');
                }
                other => phrase.push(other),
            }
        }
        Err(self.problem_at(open, Problem::QuoteNotClosed))
    }

    fn word(&mut self) -> Read {
        self.count()?;
        let word = self.next_word();
        self.at += word.len();
        let bare = word.strip_suffix('*');
        Ok(words(bare.unwrap_or(word), bare.is_some_and(ends_in_word)))
    }

    fn next_word(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|one: char| one.is_whitespace() || matches!(one, '"' | '(' | ')'));
        &rest[..end.unwrap_or(rest.len())]
    }

    fn is_operator(&self, operator: &str) -> bool {
        self.next_word() == operator
    }

    fn take_operator(&mut self, operator: &str) -> bool {
        self.skip_space();
        let is_next = self.is_operator(operator);
        if is_next {
            self.at += operator.len();
        }
        is_next
    }

    fn count(&mut self) -> Result<(), QueryError> {
        self.nodes += 1;
        if self.nodes > QUERY_NODES_MAX {
            return Err(self.problem(Problem::TooManyNodes));
        }
        Ok(())
    }
}

/// A star behind punctuation is punctuation.
fn ends_in_word(text: &str) -> bool {
    let last = text.chars().next_back();
    last.is_some_and(|last| last.is_alphanumeric() || is_combining_mark(last))
}

fn words(text: &str, is_prefix: bool) -> Option<Condition> {
    wanted(text, is_prefix, WORDS_PER_FIELD_MAX).map(Condition::Words)
}

fn negate(condition: Condition) -> Condition {
    match condition {
        Condition::Not(inner) => *inner,
        other => Condition::Not(Box::new(other)),
    }
}

fn one_or(
    mut found: Vec<Condition>,
    several: impl FnOnce(Vec<Condition>) -> Condition,
) -> Option<Condition> {
    match found.len() {
        0 => None,
        1 => found.pop(),
        _ => Some(several(found)),
    }
}

#[cfg(test)]
mod tests;
