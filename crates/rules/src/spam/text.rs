//! How a text is written. Nothing here knows words of any language: scripts, capitals, signs and numbers only.

use std::ops::RangeInclusive;

use super::letter::{Letter, front};
use super::limits::{FIELD_BYTES_MAX, TEXT_BYTES_MAX};
use super::sender::answers_leave;
use super::signal::{
    GTUBE, SUBJECT_CAPITALS, SUBJECT_FALSE_REPLY, SUBJECT_SHOUTS, Signal, TEXT_CAPITALS,
    TEXT_INVISIBLE, TEXT_LARGE_SUM, TEXT_LARGE_SUM_PERSONAL, TEXT_MIXED_SCRIPTS, TEXT_WALLET,
};
use super::tokens::is_wide;

/// The test text that all spam filters know, in halves so that this source is no spam itself.
const GTUBE_HALVES: [&str; 2] = [
    "XJS*C4JDBQADN1.NSBN3*2IDNEN*",
    "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X",
];

/// Words of mixed scripts from which it is no accident.
const MIXED_WORDS_MIN: usize = 2;
/// Invisible characters between letters from which it is no accident.
const INVISIBLE_MIN: usize = 3;
/// Bytes of a word that may be an address of a wallet, with what stands around it.
const WALLET_BYTES: RangeInclusive<usize> = 26..=90;
/// Letters from which capitals say anything about a text.
const CASED_LETTERS_MIN: usize = 120;

/// Looks at subject and text.
pub(super) fn signals(letter: &Letter<'_>) -> Vec<Signal> {
    let text = front(letter.text, TEXT_BYTES_MAX);
    let mut found = subject_signals(letter);
    if let Some(start) = text.find(GTUBE_HALVES[0])
        && text[start + GTUBE_HALVES[0].len()..].starts_with(GTUBE_HALVES[1])
    {
        found.push(GTUBE.plain());
    }
    let manner = Manner::of(text);
    if manner.cased >= CASED_LETTERS_MIN && manner.capitals * 5 > manner.cased * 2 {
        found.push(TEXT_CAPITALS.plain());
    }
    if manner.mixed_words >= MIXED_WORDS_MIN || mixed_words(letter.subject) > 0 {
        found.push(TEXT_MIXED_SCRIPTS.told(format!("{} words", manner.mixed_words)));
    }
    if manner.invisible >= INVISIBLE_MIN {
        found.push(TEXT_INVISIBLE.told(format!("{} characters", manner.invisible)));
    }
    if manner.has_large_sum {
        found.push(if answers_leave(letter) {
            TEXT_LARGE_SUM_PERSONAL.plain()
        } else {
            TEXT_LARGE_SUM.plain()
        });
    }
    if manner.has_wallet {
        found.push(TEXT_WALLET.plain());
    }
    found
}

fn subject_signals(letter: &Letter<'_>) -> Vec<Signal> {
    let subject = front(letter.subject, FIELD_BYTES_MAX);
    let mut found = Vec::new();
    let cased = subject
        .chars()
        .filter(|c| c.is_lowercase() || c.is_uppercase());
    let (letters, capitals) = cased.fold((0, 0), |(letters, capitals), c| {
        (letters + 1, capitals + usize::from(c.is_uppercase()))
    });
    if letters >= 10 && capitals * 10 >= letters * 8 {
        found.push(SUBJECT_CAPITALS.plain());
    }
    let marks = subject
        .chars()
        .filter(|c| matches!(c, '!' | '\u{ff01}'))
        .count();
    let money = subject.chars().filter(|c| "$€£¥₹₽".contains(*c)).count();
    if marks >= 2 || money >= 2 {
        found.push(SUBJECT_SHOUTS.plain());
    }
    let says_reply = ["re:", "aw:", "sv:", "rv:", "odp:", "回复:", "返信:"]
        .iter()
        .any(|prefix| subject.trim_start().to_lowercase().starts_with(prefix));
    if says_reply && !letter.is_reply {
        found.push(SUBJECT_FALSE_REPLY.plain());
    }
    found
}

