//! Messages go for good.

use std::collections::HashMap;

use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::tables::messages::{self, Leaving, Placed};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};
use serde_json::{Value, json};

use super::apply::Ledger;
use super::metadata::Metadata;
use crate::Mailroom;
use crate::receive::document;

/// Removes messages of an account whose lock the transaction holds: rows, counters, terms, and the bytes that no other
/// message shares. Each is noted as deleted.
///
/// Returns application and key of bytes in the blob store that are to go once the transaction has committed
/// ([`Mailroom::remove_objects`]).
pub(crate) fn remove(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    application: Key,
    grant: Key,
    messages: Vec<Placed>,
) -> Result<Vec<(Key, Key)>, StoreError> {
    let ids: Vec<Key> = messages.iter().map(|message| message.id).collect();
    let documents: HashMap<Key, String> =
        messages::documents(tx, grant, &ids)?.into_iter().collect();
    let codec = mailroom.store().ids();
    let at_us = mailroom.clock().unix_us();
    let mut ledger = Ledger::default();
    let mut leaving = Vec::with_capacity(messages.len());
    for message in messages {
        ledger.leave(&message);
        let metadata = Metadata::read(message.metadata.as_deref())?;
        let mut terms: Vec<_> = metadata.terms(codec).into_iter().collect();
        if let Some(document) = documents.get(&message.id) {
            terms.extend(document::terms_of_members(document, codec)?);
        }
        changes::append(
            tx,
            &NewChange {
                application,
                grant: Some(grant),
                kind: ChangeKind::MessageDeleted,
                object: message.id,
                at_us,
                data: Some(&note(mailroom, &message)?),
            },
        )?;
        leaving.push(Leaving { message, terms });
    }
    ledger.enter(tx, grant)?;
    messages::remove(tx, grant, &leaving)
}

/// What a notification shows of a message that is gone.
fn note(mailroom: &Mailroom, message: &Placed) -> Result<String, StoreError> {
    let mut note = json!({
        "v": 1,
        "thread_id": mailroom.public_id(Kind::Thread, message.thread),
    });
    if let Some(metadata) = &message.metadata {
        note["metadata"] = serde_json::from_str::<Value>(metadata)
            .map_err(|error| StoreError::Fault(format!("metadata is damaged: {error}")))?;
    }
    Ok(note.to_string())
}

impl Mailroom {
    /// Removes bytes of the blob store whose rows are gone. What cannot be removed now is found as orphaned later.
    pub(crate) async fn remove_objects(&self, external: Vec<(Key, Key)>) {
        for (application, blob) in external {
            if let Err(error) = self.store().blobs().remove(application, blob).await {
                tracing::warn!("cannot remove the bytes of a deleted message: {error}");
            }
        }
    }
}
