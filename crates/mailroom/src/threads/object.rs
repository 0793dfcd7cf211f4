//! The thread object: what the messages of a conversation add up to.

use std::collections::HashMap;

use posthouse_store::tables::messages::{self, Position};
use posthouse_store::tables::threads::{self, Member};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{IdCodec, Key, Kind};
use serde::{Deserialize, Serialize};

/// Messages of a thread whose correspondents are its participants: the oldest one and the newest ones.
const MESSAGES_READ_MAX: usize = 50;

/// Participants that a thread shows at most.
const PARTICIPANTS_MAX: usize = 200;

/// What a thread's object shows beside its newest message or draft.
#[derive(Debug)]
pub(super) struct Summary {
    thread: Key,
    /// Every message, oldest first: a thread has at most ten thousand, after which mail starts a new one.
    messages: Vec<Key>,
    /// When they were received or sent, and whether they are in Sent.
    dates: Vec<(i64, bool)>,
    /// The one that was changed last first.
    drafts: Vec<Key>,
    folders: Vec<Key>,
    participants: Vec<Address>,
    /// The subject of the oldest message, which has no reply prefix yet.
    subject: String,
    /// The snippet of the newest message.
    snippet: String,
    has_attachments: bool,
    starred: bool,
    unread: bool,
    /// None when only drafts are left.
    earliest_at: Option<i64>,
    latest_received_at: Option<i64>,
    latest_sent_at: Option<i64>,
}

/// Adds up the messages of threads, in the order of `keys`.
pub(super) fn summarise(
    tx: &mut dyn Tx,
    grant: Key,
    sent: Option<Key>,
    keys: &[Key],
) -> Result<Vec<Summary>, StoreError> {
    let mut places: HashMap<Key, usize> = HashMap::with_capacity(keys.len());
    let mut summaries: Vec<Summary> = Vec::with_capacity(keys.len());
    for (place, thread) in keys.iter().enumerate() {
        places.insert(*thread, place);
        summaries.push(Summary::of(*thread));
    }
    threads::members(tx, grant, keys, &mut |member| {
        if let Some(place) = places.get(&member.thread) {
            summaries[*place].count(member, sent);
        }
    })?;
    let read: Vec<Key> = summaries.iter().flat_map(Summary::messages_read).collect();
    let mut texts: HashMap<Key, Texts> = HashMap::with_capacity(read.len());
    for shown in messages::in_thread(tx, grant, &read)? {
        let parsed = serde_json::from_str(&format!("{{{}}}", shown.document));
        let mut parsed: Texts = parsed.map_err(|error| {
            StoreError::Fault(format!("a message's document is damaged: {error}"))
        })?;
        parsed.arrived = shown.arrived;
        texts.insert(shown.message, parsed);
    }
    for summary in &mut summaries {
        summary.take_texts(&mut texts);
    }
    Ok(summaries)
}

impl Summary {
    /// Returns a thread of which nothing is known yet.
    pub(super) fn of(thread: Key) -> Self {
        Self {
            thread,
            messages: Vec::new(),
            dates: Vec::new(),
            drafts: Vec::new(),
            folders: Vec::new(),
            participants: Vec::new(),
            subject: String::new(),
            snippet: String::new(),
            has_attachments: false,
            starred: false,
            unread: false,
            earliest_at: None,
            latest_received_at: None,
            latest_sent_at: None,
        }
    }

    /// Takes in one message; they come oldest first.
    fn count(&mut self, member: Member, sent: Option<Key>) {
        let Position { date_at, id } = member.position;
        self.earliest_at.get_or_insert(date_at);
        self.messages.push(id);
        if !self.folders.contains(&member.folder) {
            self.folders.push(member.folder);
        }
        self.unread |= member.unread;
        self.starred |= member.starred;
        self.has_attachments |= member.has_attachment;
        self.dates.push((date_at, sent == Some(member.folder)));
    }

    /// Takes in the drafts, which are in this folder.
    pub(super) fn add_drafts(&mut self, drafts: Vec<Key>, folder: Option<Key>) {
        self.drafts = drafts;
        if let Some(folder) = folder.filter(|folder| !self.folders.contains(folder)) {
            self.folders.push(folder);
        }
    }

    /// Takes the texts of drafts, for want of messages; the one that was changed last comes first.
    pub(super) fn take_texts_of_drafts(&mut self, objects: &[&[u8]]) -> Result<(), StoreError> {
        let mut places: HashMap<String, usize> = HashMap::new();
        for (place, object) in objects.iter().rev().enumerate() {
            let texts = serde_json::from_slice(object).map_err(|error| {
                StoreError::Fault(format!("a draft's object is damaged: {error}"))
            })?;
            self.take(&mut places, place, texts);
        }
        Ok(())
    }