/// Tells whether one word has letters of several scripts that look alike.
pub(super) fn mixes_scripts(word: &str) -> bool {
    let (mut latin, mut other) = (0, 0);
    let mut returns = false;
    for character in word.chars().take(64) {
        match character {
            'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' => {
                returns |= other > 0;
                latin += 1;
            }
            '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}' | '\u{531}'..='\u{58f}' => other += 1,
            _ => {}
        }
    }
    // A foreign name takes an ending of the language around it, as in COVIDом; one letter may be a formula.
    latin > 0 && other > 0 && returns && latin + other >= 4
}

fn mixed_words(text: &str) -> usize {
    front(text, FIELD_BYTES_MAX)
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| mixes_scripts(word))
        .count()
}

/// Whether a character takes no room where it stands between letters.
pub(super) fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{180e}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// What one pass over a text finds.
#[derive(Debug, Default, PartialEq)]
struct Manner {
    cased: usize,
    capitals: usize,
    mixed_words: usize,
    invisible: usize,
    has_large_sum: bool,
    has_wallet: bool,
}

impl Manner {
    fn of(text: &str) -> Self {
        match text.is_ascii() {
            true => Self::of_ascii(text),
            false => Self::of_any(text),
        }
    }

    /// The same for what most mail is written in, where a byte is a character.
    fn of_ascii(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\x0b';
        let long = bytes
            .split(ends)
            .filter(|word| WALLET_BYTES.contains(&word.len()));
        let mut long = long.filter_map(|word| std::str::from_utf8(word).ok());
        let letters = bytes.iter().filter(|byte| byte.is_ascii_alphabetic());
        let capitals = bytes.iter().filter(|byte| byte.is_ascii_uppercase());
        Self {
            cased: letters.count(),
            capitals: capitals.count(),
            has_wallet: long.any(holds_wallet),
            has_large_sum: has_large_sum(text),
            ..Self::default()
        }
    }

    fn of_any(text: &str) -> Self {
        let mut manner = Self::default();
        let mut before = ' ';
        let mut pending = 0;
        for character in text.chars() {
            if is_invisible(character) {
                // Scripts without spaces mark by them where a line may end.
                pending += usize::from(before.is_alphabetic() && !is_wide(before));
                continue;
            }
            if character.is_alphabetic() {
                manner.invisible += pending;
                manner.capitals += usize::from(character.is_uppercase());
                manner.cased += usize::from(character.is_uppercase() || character.is_lowercase());
            }
            pending = 0;
            before = character;
        }
        for word in text.split_whitespace() {
            manner.read_word(word);
        }
        manner.has_large_sum = has_large_sum(text);
        manner
    }

    fn read_word(&mut self, word: &str) {
        if !word.is_ascii() {
            let parts = word.split(|c: char| !c.is_alphabetic() && !is_invisible(c));
            self.mixed_words += parts.filter(|part| mixes_scripts(part)).count();
        } else if WALLET_BYTES.contains(&word.len()) {
            self.has_wallet |= holds_wallet(word);
        }
    }
}

fn holds_wallet(word: &str) -> bool {
    is_wallet(word.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
}

/// Tells a number of millions beside a sign or a code of money: `$4,500,000`, `USD 2.500.000,00`, `10 500 000 €`.
fn has_large_sum(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(offset) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let start = at + offset;
        let mut end = start;
        let mut digits = 0;
        let mut groups = 0;
        while end < bytes.len() {
            match bytes[end] {
                b'0'..=b'9' => digits += 1,
                b'.' | b',' | b' ' | b'\'' if followed_by_three_digits(bytes, end) => groups += 1,
                _ => break,
            }
            end += 1;
        }
        if groups >= 2 && digits >= 7 && is_beside_money(text, start, end) {
            return true;
        }
        at = end.max(start + 1);
    }
    false
}

