//! Numbers of payment cards: digits in the groups in which people write them, of an issuer's range and length, whose check
//! digit is right, and that their neighbourhood (`labels`) does not call something else.

use std::ops::Range;

use super::labels::{self, Label};
use super::limits::FINDINGS_PER_DETECTOR_MAX;

/// A number that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) issuer: &'static str,
    /// Octets before it.
    pub(super) at: usize,
    /// Its last four digits.
    pub(super) excerpt: String,
}

const DIGITS_MIN: usize = 13;
const DIGITS_MAX: usize = 19;
/// Groups of one card.
const CARD_GROUPS_MAX: usize = 5;
/// Groups of digits that are looked at together.
const GROUPS_MAX: usize = 40;
/// Numbers of one text that are looked at closely.
const CANDIDATES_MAX: usize = 1_000;
/// Letters and digits of the number of a bank account with its blanks.
const IBAN_CHARACTERS_MAX: usize = 42;

/// Issuer, first and last prefix, lengths.
const RANGES: [(&str, u32, u32, &[usize]); 14] = [
    ("Visa", 4, 4, &[13, 16, 19]),
    ("Mastercard", 51, 55, &[16]),
    ("Mastercard", 2221, 2720, &[16]),
    ("American Express", 34, 34, &[15]),
    ("American Express", 37, 37, &[15]),
    ("Discover", 6011, 6011, &[16, 19]),
    ("Discover", 644, 649, &[16, 19]),
    ("Discover", 65, 65, &[16, 19]),
    ("Diners Club", 300, 305, &[14]),
    ("Diners Club", 36, 36, &[14]),
    ("Diners Club", 38, 39, &[14]),
    ("JCB", 3528, 3589, &[16]),
    ("UnionPay", 62, 62, &[16, 17, 18, 19]),
    ("Maestro", 6759, 6763, &[16, 18, 19]),
];

/// Runs of digits alike in a text from which they are a column of something, unless half of them could be cards.
const COLUMN_NUMBERS_MIN: usize = 10;

/// Finds the numbers of cards in a plain text.
pub(super) fn find(text: &str) -> Vec<Card> {
    let bytes = text.as_bytes();
    let mut columns = Columns::default();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let run = Run::at(bytes, at);
        columns.count(bytes, &run);
        if found.len() < CANDIDATES_MAX {
            run.cards(text, &mut found);
        }
        at = run.goes_on_at;
    }
    found.dedup_by_key(|candidate| candidate.card.at);
    found.retain(|candidate| candidate.is_labelled || !columns.is_column(candidate.column));
    let cards = found.into_iter().map(|candidate| candidate.card);
    cards.take(FINDINGS_PER_DETECTOR_MAX).collect()
}

/// What may be a card.
struct Candidate {
    card: Card,
    /// Words say so.
    is_called: bool,
    /// Words say so, or people wrote it in groups.
    is_labelled: bool,
    /// Digits of a number without groups.
    column: usize,
}

/// How many numbers without groups a text has of each length, and how many of them could be cards.
#[derive(Default)]
struct Columns([(usize, usize); DIGITS_MAX + 1]);

impl Columns {
    fn count(&mut self, bytes: &[u8], run: &Run) {
        for (start, length) in &run.groups {
            if !(DIGITS_MIN..=DIGITS_MAX).contains(length) {
                continue;
            }
            let digits = digits(&bytes[*start..start + length]);
            let is_card = issuer(&digits).is_some() && passes_luhn(&digits);
            self.0[*length].0 += 1;
            self.0[*length].1 += usize::from(is_card);
        }
    }

    fn is_column(&self, length: usize) -> bool {
        let (all, cards) = self.0[length];
        all >= COLUMN_NUMBERS_MIN && cards * 2 < all
    }
}

/// Digits with single separators between them.
struct Run {
    start: usize,
    /// All digits together.
    digits: usize,
    /// Where the next run may begin: at the end, or at the last groups of one that was cut.
    goes_on_at: usize,
    /// Where each group begins, and its length.
    groups: Vec<(usize, usize)>,
    separators: Vec<u8>,
}

