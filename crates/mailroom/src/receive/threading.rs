//! Which thread an incoming message belongs to: In-Reply-To, then References, then the subject.

use posthouse_mime::ParsedMessage;
use posthouse_store::tables::messages;
use posthouse_store::tables::terms::{Field, Term};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{IdCodec, Key};

use super::document::folded;

/// Ids of References that are looked up at most, counted from the last.
const REFERENCES_LOOKED_UP_MAX: usize = 50;
/// A subject joins a thread that had activity this recently.
const SUBJECT_AGE_SECONDS_MAX: i64 = 30 * 86_400;
/// Messages with the same subject that are looked at.
const SUBJECT_CANDIDATES_MAX: i64 = 20;
/// Messages after which a thread is full and the next one starts a new thread.
pub(crate) const THREAD_MESSAGES_MAX: i64 = 10_000;

/// What a message brings along to find its thread; prepared before the transaction.
#[derive(Debug, Clone, Default)]
pub(crate) struct ThreadKeys {
    /// Terms of In-Reply-To and then References from last to first.
    references: Vec<Term>,
    /// Term of the normalised subject, when the subject may decide.
    subject: Option<Term>,
    /// Addresses in the message, lower case.
    addresses: Vec<String>,
}

impl ThreadKeys {
    /// Prepares the look-ups of a parsed message.
    pub(crate) fn of(
        message: &ParsedMessage,
        subject_base: &str,
        subject_is_reply: bool,
        codec: &IdCodec,
    ) -> Self {
        let ids = message
            .in_reply_to
            .iter()
            .chain(message.references.iter().rev());
        let references: Vec<Term> = ids
            .take(REFERENCES_LOOKED_UP_MAX)
            .map(|id| Field::HeaderId.term(codec, id))
            .collect();
        let subject_may_decide =
            !subject_base.is_empty() && (subject_is_reply || !references.is_empty());
        if !subject_may_decide {
            return Self {
                references,
                ..Self::default()
            };
        }
        let everybody = message
            .from
            .iter()
            .chain(&message.to)
            .chain(&message.cc)
            .chain(&message.reply_to);
        Self {
            references,
            subject: Some(Field::Subject.term(codec, subject_base)),
            addresses: everybody.map(folded).collect(),
        }
    }
}

impl ThreadKeys {
    /// Returns the terms of the ids that the header names: In-Reply-To, then References from last to first.
    pub(crate) fn references(&self) -> &[Term] {
        &self.references
    }
}

/// Returns the thread a message joins, or `None` when it starts one.
pub(crate) fn find(
    tx: &mut dyn Tx,
    grant: Key,
    own: &str,
    keys: &ThreadKeys,
    now: i64,
) -> Result<Option<Key>, StoreError> {
    let found = match by_references(tx, grant, keys)? {
        Some(thread) => Some(thread),
        None => by_subject(tx, grant, own, keys, now)?,
    };
    match found {
        Some(thread) if messages::thread_has(tx, grant, thread, THREAD_MESSAGES_MAX)? => Ok(None),
        found => Ok(found),
    }
}

fn by_references(
    tx: &mut dyn Tx,
    grant: Key,
    keys: &ThreadKeys,
) -> Result<Option<Key>, StoreError> {
    for term in &keys.references {
        if let Some(thread) = messages::thread_by_term(tx, grant, *term)? {
            return Ok(Some(thread));
        }
    }
    Ok(None)
}

fn by_subject(
    tx: &mut dyn Tx,
    grant: Key,
    own: &str,
    keys: &ThreadKeys,
    now: i64,
) -> Result<Option<Key>, StoreError> {
    let Some(subject) = keys.subject else {
        return Ok(None);
    };
    let since = now - SUBJECT_AGE_SECONDS_MAX;
    for candidate in messages::by_term(tx, grant, subject, since, SUBJECT_CANDIDATES_MAX)? {
        if shares_address(&candidate.document, own, &keys.addresses)? {
            return Ok(Some(candidate.thread));
        }
    }
    Ok(None)
}

#[derive(serde::Deserialize)]
struct Correspondents {
    from: Vec<Address>,
    to: Vec<Address>,
    cc: Vec<Address>,
    reply_to: Vec<Address>,
}

#[derive(serde::Deserialize)]
struct Address {
    email: String,
}

fn shares_address(document: &str, own: &str, addresses: &[String]) -> Result<bool, StoreError> {
    let correspondents: Correspondents = serde_json::from_str(&format!("{{{document}}}"))
        .map_err(|error| StoreError::Fault(format!("a message's document is damaged: {error}")))?;
    let mut everybody = correspondents
        .from
        .iter()
        .chain(&correspondents.to)
        .chain(&correspondents.cc)
        .chain(&correspondents.reply_to)
        .map(|address| address.email.to_lowercase());
    Ok(everybody.any(|email| email != own && addresses.contains(&email)))
}