fn followed_by_three_digits(bytes: &[u8], at: usize) -> bool {
    let next = bytes.get(at + 1..at + 4);
    next.is_some_and(|three| three.iter().all(u8::is_ascii_digit))
        && !bytes.get(at + 4).is_some_and(u8::is_ascii_digit)
}

fn is_beside_money(text: &str, start: usize, end: usize) -> bool {
    let before = &text[text.floor_char_boundary(start.saturating_sub(8))..start];
    let after = &text[end..text.floor_char_boundary(end + 12)];
    [before, after].iter().any(|side| {
        side.contains(['$', '€', '£', '¥', '₹', '₽', '円', '元'])
            || side.split(|c: char| !c.is_alphabetic()).any(|word| {
                matches!(
                    word,
                    "USD" | "EUR" | "GBP" | "CHF" | "BTC" | "euro" | "euros" | "Euro" | "dollars"
                )
            })
    })
}

/// Tells the shapes of Bitcoin and Ethereum addresses.
fn is_wallet(word: &str) -> bool {
    let body = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let has_both = |rest: &str| {
        rest.bytes().any(|byte| byte.is_ascii_digit())
            && rest.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    if let Some(rest) = word.strip_prefix("bc1") {
        return (36..=60).contains(&rest.len()) && body(rest) && has_both(rest);
    }
    if let Some(rest) = word.strip_prefix("0x") {
        return rest.len() == 40 && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let is_base58 =
        |byte: u8| byte.is_ascii_alphanumeric() && !matches!(byte, b'0' | b'O' | b'I' | b'l');
    word.starts_with(['1', '3'])
        && (26..=35).contains(&word.len())
        && word.bytes().all(is_base58)
        && word.bytes().any(|byte| byte.is_ascii_lowercase())
        && word.bytes().any(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_millions_are_found_in_any_notation() {
        for text in [
            "$4,500,000",
            "USD 2.500.000,00",
            "10 500 000 €",
            "EUR 1'250'000",
            "10,500,000.00 dollars",
            "¥12,000,000",
        ] {
            assert!(has_large_sum(text), "{text}");
        }
        for text in [
            "$4,500",
            "call 0800 123 456",
            "1.2.3",
            "order 10,500,000",
            "2026-11-23 10:00",
            "IBAN DE89 3704 0044",
            "",
        ] {
            assert!(!has_large_sum(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn ascii_is_read_as_any_text_is(
            words in proptest::collection::vec(
                "[ -~\t\r\n\x0b\x0c]{0,30}|0x52908400098527886E0F7030069857D2E4169EE7|\\$4,500,000",
                0..20,
            ),
            between in "[ \x0b\n.]",
        ) {
            let text = words.join(&between);
            proptest::prop_assert_eq!(Manner::of_ascii(&text), Manner::of_any(&text));
        }
    }

    #[test]
    fn wallets_are_told_from_other_long_words() {
        for word in [
            "bc1qxy2kgdygjrsqtzq2n0yrf2493p83kkfjhx0wlh",
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
        ] {
            assert!(is_wallet(word), "{word}");
        }
        for word in [
            "https://shop.example/verify?token=abc",
            "1234567890123456789012345678",
            "3d9188577cc9bfe9291ac66b5cc872b7",
        ] {
            assert!(!is_wallet(word), "{word}");
        }
    }

    #[test]
    fn look_alike_letters_within_a_word_are_seen_and_foreign_words_are_not_blamed() {
        assert!(mixes_scripts("p\u{430}yp\u{430}l"));
        for word in [
            "paypal",
            "привет",
            "Grüße",
            "東京tower",
            "ελληνικά",
            "λx",
            "COVIDом",
            "ITшник",
        ] {
            assert!(!mixes_scripts(word), "{word}");
        }
    }
}
