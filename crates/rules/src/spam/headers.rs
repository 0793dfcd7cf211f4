//! What is odd about a header. Asked for by the policy only: honest programs write odd headers, too.

use super::letter::Letter;
use super::signal::{
    HEADER_AUTHOR_AMBIGUOUS, HEADER_BULK_NO_EXIT, HEADER_DATE_AHEAD, HEADER_DATE_BEHIND,
    HEADER_HELO, HEADER_NO_DATE, HEADER_NO_MESSAGE_ID, HEADER_NO_RECIPIENT, HEADER_ODD_MESSAGE_ID,
    HEADER_REPEATED, HEADER_STRUCTURE, HEADER_URGENT, Signal,
};

const DAY_SECONDS: i64 = 86_400;

/// RFC 5322 3.6: fields that may be there once at most.
const ONCE: &[&str] = &[
    "subject",
    "date",
    "message-id",
    "to",
    "cc",
    "reply-to",
    "sender",
];

/// Looks a header over.
pub(super) fn signals(letter: &Letter<'_>) -> Vec<Signal> {
    let mut found = Vec::new();
    match letter.date_at.map(|date| letter.arrived_at - date) {
        None => found.push(HEADER_NO_DATE.plain()),
        Some(age) if age < -DAY_SECONDS => found.push(HEADER_DATE_AHEAD.plain()),
        Some(age) if age > 7 * DAY_SECONDS => found.push(HEADER_DATE_BEHIND.plain()),
        Some(_) => {}
    }
    match letter.fields("message-id").next() {
        None => found.push(HEADER_NO_MESSAGE_ID.plain()),
        Some(id) if !has_domain(id) => found.push(HEADER_ODD_MESSAGE_ID.plain()),
        Some(_) => {}
    }
    if letter.addressed == 0 {
        found.push(HEADER_NO_RECIPIENT.plain());
    }
    if letter.sender_ambiguous {
        found.push(HEADER_AUTHOR_AMBIGUOUS.plain());
    }
    if let Some(name) = ONCE.iter().find(|name| letter.fields(name).count() > 1) {
        found.push(HEADER_REPEATED.told(*name));
    }
    if !letter.helo.is_empty() && !is_host_name(letter.helo) {
        found.push(HEADER_HELO.plain());
    }
    if letter.ambiguous_structure {
        found.push(HEADER_STRUCTURE.plain());
    }
    if is_urgent(letter) {
        found.push(HEADER_URGENT.plain());
    }
    let is_bulk = letter
        .fields("precedence")
        .any(|value| value.trim().eq_ignore_ascii_case("bulk"));
    if is_bulk && letter.fields("list-unsubscribe").next().is_none() {
        found.push(HEADER_BULK_NO_EXIT.plain());
    }
    found
}

fn has_domain(id: &str) -> bool {
    let id = id.trim().trim_matches(['<', '>']);
    id.rsplit_once('@')
        .is_some_and(|(left, right)| !left.is_empty() && right.contains('.'))
}

fn is_host_name(helo: &str) -> bool {
    let is_literal = helo.starts_with('[') && helo.ends_with(']');
    let has_labels = helo.contains('.') && !helo.starts_with('.') && !helo.contains("..");
    let is_number = helo
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_literal || (has_labels && !is_number)
}

fn is_urgent(letter: &Letter<'_>) -> bool {
    letter
        .fields("x-priority")
        .any(|value| matches!(value.trim().bytes().next(), Some(b'1' | b'2')))
        || letter
            .fields("importance")
            .any(|value| value.trim().eq_ignore_ascii_case("high"))
}
