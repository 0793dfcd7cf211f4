//! The transaction of everything that makes or changes a draft.

use std::sync::Arc;

use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::engine::Dialect;
use posthouse_store::tables::drafts;
use posthouse_store::tables::drafts::files as file_rows;
use posthouse_store::tables::folders::{self, Shift};
use posthouse_store::tables::messages::StoredBody;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::change::DraftChange;
use super::files::PreparedFile;
use super::object::DraftWriter;
use super::state::State;
use crate::actor::GrantRef;
use crate::govern::quota::check_storage;
use crate::read::away_from_async_threads;
use crate::receive::document;
use crate::send::limits::INLINE_WORK_BYTES_MAX;
use crate::send::{Sender, check_count, check_size, rehearse};
use crate::{Mailroom, Refusal};

/// Which draft is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// One that is not there yet.
    New,
    /// One that is.
    Existing(Key),
}

/// A change with everything done that needs no store, and with its files durable.
#[derive(Debug)]
pub(super) struct Prepared {
    /// Its files have gone into `files`.
    pub(super) change: DraftChange,
    pub(super) body: Option<StoredBody>,
    pub(super) files: Option<Vec<PreparedFile>>,
}

/// What a transaction leaves to be done.
#[derive(Debug)]
struct Written {
    object: String,
    /// Application and key of bytes in the blob store that nothing refers to any more.
    external: Vec<(Key, Key)>,
    /// The blobs that the draft refers to.
    kept: Vec<Key>,
}

impl Mailroom {
    /// Makes or changes a draft and returns its object as JSON.
    pub(super) async fn write_draft(
        &self,
        grant: &GrantRef,
        target: Target,
        change: DraftChange,
    ) -> Result<Vec<u8>, Refusal> {
        let prepared = Arc::new(self.prepare_draft(grant, change).await?);
        let (mailroom, owner, work) = (self.clone(), grant.clone(), Arc::clone(&prepared));
        let outcome = self
            .store()
            .write(move |tx: &mut dyn Tx| write(tx, &mailroom, &owner, target, &work))
            .await;
        let blobs = prepared.files.iter().flatten().map(|file| &file.blob);
        match outcome {
            Ok(written) => {
                let unused = blobs.filter(|blob| !written.kept.contains(&blob.key));
                self.remove_bytes(unused).await;
                self.remove_objects(written.external).await;
                Ok(written.object.into_bytes())
            }
            // Whether it was committed is not known: what is not referred to is found as orphaned later.
            Err(refusal @ Refusal::Unavailable { .. }) => Err(refusal),
            Err(refusal) => {
                self.remove_bytes(blobs).await;
                Err(refusal)
            }
        }
    }

    async fn prepare_draft(
        &self,
        grant: &GrantRef,
        mut change: DraftChange,
    ) -> Result<Prepared, Refusal> {
        let files = change.files.take();
        check_count(files.as_ref().map_or(0, Vec::len))?;
        let sizes = files.iter().flatten().map(|file| file.content.len());
        let text = change.body.as_ref().map_or(0, String::len);
        check_size(text.saturating_add(sizes.sum()))?;
        let (change, body) = if text <= INLINE_WORK_BYTES_MAX {
            stored_body(change)?
        } else {
            away_from_async_threads(move || stored_body(change)).await??
        };
        Ok(Prepared {
            change,
            body,
            files: match files {
                Some(files) => Some(self.prepare_files(grant, files).await?),
                None => None,
            },
        })
    }
}

fn stored_body(change: DraftChange) -> Result<(DraftChange, Option<StoredBody>), StoreError> {
    let body = match &change.body {
        Some(text) => Some(StoredBody::new(text, document::json_string)?),
        None => None,
    };
    Ok((change, body))
}

