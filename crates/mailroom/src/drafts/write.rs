//! The transaction of everything that makes or changes a draft.

use std::sync::Arc;

use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::engine::Dialect;
use posthouse_store::tables::drafts::files::{self as file_rows, DraftFile};
use posthouse_store::tables::drafts::{self, Draft};
use posthouse_store::tables::folders::{self, Shift};
use posthouse_store::tables::messages::{self, StoredBody, text_of};
use posthouse_store::tables::threads;
use posthouse_store::{StoreError, Tx};
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::{Key, Kind};

use super::DRAFTS_PER_THREAD_MAX;
use super::change::DraftChange;
use super::fields::DraftFields;
use super::files::{self, PreparedFile};
use super::object::DraftWriter;
use crate::actor::GrantRef;
use crate::organise::Metadata;
use crate::read::away_from_async_threads;
use crate::receive::document;
use crate::send::limits::INLINE_WORK_BYTES_MAX;
use crate::send::{Sender, check_size, is_referenced, rehearse};
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
struct Prepared {
    /// Its files have gone into `files`.
    change: DraftChange,
    body: Option<StoredBody>,
    files: Option<Vec<PreparedFile>>,
}

/// A draft with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    draft: Draft,
    fields: DraftFields,
    metadata: Metadata,
    body: StoredBody,
    files: Vec<DraftFile>,
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

impl State {
    /// Returns a draft with nothing in it.
    fn new(tx: &mut dyn Tx, mailroom: &Mailroom, grant: &GrantRef) -> Result<Self, Refusal> {
        let folder = folders::system_folder(tx, grant.grant, SystemFolder::Drafts)?;
        let draft = Draft {
            id: mailroom.store().new_key(),
            folder: folder.ok_or(Refusal::NotFound)?,
            thread: None,
            answers: None,
            changed_us: 0,
            created_at: mailroom.now_seconds(),
            unread: false,
            starred: false,
            has_attachment: false,
            uid: 0,
            modseq: 0,
            size_bytes: 0,
            subject: String::new(),
            metadata: None,
            fields: String::new(),
        };
        Ok(Self {
            draft,
            fields: DraftFields::default(),
            metadata: Metadata::default(),
            body: StoredBody::Plain("\"\"".to_owned()),
            files: Vec::new(),
        })
    }

    fn find(tx: &mut dyn Tx, grant: &GrantRef, id: Key) -> Result<Self, Refusal> {
        let found = drafts::find(tx, grant.grant, id)?;
        let (draft, body) = found.ok_or(Refusal::NotFound)?;
        let mut state = Self {
            fields: DraftFields::read(&draft.fields)?,
            metadata: Metadata::read(draft.metadata.as_deref())?,
            files: file_rows::of_draft(tx, id)?,
            draft,
            body,
        };
        state.sum_up();
        Ok(state)
    }

    /// Takes over what a change says.
    fn merge(
        &mut self,
        tx: &mut dyn Tx,
        mailroom: &Mailroom,
        grant: &GrantRef,
        prepared: &Prepared,
    ) -> Result<(), Refusal> {
        let change = &prepared.change;
        let was_plaintext = self.fields.is_plaintext;
        self.fields.merge(change);
        if let Some(unread) = change.unread {
            self.draft.unread = unread;
        }
        if let Some(starred) = change.starred {
            self.draft.starred = starred;
        }
        if let Some(metadata) = &change.metadata {
            self.metadata.clone_from(metadata);
        }
        self.place(tx, mailroom, grant, change)?;
        if let Some(files) = &prepared.files {
            self.files = files::keep(tx, files, &self.files)?;
        }
        if let Some(body) = &prepared.body {
            self.body.clone_from(body);
        }
        let says_new = change.body.is_some() || self.fields.is_plaintext != was_plaintext;
        if says_new || prepared.files.is_some() {
            self.read_body(change.body.as_deref())?;
        }
        Ok(())
    }

