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

/// Returns the column `words`.
///
/// Words of the subject, of people and of files are in it twice: as words, and behind the sign of their place.
/// The index knows no weights; what it can tell alone needs no look at the row.
pub(super) fn columns(mark: &str, fields: &Fields) -> Vec<String> {
    let mut vector = Vector::new(mark);
    // The mark alone stands for "any message of this account".
    vector.add([""].into_iter(), Place::Anywhere, SUBJECT_POSITIONS, 0);
    for place in [Place::Anywhere, Place::Subject] {
        vector.add(fields.subject.iter(), place, SUBJECT_POSITIONS, 0);
    }
    for place in [Place::Anywhere, Place::Head] {
        vector.add_pieces(fields.people.iter().chain(&fields.files), place);
    }
    vector.add(fields.body.iter(), Place::Anywhere, BODY_POSITIONS, 0);
    vec![vector.text()]
}

/// What stands between an account's mark and a word that is found in this place only; no word begins with it.
fn sign(place: Place) -> &'static str {
    match place {
        Place::Anywhere => "",
        Place::Subject => "/s/",
        Place::Head => "/h/",
    }
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
        let _ = write!(text, "'{mark}{}{word}'", sign(place));
        let is_prefix = words.is_prefix && number + 1 == words.words.len();
        if is_prefix {
            text.push_str(":*");
        }
    }
    text.push(')');
}

/// A `tsvector` in the making: each word once for each place, with its positions.
struct Vector<'a> {
    mark: &'a str,
    words: BTreeMap<(&'static str, &'a str), Vec<usize>>,
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
        place: Place,
        (start, positions): (usize, usize),
        from: usize,
    ) -> usize {
        let mut next = from;
        let sign = sign(place);
        for word in words {
            if self.bytes >= VECTOR_BYTES_MAX {
                break;
            }
            let position = start + next % positions;
            next += 1;
            let word_bytes = self.mark.len() + sign.len() + word.len() + 8;
            let known = self.words.entry((sign, word)).or_insert_with(|| {
                self.bytes += word_bytes;
                Vec::new()
            });
            if known.len() < POSITIONS_PER_WORD_MAX {
                known.push(position);
                self.bytes += 2;
            }
        }
        next
    }

    fn add_pieces(&mut self, pieces: impl Iterator<Item = &'a WordList>, place: Place) {
        let mut from = 0;
        for words in pieces {
            // One position is left free, so that no phrase goes on from one piece to the next.
            from = self.add(words.iter(), place, HEAD_POSITIONS, from) + 1;
        }
    }

    fn text(&self) -> String {
        let mut text = String::with_capacity(self.bytes * 2);
        for ((sign, word), positions) in &self.words {
            let _ = write!(text, "'{}{sign}{word}'", self.mark);
            for (place, position) in positions.iter().enumerate() {
                text.push(if place == 0 { ':' } else { ',' });
                let _ = write!(text, "{position}");
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
            "'m':1 'ma':1 'mb':2 'mc':1003 'md':1005 'me':4006 'm/h/c':1003 'm/h/d':1005 'm/s/a':1 'm/s/b':2 "
        );
    }
}