fn write(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    target: Target,
    prepared: &Prepared,
) -> Result<Written, Refusal> {
    Dialect::lock_grant(tx, grant.grant)?;
    // An account that is being deleted gets no draft that nobody would remove.
    let sender = Sender::find(tx, grant)?.ok_or(Refusal::NotFound)?;
    let before = match target {
        Target::New => State::new(tx, mailroom, grant)?,
        Target::Existing(id) => State::find(tx, grant, id)?,
    };
    let mut after = before.clone();
    after.merge(tx, mailroom, grant, prepared)?;
    rehearse(&after.fields.outgoing(&after.files), &sender)?;
    after.sum_up();
    let is_new = matches!(target, Target::New);
    let mut external = Vec::new();
    if is_new || after != before {
        check_growth(
            tx,
            mailroom,
            grant,
            after.draft.size_bytes - before.draft.size_bytes,
        )?;
        after.enter(tx, mailroom, grant, &before, is_new)?;
        external = after.save(tx, mailroom, grant, &before, is_new)?;
    }
    let codec = mailroom.store().ids();
    let writer = DraftWriter::new(codec, grant.grant, sender.shown());
    let object = writer.object(&after.draft, &after.fields, &after.body, &after.files)?;
    Ok(Written {
        object,
        external,
        kept: after.files.iter().map(|file| file.blob).collect(),
    })
}

/// Refuses what does not fit into what the account may keep; a draft that becomes smaller always does.
fn check_growth(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    bytes: i64,
) -> Result<(), Refusal> {
    let Ok(bytes @ 1..) = u64::try_from(bytes) else {
        return Ok(());
    };
    let standing = mailroom.standing_of_account(tx, (grant.application, grant.grant))?;
    check_storage(tx, &standing.policy, grant.grant, bytes)?;
    Ok(())
}

impl State {
    /// Has the folder count the change, and takes the numbers it gives: what says something else gets a new one.
    fn enter(
        &mut self,
        tx: &mut dyn Tx,
        mailroom: &Mailroom,
        grant: &GrantRef,
        before: &Self,
        is_new: bool,
    ) -> Result<(), Refusal> {
        let says_else = is_new || self.says() != before.says();
        let shift = Shift {
            entering: i64::from(says_else),
            total: i64::from(is_new),
            unread: i64::from(self.draft.unread) - i64::from(before.draft.unread),
            bytes: self.draft.size_bytes - before.draft.size_bytes,
        };
        let folder = self.draft.folder;
        let entry = folders::shift(tx, grant.grant, folder, &shift)?.ok_or(Refusal::NotFound)?;
        self.draft.modseq = entry.modseq;
        if says_else {
            self.draft.uid = entry.uid;
        }
        self.draft.changed_us = mailroom.clock().unix_us();
        Ok(())
    }

    /// Writes what differs, and notes it unless it is metadata alone; returns what [`file_rows::replace`] does.
    fn save(
        &self,
        tx: &mut dyn Tx,
        mailroom: &Mailroom,
        grant: &GrantRef,
        before: &Self,
        is_new: bool,
    ) -> Result<Vec<(Key, Key)>, StoreError> {
        let codec = mailroom.store().ids();
        let terms = self.fields.terms(&self.metadata, &grant.email, codec);
        if is_new {
            let application = grant.application;
            drafts::insert(
                tx,
                application,
                grant.grant,
                &self.draft,
                &self.body,
                &terms,
            )?;
        } else {
            drafts::update(tx, grant.grant, &self.draft, &terms)?;
            if self.body != before.body {
                drafts::set_body(tx, self.draft.id, &self.body)?;
            }
        }
        let mut external = Vec::new();
        if self.files != before.files {
            external = file_rows::replace(tx, grant.grant, self.draft.id, &self.files)?;
        }
        let kind = match is_new {
            true => Some(ChangeKind::DraftCreated),
            false => self
                .is_news_after(before)
                .then_some(ChangeKind::DraftUpdated),
        };
        if let Some(kind) = kind {
            note(tx, grant, kind, self.draft.id, self.draft.changed_us)?;
        }
        Ok(external)
    }
}

/// Notes in the change log what happened to a draft.
pub(super) fn note(
    tx: &mut dyn Tx,
    grant: &GrantRef,
    kind: ChangeKind,
    draft: Key,
    at_us: i64,
) -> Result<(), StoreError> {
    changes::append(
        tx,
        &NewChange {
            application: grant.application,
            grant: Some(grant.grant),
            kind,
            object: draft,
            at_us,
            data: None,
        },
    )
}