    /// Finds the thread: that of the message it answers, or the one that is named.
    fn place(
        &mut self,
        tx: &mut dyn Tx,
        mailroom: &Mailroom,
        grant: &GrantRef,
        change: &DraftChange,
    ) -> Result<(), Refusal> {
        let codec = mailroom.store().ids();
        let unknown = |field: &str, object: &str| {
            Refusal::invalid(field, format!("{field}: no such {object} in this account"))
        };
        let thread_before = self.draft.thread;
        if let Some(thread_id) = &change.thread_id
            && (self.draft.answers.is_none() || change.reply_to_message_id.is_some())
        {
            self.draft.thread = match thread_id {
                None => None,
                Some(id) => {
                    let thread = codec.open(Kind::Thread, id);
                    let thread = thread.ok_or_else(|| unknown("thread_id", "thread"))?;
                    if !thread_is_there(tx, grant, thread)? {
                        return Err(unknown("thread_id", "thread"));
                    }
                    Some(thread)
                }
            };
        }
        match &change.reply_to_message_id {
            None => {}
            Some(None) => {
                if self.draft.answers.take().is_some() && change.thread_id.is_none() {
                    self.draft.thread = None;
                }
            }
            Some(Some(id)) => {
                let key = codec.open(Kind::Message, id);
                let keys = key.as_slice();
                let target = messages::placed(tx, grant.grant, keys)?.into_iter().next();
                let target = target.ok_or_else(|| unknown("reply_to_message_id", "message"))?;
                self.draft.answers = Some(target.id);
                self.draft.thread = Some(target.thread);
            }
        }
        if let Some(thread) = self
            .draft
            .thread
            .filter(|_| self.draft.thread != thread_before)
        {
            check_room(tx, grant, thread)?;
        }
        Ok(())
    }

    /// Reads from the body what it shows: the beginning of its text, and which of the files; and measures both.
    fn read_body(&mut self, text: Option<&str>) -> Result<(), Refusal> {
        let stored;
        let text = match text {
            Some(text) => text,
            None => {
                stored = text_of_body(&self.body)?;
                &stored
            }
        };
        let is_html = !self.fields.is_plaintext;
        self.fields.snippet = posthouse_mime::snippet(text, is_html);
        for file in &mut self.files {
            file.is_inline = file
                .content_id
                .as_deref()
                .is_some_and(|id| is_html && (file.says_inline || is_referenced(text, id)));
        }
        let files: i64 = self.files.iter().map(|file| file.size_bytes).sum();
        self.draft.size_bytes = text.len() as i64 + files;
        check_size(usize::try_from(self.draft.size_bytes).unwrap_or(usize::MAX))
    }

    /// Brings the columns in step that follow from the rest.
    fn sum_up(&mut self) {
        let draft = &mut self.draft;
        draft.has_attachment = self.files.iter().any(|file| !file.is_inline);
        draft.subject = self.fields.subject.to_lowercase();
        draft.metadata = self.metadata.stored();
        draft.fields = self.fields.stored();
    }

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

    /// Returns what a reader of the mail would see of it.
    fn says(&self) -> (&DraftFields, &StoredBody, &[DraftFile], Option<Key>) {
        (&self.fields, &self.body, &self.files, self.draft.answers)
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

    /// Tells whether more than metadata differs.
    fn is_news_after(&self, before: &Self) -> bool {
        let flags = |state: &Self| (state.draft.unread, state.draft.starred, state.draft.thread);
        self.says() != before.says() || flags(self) != flags(before)
    }
}

/// Returns the text of a stored body.
pub(super) fn text_of_body(body: &StoredBody) -> Result<String, StoreError> {
    match body {
        StoredBody::Plain(json) => serde_json::from_str(json)
            .map_err(|error| StoreError::Fault(format!("a draft's body is damaged: {error}"))),
        StoredBody::Frame(frame) => text_of(frame),
    }
}

/// A thread is there as long as it has a message or a draft.
fn thread_is_there(tx: &mut dyn Tx, grant: &GrantRef, thread: Key) -> Result<bool, StoreError> {
    Ok(threads::newest(tx, grant.grant, thread)?.is_some()
        || drafts::count_in_thread(tx, grant.grant, thread, 1)? > 0)
}

/// Refuses one draft too many of a thread.
fn check_room(tx: &mut dyn Tx, grant: &GrantRef, thread: Key) -> Result<(), Refusal> {
    let count = drafts::count_in_thread(tx, grant.grant, thread, DRAFTS_PER_THREAD_MAX)?;
    if count < DRAFTS_PER_THREAD_MAX {
        return Ok(());
    }
    let message = format!("the thread has {DRAFTS_PER_THREAD_MAX} drafts, which is the limit");
    Err(Refusal::invalid("thread_id", message).with_fix("send or delete some of them"))
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
