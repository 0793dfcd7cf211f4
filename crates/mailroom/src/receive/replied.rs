//! A reply to a message whose sender wants to hear of replies is announced.

use posthouse_mime::ParsedMessage;
use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::tables::terms::Term;
use posthouse_store::tables::tracked;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;
use serde::{Deserialize, Serialize};

use super::Recipient;
use super::document::folded;
use super::threading::ThreadKeys;

/// What the change log keeps of a reply.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Replied {
    v: u32,
    pub(crate) thread: i64,
    /// The message that wants to hear of replies.
    pub(crate) root: i64,
    /// The message that was answered.
    pub(crate) answered: i64,
    pub(crate) label: String,
    /// Replies to the root, this one included.
    pub(crate) count: i64,
    /// The account wrote to itself.
    pub(crate) from_self: bool,
}

/// Who wrote an arriving message; nobody, when it came from the null sender: a bounce is no reply.
#[derive(Debug, Clone, Default)]
pub(super) struct Authors(Vec<String>);

impl Authors {
    pub(super) fn of(message: &ParsedMessage, is_from_null_sender: bool) -> Self {
        if is_from_null_sender {
            return Self::default();
        }
        Self(message.from.iter().map(folded).collect())
    }
}

/// An arriving message that has joined a thread.
pub(super) struct Joined<'a> {
    pub(super) message: Key,
    pub(super) thread: Key,
    pub(super) recipient: &'a Recipient,
    pub(super) keys: &'a ThreadKeys,
    pub(super) authors: &'a Authors,
    /// Of its own id in headers.
    pub(super) own_id: Option<Term>,
    pub(super) now_us: i64,
}

/// Announces a message that has joined a thread, once, if somebody wants to hear of replies in it. The root is the message
/// that it names; else the newest one of those.
pub(super) fn announce(tx: &mut dyn Tx, joined: &Joined<'_>) -> Result<(), StoreError> {
    if joined.authors.0.is_empty() {
        return Ok(());
    }
    let grant = joined.recipient.grant;
    let mut announced = tracked::announced(tx, grant, joined.thread)?;
    if let Some(own_id) = joined.own_id.filter(|_| !announced.is_empty()) {
        // What an account sends to itself as well arrives as a copy, which answers many a message but not itself.
        let copies = tracked::copies(tx, grant, own_id)?;
        announced.retain(|message| !copies.contains(message));
    }
    let Some(newest) = announced.first().copied() else {
        return Ok(());
    };
    let named = named(tx, grant, joined.keys)?;
    let root = named.iter().find(|message| announced.contains(message));
    let root = root.copied().unwrap_or(newest);
    let Some((count, label)) = tracked::count_reply(tx, root)? else {
        return Ok(());
    };
    let replied = Replied {
        v: 1,
        thread: joined.thread.0,
        root: root.0,
        answered: named.first().copied().unwrap_or(root).0,
        label,
        count,
        from_self: joined.authors.0.contains(&joined.recipient.email),
    };
    let data = serde_json::to_string(&replied).expect("numbers and texts serialise");
    changes::append(
        tx,
        &NewChange {
            application: joined.recipient.application,
            grant: Some(grant),
            kind: ChangeKind::ThreadReplied,
            object: joined.message,
            at_us: joined.now_us,
            data: Some(&data),
        },
    )
}

/// Returns the messages of the account that the header names, the answered one first.
fn named(tx: &mut dyn Tx, grant: Key, keys: &ThreadKeys) -> Result<Vec<Key>, StoreError> {
    let mut named = Vec::new();
    for term in keys.references() {
        named.extend(tracked::named(tx, grant, *term)?);
    }
    Ok(named)
}
