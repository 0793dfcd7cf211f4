//! Search queries and the words of text: total, bounded, and nothing of an engine's syntax left.

use posthouse_mailroom::search::SearchQuery;
use posthouse_mailroom::search::limits::{QUERY_BYTES_MAX, WORD_CHARACTERS_MAX};
use posthouse_mailroom::search::words::words;

use crate::Target;

/// The query reader and the splitter of one text.
pub const TARGET: Target = Target {
    name: "search",
    run: fuzz_search,
    seeds: &[
        b"invoice",
        b"alpha beta OR gamma -delta",
        b"(\"black cat\" OR dog*) AND -(bird OR \"a \\\"b\\\" c\")",
        b"((((((((a))))))))",
        "東京都 สวัสดี Ärger -Straße*".as_bytes(),
        "\u{fdfa} ﬁ İ ｶﾞ 한국어".as_bytes(),
    ],
    dictionary: &[
        b"\"",
        b"\\\"",
        b"(",
        b")",
        b"-",
        b"*",
        b" OR ",
        b" AND ",
        b" ",
        b"\0",
        b"'",
        b"NEAR(",
        b"{subject} : ",
        b" <-> ",
        b":*",
        "\u{300}".as_bytes(),
        "京".as_bytes(),
        "ั".as_bytes(),
        "ﷺ".as_bytes(),
        b"\xff",
    ],
};

/// Words that a fuzzed text is split into at most.
const WORDS_MAX: usize = 100;

/// Plays one text to the query reader and to the splitter.
pub fn fuzz_search(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match SearchQuery::parse(&text) {
        Ok(_) => assert!(text.len() <= QUERY_BYTES_MAX, "long queries are refused"),
        Err(error) => assert!(
            error.position <= text.chars().count(),
            "errors are within the text"
        ),
    }
    let found = words(&text, WORDS_MAX);
    assert!(found.len() <= WORDS_MAX);
    for word in found.iter() {
        assert!(!word.is_empty() && word.chars().count() <= WORD_CHARACTERS_MAX);
        assert!(
            !word.contains(|one: char| one.is_whitespace()
                || one.is_control()
                || one.is_ascii_punctuation()
                || one.is_ascii_uppercase()),
            "{word:?} means nothing to an engine"
        );
    }
}
