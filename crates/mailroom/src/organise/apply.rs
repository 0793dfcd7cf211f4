//! Changes are applied to messages of one account, all or none.

use std::collections::BTreeMap;

use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::engine::Dialect;
use posthouse_store::tables::folders::{self, Entry, Shift};
use posthouse_store::tables::messages::{self, Placed};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::metadata::{self, Metadata};
use crate::Mailroom;
use crate::actor::GrantRef;
use crate::spam::{Taught, teach};

/// What becomes of each of the messages; `None` keeps.
#[derive(Debug, Clone, Default)]
pub(crate) struct MessageChanges {
    /// Not read yet.
    pub(crate) unread: Option<bool>,
    /// Starred.
    pub(crate) starred: Option<bool>,
    /// Answered by this account.
    pub(crate) answered: Option<bool>,
    /// The folder they move to: one that [`super::destination()`] found in the same transaction.
    pub(crate) folder: Option<Key>,
    /// Replaces all metadata; empty clears it.
    pub(crate) metadata: Option<Metadata>,
}

impl MessageChanges {
    fn applied_to(&self, before: &Placed) -> Placed {
        Placed {
            unread: self.unread.unwrap_or(before.unread),
            starred: self.starred.unwrap_or(before.starred),
            answered: self.answered.unwrap_or(before.answered),
            folder: self.folder.unwrap_or(before.folder),
            ..before.clone()
        }
    }
}

/// Applies changes to messages of an account within a transaction, in which it takes the account's lock; returns those of
/// the messages that are there, oldest first.
///
/// Each message whose flags or folder change is noted as updated; what changes nothing leaves no trace. Folders count
/// exactly and give every message that enters them a number, once per call however many messages there are.
pub(crate) fn apply(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    ids: &[Key],
    wanted: &MessageChanges,
) -> Result<Vec<Key>, StoreError> {
    Dialect::lock_grant(tx, grant.grant)?;
    let found = messages::placed(tx, grant.grant, ids)?;
    let at_us = mailroom.clock().unix_us();
    let set_aside_at = match wanted.folder {
        Some(folder) => folders::role(tx, grant.grant, folder)?
            .filter(|system| system.is_hidden())
            .map(|_| at_us / 1_000_000),
        None => None,
    };
    let mut ledger = Ledger::default();
    let mut changed: Vec<(Placed, bool)> = Vec::with_capacity(found.len());
    for before in &found {
        if let Some(metadata) = &wanted.metadata {
            metadata::replace(tx, mailroom.store().ids(), grant.grant, before, metadata)?;
        }
        let after = wanted.applied_to(before);
        if after != *before {
            ledger.note(before, &after);
            let moves = after.folder != before.folder;
            changed.push((after, moves));
        }
    }
    let taught = found.iter().filter_map(|before| {
        let position = changed.binary_search_by_key(&before.id, |(after, _)| after.id);
        let (after, _) = &changed[position.ok()?];
        Some(Taught { before, after })
    });
    teach(tx, grant.grant, taught, at_us)?;
    let mut entries = ledger.enter(tx, grant.grant)?;
    for (mut after, moves) in changed {
        if let Some(entry) = entries.get_mut(&after.folder) {
            after.modseq = entry.modseq;
            if moves {
                after.uid = entry.uid;
                entry.uid += 1;
                after.set_aside_at = set_aside_at;
            }
        }
        messages::place(tx, &after)?;
        changes::append(
            tx,
            &NewChange {
                application: grant.application,
                grant: Some(grant.grant),
                kind: ChangeKind::MessageUpdated,
                object: after.id,
                at_us,
                data: None,
            },
        )?;
    }
    Ok(found.into_iter().map(|message| message.id).collect())
}

/// What messages that change, come and go do to the counters of their folders.
#[derive(Debug, Default)]
pub(super) struct Ledger(BTreeMap<Key, Shift>);

impl Ledger {
    /// Counts a change of flags or folder.
    pub(super) fn note(&mut self, before: &Placed, after: &Placed) {
        if before.folder == after.folder {
            let shift = self.0.entry(after.folder).or_default();
            shift.unread += i64::from(after.unread) - i64::from(before.unread);
            return;
        }
        self.leave(before);
        let shift = self.0.entry(after.folder).or_default();
        shift.entering += 1;
        shift.total += 1;
        shift.unread += i64::from(after.unread);
        shift.bytes += after.size_bytes;
    }

    /// Counts a message out of its folder.
    pub(super) fn leave(&mut self, message: &Placed) {
        let shift = self.0.entry(message.folder).or_default();
        shift.total -= 1;
        shift.unread -= i64::from(message.unread);
        shift.bytes -= message.size_bytes;
    }

    /// Writes the counters, and returns for each folder that is still there the first number of those that enter and the
    /// sequence of this change.
    pub(super) fn enter(
        &self,
        tx: &mut dyn Tx,
        grant: Key,
    ) -> Result<BTreeMap<Key, Entry>, StoreError> {
        let mut entries = BTreeMap::new();
        for (folder, shift) in &self.0 {
            match folders::shift(tx, grant, *folder, shift)? {
                Some(entry) => {
                    entries.insert(*folder, entry);
                }
                None if shift.entering > 0 => {
                    return Err(StoreError::Fault(
                        "messages were to enter a folder that is not there".to_owned(),
                    ));
                }
                None => {}
            }
        }
        Ok(entries)
    }
}
