//! Numbers of payment cards: digits in the groups in which people write them, of an issuer's range and length, whose check
//! digit is right, and that their neighbourhood does not call something else.

use super::limits::{CONTEXT_BYTES_MAX, FINDINGS_PER_DETECTOR_MAX};

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

/// Words before a number that make it something else.
const OTHER_NUMBERS: [&str; 25] = [
    "order",
    "invoice",
    "tracking",
    "shipment",
    "parcel",
    "reference",
    "ref",
    "ticket",
    "case",
    "account",
    "iban",
    "isbn",
    "ean",
    "gtin",
    "phone",
    "tel",
    "imei",
    "serial",
    "id",
    "bestellung",
    "rechnung",
    "sendung",
    "commande",
    "pedido",
    "#",
];

/// Words around a number that make it a card whatever else is said.
const CARD_WORDS: [&str; 16] = [
    "card",
    "visa",
    "mastercard",
    "amex",
    "american express",
    "discover",
    "maestro",
    "cvv",
    "cvc",
    "expir",
    "exp ",
    "exp:",
    "karte",
    "carte",
    "tarjeta",
    "kreditk",
];

/// Finds the numbers of cards in a plain text.
pub(super) fn find(text: &str) -> Vec<Card> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() && found.len() < FINDINGS_PER_DETECTOR_MAX {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let run = Run::at(bytes, at);
        if let Some(card) = run.card(text) {
            found.push(card);
        }
        at = run.end;
    }
    found
}

/// Digits with single blanks or hyphens between them.
struct Run {
    start: usize,
    end: usize,
    digits: Vec<u8>,
    /// Lengths of the groups.
    groups: Vec<usize>,
    separators: Vec<u8>,
}

impl Run {
    fn at(bytes: &[u8], start: usize) -> Self {
        let mut run = Self {
            start,
            end: start,
            digits: Vec::with_capacity(DIGITS_MAX),
            groups: vec![0],
            separators: Vec::new(),
        };
        let mut at = start;
        while let Some(byte) = bytes.get(at) {
            if byte.is_ascii_digit() {
                // Of a number that is far too long nothing is a card; the rest need not be kept.
                if run.digits.len() <= DIGITS_MAX {
                    run.digits.push(byte - b'0');
                }
                if let Some(group) = run.groups.last_mut() {
                    *group += 1;
                }
                at += 1;
                run.end = at;
            } else if matches!(byte, b' ' | b'-')
                && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
                && run.groups.len() < DIGITS_MAX
            {
                run.separators.push(*byte);
                run.groups.push(0);
                at += 1;
            } else {
                break;
            }
        }
        run
    }

    /// Returns the card, looking also at a part of the run: a number may have others beside it.
    fn card(&self, text: &str) -> Option<Card> {
        if self.digits.len() < DIGITS_MIN {
            return None;
        }
        if self.digits.len() <= DIGITS_MAX
            && self.is_grouped()
            && let Some(card) = self.judge(text, &self.digits, self.start, self.end)
        {
            return Some(card);
        }
        self.part(text)
    }

    /// Looks at groups of four within a run, as in `4111 1111 1111 1111 12 27`, and at any single long group.
    fn part(&self, text: &str) -> Option<Card> {
        let mut at = self.start;
        for (number, length) in self.groups.iter().enumerate() {
            let bytes = text.as_bytes();
            for count in [4, 3, 1] {
                let Some(groups) = self.groups.get(number..number + count) else {
                    continue;
                };
                if groups.len() == self.groups.len() || !is_card_grouping(groups) {
                    continue;
                }
                let octets = groups.iter().sum::<usize>() + count - 1;
                let Some(part) = bytes.get(at..at + octets) else {
                    continue;
                };
                let digits: Vec<u8> = part
                    .iter()
                    .filter(|byte| byte.is_ascii_digit())
                    .map(|byte| byte - b'0')
                    .collect();
                if let Some(card) = self.judge(text, &digits, at, at + octets) {
                    return Some(card);
                }
            }
            at += length + 1;
        }
        None
    }

