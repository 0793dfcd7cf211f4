//! FTS5: documents as text of marked words, queries in its own language.

use std::fmt::Write as _;

use posthouse_types::ids::Key;

use super::{Condition, Fields, Place, WordList, Words, joined};
use crate::StoreError;
use crate::sql::Tx;

/// What keeps words apart that no phrase may join. Shorter than any word behind a mark, so nothing finds it.
const GAP: &str = " x ";

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Returns an account's mark if any of its messages was ever indexed.
pub(super) fn known_mark(tx: &mut dyn Tx, grant: Key) -> Result<Option<String>, StoreError> {
    let number = tx.query_opt(
        "SELECT number FROM search_accounts WHERE grant_id = $1",
        &[grant.into()],
        |row| row.int(0),
    )?;
    Ok(number.map(mark))
}

/// Returns an account's mark, numbering the account at its first message.
pub(super) fn make_mark(tx: &mut dyn Tx, grant: Key) -> Result<String, StoreError> {
    if let Some(known) = known_mark(tx, grant)? {
        return Ok(known);
    }
    let number = tx.query_one(
        "INSERT INTO search_accounts (grant_id) VALUES ($1) RETURNING number",
        &[grant.into()],
        |row| row.int(0),
    )?;
    Ok(mark(number))
}

/// Returns a number in as few digits as it takes, behind how many they are: no mark is the beginning of another one.
fn mark(number: i64) -> String {
    let mut digits = Vec::new();
    let mut rest = number.unsigned_abs();
    while rest > 0 || digits.is_empty() {
        digits.push(DIGITS[(rest % 32) as usize]);
        rest /= 32;
    }
    digits.push(DIGITS[digits.len()]);
    digits
        .iter()
        .rev()
        .map(|digit| char::from(*digit))
        .collect()
}

/// Returns the columns `subject`, `people`, `files` and `body`.
pub(super) fn columns(mark: &str, fields: &Fields) -> Vec<String> {
    let pieces = |pieces: &[WordList]| {
        let mut text = String::new();
        for (place, words) in pieces.iter().enumerate() {
            if place > 0 {
                text.push_str(GAP);
            }
            push_marked(&mut text, mark, words.iter());
        }
        text
    };
    let whole = |words: &WordList| {
        let mut text = String::with_capacity(words.len() * (mark.len() + 8));
        push_marked(&mut text, mark, words.iter());
        text
    };
    vec![
        whole(&fields.subject),
        pieces(&fields.people),
        // The mark alone stands for "any message of this account".
        format!("{}{GAP}{mark}", pieces(&fields.files)),
        whole(&fields.body),
    ]
}

fn push_marked<'a>(text: &mut String, mark: &str, words: impl Iterator<Item = &'a str>) {
    for (place, word) in words.enumerate() {
        if place > 0 {
            text.push(' ');
        }
        text.push_str(mark);
        text.push_str(word);
    }
}

/// FTS5 knows "this and not that" only: what is excluded is taken from something, if need be from all messages.
pub(super) fn expression(text: &mut String, mark: &str, condition: &Condition) {
    let mut each = |text: &mut String, condition: &Condition| expression(text, mark, condition);
    match condition {
        Condition::Words(wanted) => words(text, mark, wanted, Place::Anywhere),
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

pub(super) fn words(text: &mut String, mark: &str, words: &Words, place: Place) {
    text.push_str(match place {
        Place::Anywhere => "",
        Place::Subject => "{subject} : ",
        Place::Head => "{people files} : ",
    });
    text.push('"');
    push_marked(text, mark, words.words.iter().map(String::as_str));
    text.push('"');
    if words.is_prefix {
        text.push_str(" *");
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

    fn expressed(condition: &Condition) -> String {
        let mut text = String::new();
        expression(&mut text, "17", condition);
        text
    }

    #[test]
    fn no_mark_is_the_beginning_of_another() {
        let near = 0..3_000;
        let far = (12..63).map(|bits| 1_i64 << bits);
        let marks: Vec<String> = near.chain(far).map(mark).collect();
        let mut sorted = marks.clone();
        sorted.sort();
        assert!(sorted.windows(2).all(|pair| !pair[1].starts_with(&pair[0])));
    }

    #[test]
    fn marks_of_the_first_accounts_are_short() {
        assert_eq!(mark(0), "10");
        assert_eq!(mark(7), "17");
        assert_eq!(mark(32), "210");
        assert!(mark(i64::MAX).is_ascii());
    }

    #[test]
    fn what_is_excluded_is_taken_from_something() {
        let not = |text: &str| Condition::Not(Box::new(word(text)));
        let both = Condition::All(vec![word("a"), not("b c"), word("d"), not("e")]);
        assert_eq!(
            expressed(&both),
            "((\"17a\" AND \"17d\") NOT \"17b 17c\" NOT \"17e\")"
        );
        assert_eq!(
            expressed(&Condition::Any(vec![word("a"), not("b")])),
            "(\"17a\" OR (\"17\" NOT \"17b\"))"
        );
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
            columns("17", &fields),
            ["17a 17b", "17c x 17d", " x 17", "17e"]
        );
    }
}
