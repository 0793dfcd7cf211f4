//! Subjects without the prefixes that mail programs add on reply and forward, for joining threads.

use crate::limits::SUBJECT_PREFIXES_MAX;

/// A subject as threading compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalised {
    /// The subject without reply and forward prefixes, white space collapsed. Keeps its case.
    pub base: String,
    /// At least one prefix was there.
    pub is_reply: bool,
}

/// Reply and forward marks of mail programs in many languages, lower case, without the colon.
const PREFIXES: &[&str] = &[
    "re",
    "fwd",
    "fw",
    "aw",
    "wg",
    "sv",
    "vs",
    "antw",
    "antwort",
    "vl",
    "vb",
    "rif",
    "r",
    "i",
    "tr",
    "res",
    "enc",
    "rv",
    "odp",
    "pd",
    "ynt",
    "ilt",
    "yml",
    "atb",
    "bls",
    "rép",
    "réf",
    "továbbítás",
    "vá",
    "doorst",
    "απ",
    "σχετ",
    "πρθ",
    "ηα",
    "ответ",
    "пересл",
    "תשובה",
    "הועבר",
    "回复",
    "答复",
    "转发",
    "回覆",
    "轉寄",
    "轉發",
    "返信",
    "転送",
    "답장",
    "회신",
    "전달",
];

/// Strips reply and forward prefixes, also repeated (`Re: Fwd: AW:`) and counted ones (`Re[2]:`, `Re(2):`, `Re^2:`).
pub fn normalise(subject: &str) -> Normalised {
    let collapsed = collapse(subject);
    let mut rest = collapsed.as_str();
    let mut is_reply = false;
    for _ in 0..SUBJECT_PREFIXES_MAX {
        let Some(shorter) = strip_prefix(rest) else {
            break;
        };
        is_reply = true;
        rest = shorter;
    }
    Normalised {
        base: rest.to_owned(),
        is_reply,
    }
}

/// Returns what follows one prefix and its colon, or none when the subject does not start with one.
fn strip_prefix(subject: &str) -> Option<&str> {
    let word_end = subject
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(subject.len());
    let (word, after_word) = subject.split_at(word_end);
    if !is_prefix(word) {
        return None;
    }
    let after_count = skip_count(after_word.trim_start_matches(' '));
    // French programs put a space before the colon, Chinese ones use the full-width colon
    let after_colon = after_count
        .trim_start_matches([' ', '\u{a0}'])
        .strip_prefix([':', '：'])?;
    Some(after_colon.trim_start())
}

fn is_prefix(word: &str) -> bool {
    const PREFIX_CHARS_MAX: usize = 16;
    if word.is_empty() || word.chars().take(PREFIX_CHARS_MAX + 1).count() > PREFIX_CHARS_MAX {
        return false;
    }
    let lower = word.to_lowercase();
    PREFIXES.contains(&lower.as_str())
}

/// Skips `[2]`, `(2)`, `^2` or `*2`.
fn skip_count(text: &str) -> &str {
    let close = match text.chars().next() {
        Some('[') => Some(']'),
        Some('(') => Some(')'),
        Some('^' | '*') => None,
        _ => return text,
    };
    let digits = &text[1..];
    let after = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    if after.len() == digits.len() {
        return text;
    }
    match close {
        None => after,
        Some(close) => after.strip_prefix(close).unwrap_or(text),
    }
}

fn collapse(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(subject: &str) -> String {
        normalise(subject).base
    }

    #[test]
    fn prefixes_in_any_language_case_and_number_are_stripped() {
        for subject in [
            "Order 42",
            "Re: Order 42",
            "RE: re: Order 42",
            "Fwd: Re: Order 42",
            "AW: WG: Order 42",
            "Re[2]: Order 42",
            "Re(3): Order 42",
            "Re^2: Order 42",
            "Antw: Order 42",
            "R: Order 42",
            "Sv: Vs: Order  42",
            "TR : Order 42",
            "回复：Order 42",
            "转发: 回复: Order 42",
            "re:Order 42",
            "Re : Order 42",
            "RES: ENC: Order 42",
            "RIF: Order 42 ",
        ] {
            assert_eq!(base(subject), "Order 42", "{subject}");
        }
    }

    #[test]
    fn only_prefixed_subjects_count_as_replies() {
        assert!(normalise("Re: x").is_reply);
        assert!(!normalise("x").is_reply);
        assert!(!normalise("").is_reply);
    }

    #[test]
    fn words_that_merely_look_like_prefixes_stay() {
        for subject in [
            "Release: 1.0",
            "Ref",
            "Re",
            "Re[x]: a",
            "Report: Re: a",
            "Re[]: a",
            "12: a",
            "Research: b",
        ] {
            assert_eq!(base(subject), subject);
            assert!(!normalise(subject).is_reply, "{subject}");
        }
    }

    #[test]
    fn a_subject_of_prefixes_only_is_empty() {
        assert_eq!(
            normalise("Re: Fwd:"),
            Normalised {
                base: String::new(),
                is_reply: true
            }
        );
    }

    #[test]
    fn endless_prefixes_are_bounded() {
        let subject = "Re: ".repeat(SUBJECT_PREFIXES_MAX + 1);
        assert_eq!(base(&subject), "Re:");
    }
}
