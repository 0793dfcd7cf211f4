//! RFC 2047 encoded words in header fields.
//!
//! One pass: an opener is followed only to its next `?`, which no later opener's scan crosses, so thousands of
//! broken openers cost no more than their length.

use memchr::{memchr, memmem};

use crate::charset;
use crate::limits::{CHARSET_NAME_BYTES_MAX, ENCODED_WORDS_PER_HEADER_MAX};
use crate::transfer;

/// The encoded words one field may still have decoded.
#[derive(Debug)]
pub(crate) struct WordBudget {
    left: usize,
    /// A word was left as it is because of the cap.
    pub(crate) exceeded: bool,
}

impl WordBudget {
    pub(crate) fn for_one_field() -> Self {
        Self {
            left: ENCODED_WORDS_PER_HEADER_MAX,
            exceeded: false,
        }
    }
}

/// An encoded word with its transfer encoding undone.
struct Word<'a> {
    charset: &'a [u8],
    bytes: Vec<u8>,
    len: usize,
}

/// Decodes a folded field value into one clean line.
pub(crate) fn decode_value(raw: &[u8], budget: &mut WordBudget) -> String {
    decode_text(charset::undeclared(raw.trim_ascii()).as_ref(), budget)
}

/// Decodes the encoded words of header text.
pub(crate) fn decode_text(text: &str, budget: &mut WordBudget) -> String {
    let mut out = String::with_capacity(text.len());
    let mut joined: Option<(&[u8], Vec<u8>)> = None;
    // Everything before `done` is in `out` or `joined`; `search` may run ahead over openers that start no word.
    let mut done = 0;
    let mut search = 0;
    while let Some(found) = memmem::find(&text.as_bytes()[search..], b"=?") {
        let start = search + found;
        let Some(word) = read_word(&text.as_bytes()[start..]) else {
            search = start + 2;
            continue;
        };
        if budget.left == 0 {
            budget.exceeded = true;
            break;
        }
        budget.left -= 1;
        let between = &text[done..start];
        // RFC 2047 6.2: white space between two encoded words belongs to neither
        let adjacent = joined.is_some() && between.trim_ascii().is_empty();
        match &mut joined {
            // Many programs split characters between words, so words of one charset are decoded together.
            Some((charset, bytes)) if adjacent && charset.eq_ignore_ascii_case(word.charset) => {
                bytes.extend_from_slice(&word.bytes);
            }
            _ => {
                flush(&mut out, joined.take());
                if !adjacent {
                    charset::push_clean(&mut out, between);
                }
                joined = Some((word.charset, word.bytes));
            }
        }
        done = start + word.len;
        search = done;
    }
    flush(&mut out, joined);
    charset::push_clean(&mut out, &text[done..]);
    out
}

fn flush(out: &mut String, joined: Option<(&[u8], Vec<u8>)>) {
    if let Some((charset, bytes)) = joined {
        charset::push_clean(out, &charset::decode(&bytes, Some(charset)));
    }
}

/// Returns the length of the encoded word at the start of `bytes`, if there is one.
pub(crate) fn word_len(bytes: &[u8]) -> Option<usize> {
    word_shape(bytes).map(|(_, _, _, len)| len)
}

/// Finds charset, encoding letter, encoded text and whole length of the word at the start of `bytes`.
fn word_shape(bytes: &[u8]) -> Option<(&[u8], u8, &[u8], usize)> {
    let after_opener = bytes.strip_prefix(b"=?")?;
    let window = &after_opener[..after_opener.len().min(CHARSET_NAME_BYTES_MAX + 1)];
    let charset_end = memchr(b'?', window)?;
    let charset = &after_opener[..charset_end];
    if charset.is_empty() || !charset.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let (&encoding, rest) = after_opener[charset_end + 1..].split_first()?;
    let text = rest.strip_prefix(b"?")?;
    let text_end = memchr(b'?', text)?;
    if text.get(text_end + 1) != Some(&b'=') {
        return None;
    }
    let len = 2 + charset_end + 3 + text_end + 2;
    Some((charset, encoding, &text[..text_end], len))
}

fn read_word(bytes: &[u8]) -> Option<Word<'_>> {
    let (charset_and_language, encoding, text, len) = word_shape(bytes)?;
    // RFC 2231 5: a language may follow the charset after an asterisk
    let charset = charset_and_language
        .split(|&byte| byte == b'*')
        .next()
        .unwrap_or_default();
    let decoded = match encoding {
        b'b' | b'B' => transfer::decode_base64(text),
        b'q' | b'Q' => transfer::decode_q(text),
        _ => return None,
    };
    Some(Word {
        charset,
        bytes: decoded,
        len,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> String {
        decode_value(text.as_bytes(), &mut WordBudget::for_one_field())
    }

    #[test]
    fn words_are_decoded_and_joined_as_rfc_2047_section_8_shows() {
        let table = [
            ("(=?ISO-8859-1?Q?a?=)", "(a)"),
            ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
            ("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
            ("(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)"),
            ("(=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=)", "(ab)"),
            ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
            ("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
        ];
        for (input, expected) in table {
            assert_eq!(decode(input), expected, "{input}");
        }
    }

    #[test]
    fn charsets_languages_and_base64_work() {
        assert_eq!(decode("=?utf-8?B?44GT44KT44Gr44Gh44Gv?="), "こんにちは");
        assert_eq!(
            decode("=?ISO-2022-JP?B?GyRCJTMlcyVLJUElTxsoQg==?="),
            "コンニチハ"
        );
        assert_eq!(decode("=?koi8-r*ru?Q?=F0=D2=C9?="), "При");
        assert_eq!(decode("=?UTF-8?Q?two words?="), "two words");
    }

    #[test]
    fn a_character_split_between_two_words_survives() {
        assert_eq!(decode("=?utf-8?Q?caf=C3?= =?UTF-8?Q?=A9?="), "café");
    }

    #[test]
    fn broken_words_stay_as_they_are() {
        for text in [
            "=?",
            "=?utf-8?",
            "=?utf-8?Q",
            "=?utf-8?Q?abc",
            "=?utf-8?X?abc?=",
            "=??Q?a?=",
            "a =? b ?= c",
            "=?utf-8?Q?a?b?=",
        ] {
            assert_eq!(decode(text), text);
        }
    }

    #[test]
    fn controls_cannot_be_smuggled_through_encoded_words() {
        assert_eq!(
            decode("=?utf-8?Q?a=0D=0ABcc:_b=00=7F?="),
            "a Bcc: b\u{FFFD}\u{FFFD}".replace("a ", "a")
        );
    }

    #[test]
    fn raw_utf8_and_raw_latin1_are_readable() {
        assert_eq!(decode("Grüße"), "Grüße");
        assert_eq!(
            decode_value(b"Gr\xfc\xdfe", &mut WordBudget::for_one_field()),
            "Grüße"
        );
    }

    #[test]
    fn words_beyond_the_cap_stay_encoded() {
        let word = "=?utf-8?Q?a?= ";
        let mut budget = WordBudget::for_one_field();
        let at_cap = decode_text(&word.repeat(ENCODED_WORDS_PER_HEADER_MAX), &mut budget);
        assert_eq!(
            (at_cap.trim_end().len(), budget.exceeded),
            (ENCODED_WORDS_PER_HEADER_MAX, false)
        );
        let mut budget = WordBudget::for_one_field();
        let above = decode_text(&word.repeat(ENCODED_WORDS_PER_HEADER_MAX + 1), &mut budget);
        assert!(budget.exceeded && above.contains("=?utf-8?Q?a?="));
    }
}