impl Run {
    fn at(bytes: &[u8], start: usize) -> Self {
        let mut run = Self {
            start,
            digits: 0,
            goes_on_at: start,
            groups: Vec::new(),
            separators: Vec::new(),
        };
        let mut at = start;
        loop {
            let length = bytes[at..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            run.groups.push((at, length));
            run.digits += length;
            at += length;
            run.goes_on_at = at;
            let Some((separator, length)) = separator(&bytes[at..]) else {
                return run;
            };
            if run.groups.len() == GROUPS_MAX {
                // A card may begin in this run and end in the next one.
                run.goes_on_at = run.groups[GROUPS_MAX - CARD_GROUPS_MAX].0;
                return run;
            }
            run.separators.push(separator);
            at += length;
        }
    }

    /// Takes every card of the run: a number may have others beside it, as in `4111 1111 1111 1111 12 27`.
    fn cards(&self, text: &str, found: &mut Vec<Candidate>) {
        if self.digits < DIGITS_MIN || is_bank_account(text, self.start) {
            return;
        }
        let mut first = 0;
        let mut last_end = 0;
        while first < self.groups.len() {
            let whole = self.groups.len() - first;
            let longest = (1..=whole.min(CARD_GROUPS_MAX)).rev().find_map(|count| {
                let candidate = self.part(text, first, count)?;
                let is_natural = self.is_natural(text, last_end, first, first + count);
                (is_natural || candidate.is_called).then_some((candidate, count))
            });
            first += match longest {
                Some((candidate, count)) => {
                    found.push(candidate);
                    last_end = first + count;
                    count
                }
                None => 1,
            };
        }
    }

    /// Judges some groups of the run.
    fn part(&self, text: &str, first: usize, count: usize) -> Option<Candidate> {
        let groups = &self.groups[first..first + count];
        let lengths: Vec<usize> = groups.iter().map(|(_, length)| *length).collect();
        if !is_card_grouping(&lengths) {
            return None;
        }
        let separators = &self.separators[first..first + count - 1];
        // The end of a line may stand for any of them.
        let mut kinds = separators.iter().filter(|separator| **separator != b'\n');
        let first_kind = kinds.next();
        if kinds.any(|kind| Some(kind) != first_kind) {
            return None;
        }
        let (start, last) = (groups[0].0, groups[count - 1]);
        let end = last.0 + last.1;
        let digits = digits(&text.as_bytes()[start..end]);
        let is_spread = separators
            .iter()
            .any(|separator| matches!(separator, b'\n' | b'.'));
        judge(text, &digits, start..end, count > 1, is_spread)
    }

    /// Tells whether what stands beside a part of the run is what stands beside cards: little before, a date, a security
    /// code or another card behind. A number of 22 digits in groups of four has cards in it that are none.
    fn is_natural(&self, text: &str, from: usize, first: usize, end: usize) -> bool {
        let is_line_end = |separator: &u8| *separator == b'\n';
        let line_start = self.separators[..first].iter().rposition(is_line_end);
        let line_start = line_start.map_or(0, |separator| separator + 1);
        let line_end = self.separators[end - 1..].iter().position(is_line_end);
        let line_end = line_end.map_or(self.groups.len(), |groups| end + groups);
        let lengths = |groups: &[(usize, usize)]| -> Vec<usize> {
            groups.iter().map(|(_, length)| *length).collect()
        };
        let before = lengths(&self.groups[from.max(line_start).min(first)..first]);
        let behind = lengths(&self.groups[end..line_end]);
        let begins = before.len() <= 3 && before.iter().all(|length| *length <= 3)
            || (from > 0 && before.len() <= 3 && before.iter().all(|length| *length <= 4));
        let ends = matches!(
            behind.as_slice(),
            [] | [2 | 3] | [2, 2] | [2, 4] | [2, 2, 3 | 4] | [2, 4, 3 | 4] | [4, 3]
        );
        let goes_on = || {
            (end..(end + 4).min(self.groups.len())).any(|next| {
                (1..=CARD_GROUPS_MAX.min(self.groups.len() - next))
                    .any(|count| self.part(text, next, count).is_some())
            })
        };
        begins && (ends || goes_on())
    }
}

fn digits(bytes: &[u8]) -> Vec<u8> {
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit());
    digits.map(|byte| byte - b'0').collect()
}

/// Returns what separates two groups, and its length: one blank, hyphen or point, or the end of a line or a cell.
fn separator(bytes: &[u8]) -> Option<(u8, usize)> {
    let (first, length) = match bytes {
        [b' ' | b'-' | b'.', ..] => (bytes[0], 1),
        [b'\r', b'\n', ..] => (b'\n', 2),
        [b'\n' | b'\t', ..] => (b'\n', 1),
        _ => return None,
    };
    bytes
        .get(length)
        .is_some_and(u8::is_ascii_digit)
        .then_some((first, length))
}

