//! Whether what has the shape of a secret is one.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::limits::TOKEN_HEAD_BYTES_MAX;

/// Is shown the whole text, and which part of it is in question.
pub(super) type Trial = fn(&str, &Range<usize>) -> bool;

/// Bits for each letter from which a short text is more than words: English has about three over such lengths, and words
/// repeat themselves.
const RANDOM_BITS_MIN: f64 = 3.0;
const VERY_RANDOM_BITS_MIN: f64 = 4.0;
/// Of secrets without a shape of their own.
const ASSIGNED_BITS_MIN: f64 = 3.3;

/// Octets behind the head of a private key in which its body begins.
const KEY_BODY_WINDOW_BYTES: usize = 600;
/// Letters of base64 that make a body.
const KEY_BODY_LETTERS_MIN: usize = 60;

/// The shape says it all.
pub(super) fn any(_: &str, _: &Range<usize>) -> bool {
    true
}

/// It is no word, no example and no row of the same letters.
pub(super) fn random(text: &str, range: &Range<usize>) -> bool {
    let token = &text[range.clone()];
    bits(token) >= RANDOM_BITS_MIN && !is_example(token)
}

/// As [`random`], for shapes that other things have too.
pub(super) fn very_random(text: &str, range: &Range<usize>) -> bool {
    let token = &text[range.clone()];
    bits(token) >= VERY_RANDOM_BITS_MIN
        && token.bytes().any(|byte| byte.is_ascii_digit())
        && token.bytes().any(|byte| byte.is_ascii_uppercase())
        && token.bytes().any(|byte| byte.is_ascii_lowercase())
        && !is_example(token)
}

/// A private key is more than the line it begins with.
pub(super) fn has_a_body(text: &str, range: &Range<usize>) -> bool {
    let behind = &text[range.end..];
    let behind = &behind[..behind.floor_char_boundary(KEY_BODY_WINDOW_BYTES)];
    let body = behind
        .split(['\n', '\r', '\\', ' '])
        .filter(|line| line.len() >= 16)
        .filter(|line| line.bytes().all(is_base64))
        .map(str::len);
    body.sum::<usize>() >= KEY_BODY_LETTERS_MIN
}

/// The head of the token is JSON that names its algorithm, and it is no part of a link, in which it is meant to be sent.
pub(super) fn signed_token(text: &str, range: &Range<usize>) -> bool {
    let token = &text[range.clone()];
    let head = token.split('.').next().unwrap_or_default();
    if head.len() > TOKEN_HEAD_BYTES_MAX || is_in_link(text, range.start) {
        return false;
    }
    let decoded = URL_SAFE_NO_PAD.decode(head).unwrap_or_default();
    let value: serde_json::Value = serde_json::from_slice(&decoded).unwrap_or_default();
    value["alg"].is_string()
}

/// It stands for itself and not for what people are to put there.
pub(super) fn no_placeholder(text: &str, range: &Range<usize>) -> bool {
    let word = text[range.clone()].to_ascii_lowercase();
    const PLACEHOLDERS: [&str; 9] = [
        "password", "passwd", "secret", "pass", "token", "changeme", "example", "your", "xxx",
    ];
    let is_mask = word
        .bytes()
        .all(|byte| matches!(byte, b'*' | b'x' | b'.' | b'-'));
    let is_variable = word.contains(['$', '{', '[', '%']) && !word.contains('%');
    !is_mask && !is_variable && !PLACEHOLDERS.iter().any(|place| word.contains(place))
}

/// A value behind a word such as `password` that is letters, digits and no language.
pub(super) fn assigned(text: &str, range: &Range<usize>) -> bool {
    let token = text[range.clone()].trim_end_matches(['.', '!', '*', '=', '-', '_']);
    let count = |is: fn(&u8) -> bool| token.bytes().filter(is).count();
    let digits = count(u8::is_ascii_digit);
    let letters = count(u8::is_ascii_alphabetic);
    token.len() >= 16
        && digits >= 3
        && letters >= 3
        && bits(token) >= ASSIGNED_BITS_MIN
        && !token.contains("://")
        && !is_in_link(text, range.start)
        && !is_address(token)
        && !is_example(token)
        && no_placeholder(text, range)
}

/// Returns Shannon's entropy of the letters, in bits for each.
fn bits(token: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in token.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let total = token.len().max(1) as f64;
    let shares = counts.iter().filter(|count| **count > 0);
    shares
        .map(|count| f64::from(*count) / total)
        .map(|share| -share * share.log2())
        .sum()
}

/// Manuals are full of keys that are none.
fn is_example(token: &str) -> bool {
    let lower = token.to_ascii_lowercase();
    [
        "example",
        "xxxx",
        "your_",
        "your-",
        "placeholder",
        "redacted",
        "12345678901234567890",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

fn is_address(token: &str) -> bool {
    let parts = token.split_once('@');
    parts.is_some_and(|(_, domain)| domain.contains('.'))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Tells whether a link is open at an octet: an address of the web without white space up to there.
fn is_in_link(text: &str, at: usize) -> bool {
    let before = &text[..at];
    let from = before.ceil_char_boundary(at.saturating_sub(2_048));
    let word = before[from..]
        .rsplit(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>'))
        .next()
        .unwrap_or_default();
    word.contains("http://") || word.contains("https://")
}
