//! What a contact is sorted and found by.

use posthouse_store::tables::contacts::{ContactField, ContactIndex};
use posthouse_store::tables::terms::Term;
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::IdCodec;
use serde_json::Value;

use super::fields::{ContactList, ContactText};
use super::object::Members;
use crate::organise::Metadata;

/// Bytes of each name that count for the order; engines bound the size of what they sort by.
const SORTED_BYTES_MAX: usize = 512;

/// Makes the index of a contact.
pub(super) fn index(codec: &IdCodec, members: &Members, metadata: &Metadata) -> ContactIndex {
    let mut sort_key = sorted(members.text(ContactText::Surname));
    sort_key.push(0);
    sort_key.extend(sorted(members.text(ContactText::GivenName)));
    let mut terms: Vec<Term> = metadata.terms(codec).into_iter().collect();
    let texts = |list: ContactList, name: &'static str| {
        let entries = members.list(list).iter();
        entries.filter_map(move |entry: &Value| entry[name].as_str())
    };
    terms.extend(texts(ContactList::Emails, "email").map(|email| email_term(codec, email)));
    terms.extend(
        texts(ContactList::PhoneNumbers, "number").filter_map(|number| phone_term(codec, number)),
    );
    terms.sort_unstable();
    terms.dedup();
    ContactIndex { sort_key, terms }
}

/// Returns what contacts with an address are found by, in whatever letter case.
pub(super) fn email_term(codec: &IdCodec, email: &str) -> Term {
    let trimmed = email.trim();
    let folded = EmailAddress::parse_envelope(trimmed)
        .map_or_else(|_| trimmed.to_lowercase(), |parsed| parsed.folded());
    ContactField::Email.term(codec, &folded)
}

/// Returns what contacts with a telephone number are found by, however it is written; `None` without digits.
pub(super) fn phone_term(codec: &IdCodec, number: &str) -> Option<Term> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| ContactField::PhoneDigits.term(codec, &digits))
}

fn sorted(name: &str) -> Vec<u8> {
    let mut bytes = name.to_lowercase().into_bytes();
    bytes.truncate(SORTED_BYTES_MAX);
    bytes
}