    /// Returns the messages whose texts it shows, oldest first.
    fn messages_read(&self) -> Vec<Key> {
        let newest = self.messages.len().saturating_sub(MESSAGES_READ_MAX - 1);
        let mut read = self.messages[newest..].to_vec();
        if newest > 0 {
            read.insert(0, self.messages[0]);
        }
        read
    }

    fn take_texts(&mut self, texts: &mut HashMap<Key, Texts>) {
        self.take_dates(texts);
        let mut places: HashMap<String, usize> = HashMap::new();
        for (place, message) in self.messages_read().into_iter().enumerate() {
            if let Some(texts) = texts.remove(&message) {
                self.take(&mut places, place, texts);
            }
        }
    }

    /// Tells when something was received and sent last. Of messages whose texts are not read their folder tells which.
    fn take_dates(&mut self, texts: &HashMap<Key, Texts>) {
        for (message, (date_at, in_sent)) in self.messages.iter().zip(&self.dates) {
            let is_sent = texts.get(message).map_or(*in_sent, |texts| !texts.arrived);
            let latest = if is_sent {
                &mut self.latest_sent_at
            } else {
                &mut self.latest_received_at
            };
            *latest = Some(*date_at);
        }
    }

    /// Takes one text after the other, oldest first.
    fn take(&mut self, places: &mut HashMap<String, usize>, place: usize, texts: Texts) {
        if place == 0 {
            self.subject = texts.subject;
        }
        self.snippet = texts.snippet;
        let everybody = [texts.from, texts.to, texts.cc, texts.bcc];
        for address in everybody.into_iter().flatten() {
            self.add_participant(places, address);
        }
    }

    /// Adds somebody once, by address in any letter case, with the first name that is known.
    fn add_participant(&mut self, places: &mut HashMap<String, usize>, address: Address) {
        let folded = address.email.to_lowercase();
        if let Some(place) = places.get(&folded) {
            let known = &mut self.participants[*place];
            if known.name.is_empty() {
                known.name = address.name;
            }
        } else if self.participants.len() < PARTICIPANTS_MAX {
            places.insert(folded, self.participants.len());
            self.participants.push(address);
        }
    }
}

/// What a thread shows of a message: members of its document, and whether it came in by mail.
#[derive(Debug, Deserialize)]
struct Texts {
    #[serde(skip)]
    arrived: bool,
    subject: String,
    snippet: String,
    from: Vec<Address>,
    to: Vec<Address>,
    cc: Vec<Address>,
    bcc: Vec<Address>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Address {
    name: String,
    email: String,
}

/// Renders thread objects of one account.
pub(super) struct ThreadWriter<'a> {
    codec: &'a IdCodec,
    grant_id: String,
}

#[derive(Serialize)]
struct ThreadObject<'a> {
    id: String,
    object: &'static str,
    grant_id: &'a str,
    subject: &'a str,
    snippet: &'a str,
    participants: &'a [Address],
    message_ids: Vec<String>,
    draft_ids: Vec<String>,
    folders: Vec<String>,
    has_attachments: bool,
    has_drafts: bool,
    starred: bool,
    unread: bool,
    earliest_message_date: Option<i64>,
    latest_message_received_date: Option<i64>,
    latest_message_sent_date: Option<i64>,
}

impl<'a> ThreadWriter<'a> {
    /// Makes a writer for the threads of `grant`.
    pub(super) fn new(codec: &'a IdCodec, grant: Key) -> Self {
        Self {
            codec,
            grant_id: codec.seal(Kind::Grant, grant).to_string(),
        }
    }

    /// Appends a thread's object, `newest` being the finished object of its newest message or draft.
    pub(super) fn write(&self, out: &mut Vec<u8>, thread: &Summary, newest: &[u8]) {
        let id = |kind, key| self.codec.seal(kind, key).to_string();
        let ids = |kind, keys: &[Key]| keys.iter().map(|key| id(kind, *key)).collect();
        let object = ThreadObject {
            id: id(Kind::Thread, thread.thread),
            object: "thread",
            grant_id: &self.grant_id,
            subject: &thread.subject,
            snippet: &thread.snippet,
            participants: &thread.participants,
            message_ids: ids(Kind::Message, &thread.messages),
            draft_ids: ids(Kind::Draft, &thread.drafts),
            folders: ids(Kind::Folder, &thread.folders),
            has_attachments: thread.has_attachments,
            has_drafts: !thread.drafts.is_empty(),
            starred: thread.starred,
            unread: thread.unread,
            earliest_message_date: thread.earliest_at,
            latest_message_received_date: thread.latest_received_at,
            latest_message_sent_date: thread.latest_sent_at,
        };
        serde_json::to_writer(&mut *out, &object).expect("writing to memory cannot fail");
        out.pop();
        out.extend_from_slice(b",\"latest_draft_or_message\":");
        out.extend_from_slice(newest);
        out.push(b'}');
    }
}
