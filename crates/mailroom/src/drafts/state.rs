//! A draft with all that belongs to it, as one transaction reads it, changes it and measures it.

use std::collections::HashSet;

use posthouse_store::tables::drafts::files::{self as file_rows, DraftFile};
use posthouse_store::tables::drafts::{self, Draft};
use posthouse_store::tables::folders;
use posthouse_store::tables::messages::{self, StoredBody, text_of};
use posthouse_store::tables::threads;
use posthouse_store::{StoreError, Tx};
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::{Key, Kind};

use super::DRAFTS_PER_THREAD_MAX;
use super::change::DraftChange;
use super::fields::DraftFields;
use super::files;
use super::write::Prepared;
use crate::actor::GrantRef;
use crate::organise::Metadata;
use crate::send::{check_size, shown_parts};
use crate::{Mailroom, Refusal};

/// A draft with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) draft: Draft,
    pub(super) fields: DraftFields,
    pub(super) metadata: Metadata,
    pub(super) body: StoredBody,
    pub(super) files: Vec<DraftFile>,
}

impl State {
    /// Returns a draft with nothing in it.
    pub(super) fn new(
        tx: &mut dyn Tx,
        mailroom: &Mailroom,
        grant: &GrantRef,
    ) -> Result<Self, Refusal> {
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

    pub(super) fn find(tx: &mut dyn Tx, grant: &GrantRef, id: Key) -> Result<Self, Refusal> {
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
    pub(super) fn merge(
        &mut self,
        tx: &mut dyn Tx,
        mailroom: &Mailroom,
        grant: &GrantRef,
        new: &Prepared,
    ) -> Result<(), Refusal> {
        let change = &new.change;
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
        if let Some(files) = &new.files {
            self.files = files::keep(tx, files, &self.files)?;
        }
        if let Some(body) = &new.body {
            self.body.clone_from(body);
        }
        let says_new = change.body.is_some() || self.fields.is_plaintext != was_plaintext;
        if says_new || new.files.is_some() {
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
                let left = self.draft.answers.take();
                let stays = left.is_none() || change.thread_id.is_some();
                self.draft.thread = self.draft.thread.filter(|_| stays);
            }
            Some(Some(id)) => {
                let key = codec.open(Kind::Message, id);
                let target = messages::placed(tx, grant.grant, key.as_slice())?.pop();
                match target {
                    Some(target) => {
                        self.draft.answers = Some(target.id);
                        self.draft.thread = Some(target.thread);
                    }
                    // What it answers already may be gone by now.
                    None if key.is_some() && key == self.draft.answers => {}
                    None => return Err(unknown("reply_to_message_id", "message")),
                }
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
        let ids: Vec<String> = self
            .files
            .iter()
            .filter_map(|file| file.content_id.clone())
            .collect();
        let shown = match is_html {
            true => shown_parts(text, ids.iter().map(String::as_str)),
            false => HashSet::new(),
        };
        for file in &mut self.files {
            file.is_inline = file
                .content_id
                .as_deref()
                .is_some_and(|id| file.says_inline || shown.contains(id));
        }
        let files: i64 = self.files.iter().map(|file| file.size_bytes).sum();
        self.draft.size_bytes = text.len() as i64 + files;
        check_size(usize::try_from(self.draft.size_bytes).unwrap_or(usize::MAX))
    }

    /// Brings the columns in step that follow from the rest.
    pub(super) fn sum_up(&mut self) {
        let draft = &mut self.draft;
        draft.has_attachment = self.files.iter().any(|file| !file.is_inline);
        draft.subject = self.fields.subject.to_lowercase();
        draft.metadata = self.metadata.stored();
        draft.fields = self.fields.stored();
    }

    /// Returns what a reader of the mail would see of it.
    pub(super) fn says(&self) -> (&DraftFields, &StoredBody, &[DraftFile], Option<Key>) {
        (&self.fields, &self.body, &self.files, self.draft.answers)
    }

    /// Tells whether more than metadata differs.
    pub(super) fn is_news_after(&self, before: &Self) -> bool {
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