    fn is_grouped(&self) -> bool {
        let alike = self.separators.windows(2).all(|two| two[0] == two[1]);
        alike && is_card_grouping(&self.groups)
    }

    fn judge(&self, text: &str, digits: &[u8], start: usize, end: usize) -> Option<Card> {
        let issuer = issuer(digits)?;
        if !passes_luhn(digits) || !stands_alone(text, start, end) {
            return None;
        }
        let before = context(text, start.saturating_sub(CONTEXT_BYTES_MAX), start);
        let behind = context(text, end, end + CONTEXT_BYTES_MAX);
        let is_called = |words: &[&str], place: &str| words.iter().any(|word| place.contains(word));
        let is_card = is_called(&CARD_WORDS, &before) || is_called(&CARD_WORDS, &behind);
        let is_other =
            words(&before).any(|word| OTHER_NUMBERS.contains(&word)) || before.contains('#');
        if is_other && !is_card {
            return None;
        }
        let last = &digits[digits.len() - 4..];
        let last: String = last.iter().map(|digit| char::from(b'0' + digit)).collect();
        Some(Card {
            issuer,
            at: start,
            excerpt: format!("(… {last})"),
        })
    }
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
        Some('.' | ',' | '-' | ':') => !behind.next().is_some_and(|c| c.is_ascii_digit()),
        Some(next) => !joins(next),
        None => true,
    };
    let begins = match before {
        Some('.' | '-' | '$' | '€') => false,
        Some(before) => !joins(before) || before == '=',
        None => true,
    };
    ends && begins && !is_in_link(text, start)
}

fn is_in_link(text: &str, at: usize) -> bool {
    let from = text.ceil_char_boundary(at.saturating_sub(512).min(at));
    let word = text[from..at]
        .rsplit(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>'))
        .next()
        .unwrap_or_default();
    word.contains("://")
}

/// Returns the neighbourhood between two octets, in lower case, on the same line.
fn context(text: &str, from: usize, to: usize) -> String {
    let from = text.ceil_char_boundary(from.min(text.len()));
    let to = text.floor_char_boundary(to.min(text.len())).max(from);
    text[from..to].to_lowercase()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn issuers(text: &str) -> Vec<&'static str> {
        find(text).into_iter().map(|card| card.issuer).collect()
    }

    #[test]
    fn cards_are_found_however_people_write_them() {
        for (text, issuer) in [
            ("4111 1111 1111 1111", "Visa"),
            ("4111-1111-1111-1111", "Visa"),
            ("pay with 4111111111111111.", "Visa"),
            ("4111 1111 1111 1111 12/27 123", "Visa"),
            ("4111 1111 1111 1111 12 27", "Visa"),
            ("5555555555554444", "Mastercard"),
            ("2223003122003222", "Mastercard"),
            ("3782 822463 10005", "American Express"),
            ("378282246310005", "American Express"),
            ("6011 1111 1111 1117", "Discover"),
            ("3056 930902 5904", "Diners Club"),
            ("3530111333300000", "JCB"),
            ("my order is paid with card 4111111111111111", "Visa"),
        ] {
            assert_eq!(issuers(text), [issuer], "{text}");
        }
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "order 4111111111111111",
            "Order no. 4111 1111 1111 1111",
            "Tracking number: 4111111111111111",
            "invoice #4111111111111111",
            "4111 1111 1111 1112",
            "4000000000000000",
            "0000 0000 0000 0000",
            "+49 4111 111 111 111 11",
            "DE89 3704 0044 0532 0130 00",
            "978-3-16-148410-0",
            "x4111111111111111",
            "4111111111111111a",
            "4111111111111111.50",
            "41111111111111111111111",
            "https://shop.example/t/4111111111111111",
            "2026-11-23 21:37:48",
            "1790000000123456",
            "9400 1000 0000 0000 0000 00",
        ] {
            assert_eq!(issuers(text), [""; 0], "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_no_digits_but_the_last_four_are_told(text in "[0-9 \\-ä]{0,80}") {
            for card in find(&text) {
                prop_assert_eq!(card.excerpt.chars().filter(char::is_ascii_digit).count(), 4);
            }
        }
    }
}
