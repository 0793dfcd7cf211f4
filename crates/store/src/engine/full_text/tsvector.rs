//! `tsvector`: documents as words with positions, queries in its own language.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use posthouse_types::ids::Key;

use super::{Condition, Fields, Place, WordList, Words, joined};

/// Characters of an account's mark.
const MARK_CHARACTERS: usize = 13;

/// Positions that are kept of one word at most.
const POSITIONS_PER_WORD_MAX: usize = 255;

/// Bytes of words and positions that go into one `tsvector`, which holds a megabyte.
const VECTOR_BYTES_MAX: usize = 900 * 1024;

/// The stretches of positions, of which there are 16,383: a longer text starts again from the front of its own.
const SUBJECT_POSITIONS: (usize, usize) = (1, 1_000);
const HEAD_POSITIONS: (usize, usize) = (1_003, 3_000);
const BODY_POSITIONS: (usize, usize) = (4_006, 12_000);

/// Returns an account's mark: its key in 13 digits and letters.
pub(super) fn mark(grant: Key) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut rest = grant.0.unsigned_abs();
    let mut mark = [b'0'; MARK_CHARACTERS];
    for digit in mark.iter_mut().rev() {
        *digit = DIGITS[(rest % 32) as usize];
        rest /= 32;
    }
    String::from_utf8_lossy(&mark).into_owned()
}

/// Returns the columns `words` and `head`.
pub(super) fn columns(mark: &str, fields: &Fields) -> Vec<String> {
    let pieces = || fields.people.iter().chain(&fields.files);
    let mut head = Vector::new(mark);
    head.add(fields.subject.iter(), SUBJECT_POSITIONS, "A", 0);
    head.add_pieces(pieces(), "B");
    let mut whole = Vector::new(mark);
    // The mark alone stands for "any message of this account".
    whole.add([""].into_iter(), SUBJECT_POSITIONS, "", 0);
    whole.add(fields.subject.iter(), SUBJECT_POSITIONS, "", 0);
    whole.add_pieces(pieces(), "");
    whole.add(fields.body.iter(), BODY_POSITIONS, "", 0);
    vec![whole.text(), head.text()]
}

pub(super) fn expression(text: &mut String, mark: &str, condition: &Condition) {
    let each = |text: &mut String, condition: &Condition| expression(text, mark, condition);
    match condition {
        Condition::Words(wanted) => words(text, mark, wanted, Place::Anywhere),
        Condition::Any(conditions) => joined(text, conditions.iter(), " | ", each),
        Condition::All(conditions) => joined(text, conditions.iter(), " & ", each),
        Condition::Not(inner) => {
            let _ = write!(text, "('{mark}' & !");
            each(text, inner);
            text.push(')');
        }
    }
}

pub(super) fn words(text: &mut String, mark: &str, words: &Words, place: Place) {
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
        words: impl Iterator<Item = &'a str>,
        (start, positions): (usize, usize),
        weight: &'static str,
        from: usize,
    ) -> usize {
        let mut place = from;
        for word in words {
            if self.bytes >= VECTOR_BYTES_MAX {
                break;
            }
            let position = start + place % positions;
            place += 1;
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
        place
    }

    fn add_pieces(&mut self, pieces: impl Iterator<Item = &'a WordList>, weight: &'static str) {
        let mut from = 0;
        for words in pieces {
            // One position is left free, so that no phrase goes on from one piece to the next.
            from = self.add(words.iter(), HEAD_POSITIONS, weight, from) + 1;
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

    #[test]
    fn marks_are_as_long_for_every_account_and_differ() {
        assert_eq!(mark(Key(1)), "0000000000001");
        assert_eq!(mark(Key(i64::MAX)).len(), MARK_CHARACTERS);
        assert_ne!(mark(Key(i64::MAX)), mark(Key(i64::MAX - 1)));
    }

    #[test]
    fn phrases_never_join_pieces() {
        let words = |text: &str| -> WordList { text.split(' ').collect() };
        let fields = Fields {
            subject: words("a b"),
            people: vec![words("c"), words("d")],
            files: vec![],
            body: words("e"),
        };
        assert_eq!(
            columns("m", &fields)[0],
            "'m':1 'ma':1 'mb':2 'mc':1003 'md':1005 'me':4006 "
        );
    }
}