fn judge(
    text: &str,
    digits: &[u8],
    range: Range<usize>,
    is_grouped: bool,
    is_spread: bool,
) -> Option<Candidate> {
    let issuer = issuer(digits)?;
    if !passes_luhn(digits) || !stands_alone(text, range.start, range.end) {
        return None;
    }
    if is_in_link(text, range.start) && !labels::is_named_card(text, range.start) {
        return None;
    }
    let label = labels::of(text, range.start, range.end);
    // Numbers of machines have these lengths too.
    let is_doubtful = is_spread || (!is_grouped && !matches!(digits.len(), 15 | 16));
    match label {
        Some(Label::Other) => return None,
        None if is_doubtful => return None,
        _ => {}
    }
    let last = &digits[digits.len() - 4..];
    let last: String = last.iter().map(|digit| char::from(b'0' + digit)).collect();
    Some(Candidate {
        card: Card {
            issuer,
            at: range.start,
            excerpt: format!("(… {last})"),
        },
        is_called: label == Some(Label::Card),
        is_labelled: is_grouped || label == Some(Label::Card),
        column: digits.len(),
    })
}

/// Four groups of four, American Express's and Diners', or none.
fn is_card_grouping(groups: &[usize]) -> bool {
    matches!(
        groups,
        [13..=19]
            | [4, 4, 4, 4]
            | [4, 6, 5]
            | [4, 6, 4]
            | [4, 4, 4, 4, 1..=3]
            | [4, 4, 4, 1]
            | [8, 8]
            | [6, 10]
            | [6, 13]
    )
}

fn issuer(digits: &[u8]) -> Option<&'static str> {
    let prefix = |length: usize| {
        let head = digits.iter().take(length);
        head.fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit))
    };
    let found = RANGES.iter().find(|(_, first, last, lengths)| {
        let length = first.to_string().len();
        lengths.contains(&digits.len()) && (*first..=*last).contains(&prefix(length))
    });
    found.map(|(issuer, ..)| *issuer)
}

/// ISO/IEC 7812-1 annex B: the check digit.
fn passes_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Tells whether nothing is joined to the number: it is no part of a word, an amount, an address or an identifier.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back();
    let mut behind = text[end..].chars();
    let joins =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '=' | '@' | '+' | '&' | '%');
    let next = behind.next();
    let ends = match next {
        // The end of a sentence, or digits behind a point.
        Some(',') => !is_cents(behind.as_str()),
        Some('.' | '-' | ':') => !behind.next().is_some_and(|c| c.is_ascii_digit()),
        Some(next) => !joins(next),
        None => true,
    };
    let begins = match before {
        Some('.' | '-' | '$' | '€') => false,
        Some(before) => !joins(before) || before == '=',
        None => true,
    };
    ends && begins
}

/// Tells an amount's cents from the next column of a table.
fn is_cents(behind: &str) -> bool {
    let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
    let next = behind.as_bytes().get(digits);
    matches!(digits, 1 | 2) && !next.is_some_and(|next| matches!(next, b'/' | b'.' | b',' | b';'))
}

fn is_in_link(text: &str, at: usize) -> bool {
    let from = text.ceil_char_boundary(at.saturating_sub(512).min(at));
    let word = text[from..at]
        .rsplit(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>'))
        .next()
        .unwrap_or_default();
    word.contains("://")
}

/// Tells whether a number is within that of a bank account: two letters and two digits, then groups of up to four.
fn is_bank_account(text: &str, start: usize) -> bool {
    let from = text.ceil_char_boundary(start.saturating_sub(IBAN_CHARACTERS_MAX));
    let digits = text.as_bytes()[start..]
        .iter()
        .take(2)
        .filter(|byte| byte.is_ascii_digit());
    if digits.count() == 2 && begins_account(&text[from..start]) {
        return true;
    }
    let mut groups = text[from..start].trim_end_matches(' ').rsplit(' ');
    let is_group = |group: &&str| {
        (1..=4).contains(&group.len())
            && group
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    groups.by_ref().take_while(is_group).any(|group| {
        group.len() == 4
            && group.is_char_boundary(2)
            && begins_account(&group[..2])
            && group.as_bytes()[2..].iter().all(u8::is_ascii_digit)
    })
}

/// Tells whether a text ends with the two letters of a country, and no others before them.
fn begins_account(text: &str) -> bool {
    let letters = text.bytes().rev().take_while(u8::is_ascii_alphanumeric);
    let letters: Vec<u8> = letters.take(3).collect();
    letters.len() == 2 && letters.iter().all(u8::is_ascii_uppercase)
}

#[cfg(test)]
#[path = "cards_tests.rs"]
mod tests;
