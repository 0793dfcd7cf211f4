//! The transaction of an arriving message: blob, rows, counters, receipts and changes, all or nothing.

use posthouse_mime::ParsedMessage;
use posthouse_store::blobs::PreparedBlob;
use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::engine::Dialect;
use posthouse_store::tables::blobs::KeptBlob;
use posthouse_store::tables::messages::{NewMessage, StoredBody};
use posthouse_store::tables::terms::{Field, Term};
use posthouse_store::tables::{blobs, folders, messages, outbound, receipts as receipt_rows};
use posthouse_store::{Store, StoreError, Tx};
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::{Key, Kind};

use super::accept::{InboundDelivery, ReceiveRefusal};
use super::authenticate::Judged;
use super::document;
use super::queued::QueueRow;
use super::receipts::{DUPLICATE_WINDOW_MS, digest};
use super::replied::{self, Authors, Joined};
use super::room::Share;
use super::threading::{self, ThreadKeys};
use super::{Recipient, trace};
use crate::outbound::event;

/// Bytes that the rows of one delivery may have in all: every recipient has a row of its own with everything a listing
/// shows, so that a long body for a thousand recipients would be a thousand bodies in one transaction.
pub(super) const ROWS_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A message made ready for its transaction.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) blobs: Vec<PreparedBlob>,
    /// In the order of the accounts' keys, so that transactions lock mailboxes in one order.
    copies: Vec<Copy>,
    /// Receipt digest for each of `blobs`.
    digests: Vec<i64>,
    shared: Shared,
    /// Its share of the memory for deliveries; small ones have none.
    _share: Option<Share>,
}

impl Prepared {
    /// Keeps a share of the memory for deliveries for as long as this is in it.
    pub(super) fn holding(self, share: Share) -> Self {
        Self {
            _share: Some(share),
            ..self
        }
    }
}

/// What all copies have in common.
#[derive(Debug)]
struct Shared {
    thread_keys: ThreadKeys,
    authors: Authors,
    /// Of the message's id.
    own_id: Option<Term>,
    terms: Vec<Term>,
    subject: String,
    body: StoredBody,
    has_attachment: bool,
    header_section: Vec<u8>,
    verdicts: Option<String>,
    /// It goes to Junk instead of Inbox.
    is_junk: bool,
    now_us: i64,
}

/// What one recipient's copy has for itself.
#[derive(Debug)]
struct Copy {
    /// Place among the envelope's recipients.
    place: usize,
    recipient: Recipient,
    trace: String,
    document: String,
    parts: Option<String>,
    size_bytes: i64,
}

/// What a committed delivery left behind.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The stored messages, in the order of the envelope's recipients.
    pub(crate) messages: Vec<Key>,
    /// The receipts of this delivery, one per application.
    pub(crate) receipts: Vec<Key>,
    /// The blobs its messages refer to, one per application.
    pub(crate) blobs: Vec<Key>,
}

/// A message that has been read, and where it arrives.
pub(super) struct Arrival<'a> {
    pub(super) store: &'a Store,
    pub(super) hostname: &'a str,
    pub(super) delivery: &'a InboundDelivery,
    pub(super) message: &'a ParsedMessage,
    pub(super) now_us: i64,
}

/// Computes everything the transaction needs.
pub(super) fn prepare(
    arrival: &Arrival<'_>,
    judged: Judged,
    blobs: Vec<PreparedBlob>,
) -> Result<Prepared, ReceiveRefusal> {
    let (delivery, message) = (arrival.delivery, arrival.message);
    let codec = arrival.store.ids();
    let normalised = posthouse_mime::subject::normalise(&message.subject);
    let subject_base = normalised.base.to_lowercase();
    let own_id = message.message_id.as_ref();
    let shared = Shared {
        authors: Authors::of(message, delivery.envelope_from.is_none()),
        own_id: own_id.map(|id| Field::HeaderId.term(codec, id)),
        thread_keys: ThreadKeys::of(message, &subject_base, normalised.is_reply, codec),
        terms: document::terms(message, &subject_base, codec),
        subject: message.subject.to_lowercase(),
        body: body(message, &blobs)?,
        has_attachment: document::has_attachment(message),
        header_section: posthouse_mime::header_section(&delivery.raw).to_vec(),
        verdicts: judged.verdicts,
        is_junk: judged.is_junk,
        now_us: arrival.now_us,
    };
    let mut copies: Vec<Copy> = Vec::with_capacity(delivery.recipients.len());
    let mut rows_bytes = 0;
    for (place, recipient) in delivery.recipients.iter().enumerate() {
        let copy = copy(arrival, &judged.results_field, recipient, place);
        rows_bytes += copy.document.len() + copy.parts.as_ref().map_or(0, String::len);
        rows_bytes += shared.subject.len() + shared.body.len() + shared.header_section.len();
        if rows_bytes > ROWS_BYTES_MAX && place > 0 {
            return Err(ReceiveRefusal::TooLarge);
        }
        copies.push(copy);
    }
    copies.sort_by_key(|copy| copy.recipient.grant);
    let digests = blobs
        .iter()
        .map(|blob| {
            let of_application: Vec<&Recipient> = delivery
                .recipients
                .iter()
                .filter(|recipient| recipient.application == blob.application)
                .collect();
            digest(
                codec,
                delivery.peer,
                delivery.envelope_from.as_ref(),
                &of_application,
            )
        })
        .collect();
    Ok(Prepared {
        blobs,
        copies,
        digests,
        shared,
        _share: None,
    })
}

/// Returns the body as a row keeps it that cannot leave it to its blob.
fn body(message: &ParsedMessage, blobs: &[PreparedBlob]) -> Result<StoredBody, StoreError> {
    match blobs.first().and_then(PreparedBlob::body_apart) {
        Some(frame) => Ok(StoredBody::Frame(frame.clone())),
        None => StoredBody::new(message.body(), document::json_string),
    }
}

fn copy(arrival: &Arrival<'_>, results_field: &str, recipient: &Recipient, place: usize) -> Copy {
    let message = arrival.message;
    let codec = arrival.store.ids();
    let trace = trace::lines(
        arrival.delivery,
        arrival.hostname,
        results_field,
        &recipient.delivered_to,
        arrival.now_us / 1_000_000,
    );
    let size_bytes = (trace.len() + arrival.delivery.raw.len()) as i64;
    let grant_id = codec.seal(Kind::Grant, recipient.grant).to_string();
    let parts = document::parts(message, || arrival.store.new_key());
    Copy {
        place,
        document: document::members(message, parts.as_ref(), &grant_id, codec, size_bytes),
        parts: parts.and_then(|parts| serde_json::to_string(&parts).ok()),
        recipient: recipient.clone(),
        trace,
        size_bytes,
    }
}

/// Stores a prepared message; runs inside the writer, so it computes nothing it could have been handed.
///
/// The messages' keys are made here, while their mailboxes are locked: in a mailbox, what is stored later has a higher
/// key. Who waits for messages reads on from the last one's.
pub(crate) fn deliver(
    tx: &mut dyn Tx,
    store: &Store,
    prepared: &Prepared,
    confirmed: &[Key],
) -> Result<Delivery, StoreError> {
    for copy in &prepared.copies {
        Dialect::lock_grant(tx, copy.recipient.grant)?;
    }
    for receipt in confirmed {
        receipt_rows::drop_one(tx, *receipt)?;
    }
    let mut stored: Vec<(usize, Key)> = Vec::with_capacity(prepared.copies.len());
    let mut receipts = Vec::with_capacity(prepared.blobs.len());
    let mut kept_blobs = Vec::with_capacity(prepared.blobs.len());
    for (blob, digest) in prepared.blobs.iter().zip(&prepared.digests) {
        let kept = blobs::keep(tx, blob)?;
        kept_blobs.push(kept.key);
        let copies = prepared
            .copies
            .iter()
            .filter(|copy| copy.recipient.application == blob.application);
        if kept.key != blob.key {
            let oldest = Key::floor_of(prepared.shared.now_us / 1_000 - DUPLICATE_WINDOW_MS);
            if let Some(earlier) = receipt_rows::find(tx, kept.key, *digest, oldest)? {
                stored.extend(copies.map(|copy| (copy.place, earlier)));
                receipts.push(earlier);
                continue;
            }
        }
        let mut first = None;
        for copy in copies {
            let id = store.new_key();
            insert_copy(tx, prepared, copy, id, kept, blob.inline.is_none())?;
            first = first.or(Some(id));
            stored.push((copy.place, id));
        }
        if let Some(first) = first {
            receipt_rows::leave(tx, first, *digest)?;
            receipts.push(first);
        }
    }
    stored.sort_unstable_by_key(|(place, _)| *place);
    Ok(Delivery {
        messages: stored.into_iter().map(|(_, key)| key).collect(),
        receipts,
        blobs: kept_blobs,
    })
}

/// Stores a prepared message and removes its row from the queue; returns the blobs its messages refer to, or none when
/// the row was no longer the caller's.
pub(crate) fn deliver_queued(
    tx: &mut dyn Tx,
    store: &Store,
    prepared: &Prepared,
    row: &QueueRow,
) -> Result<Vec<Key>, StoreError> {
    for copy in &prepared.copies {
        Dialect::lock_grant(tx, copy.recipient.grant)?;
    }
    if !outbound::finish(tx, row.id, row.token)? {
        return Ok(Vec::new());
    }
    let recipients = std::slice::from_ref(&row.recipient);
    let at_us = prepared.shared.now_us;
    event::delivered(tx, store.ids(), &row.sent, recipients, at_us)?;
    let mut kept_blobs = Vec::with_capacity(prepared.blobs.len());
    for blob in &prepared.blobs {
        let kept = blobs::keep(tx, blob)?;
        kept_blobs.push(kept.key);
        let copies = prepared
            .copies
            .iter()
            .filter(|copy| copy.recipient.application == blob.application);
        for copy in copies {
            insert_copy(
                tx,
                prepared,
                copy,
                store.new_key(),
                kept,
                blob.inline.is_none(),
            )?;
        }
    }
    Ok(kept_blobs)
}

fn insert_copy(
    tx: &mut dyn Tx,
    prepared: &Prepared,
    copy: &Copy,
    id: Key,
    blob: KeptBlob,
    external: bool,
) -> Result<(), StoreError> {
    let shared = &prepared.shared;
    let now = shared.now_us / 1_000_000;
    let grant = copy.recipient.grant;
    let folder = if shared.is_junk {
        folders::system_folder(tx, grant, SystemFolder::Junk)?.unwrap_or(copy.recipient.inbox)
    } else {
        copy.recipient.inbox
    };
    let entry = folders::enter_unread(tx, grant, folder, copy.size_bytes)?.ok_or_else(|| {
        StoreError::Conflict {
            constraint: "the account was deleted while its mail arrived".to_owned(),
        }
    })?;
    let joined = threading::find(tx, grant, &copy.recipient.email, &shared.thread_keys, now)?;
    let thread = joined.unwrap_or(id);
    messages::insert(
        tx,
        &NewMessage {
            id,
            application: copy.recipient.application,
            grant,
            folder,
            entry,
            thread,
            blob: blob.key,
            date_at: now,
            unread: true,
            starred: false,
            metadata: None,
            has_attachment: shared.has_attachment,
            size_bytes: copy.size_bytes,
            subject: &shared.subject,
            trace: copy.trace.as_bytes(),
            header_section: external.then_some(shared.header_section.as_slice()),
            parts: copy.parts.as_deref(),
            verdicts: shared.verdicts.as_deref(),
            document: &copy.document,
            body: (!blob.has_body).then_some(&shared.body),
            terms: &shared.terms,
        },
    )?;
    changes::append(
        tx,
        &NewChange {
            application: copy.recipient.application,
            grant: Some(grant),
            kind: ChangeKind::MessageCreated,
            object: id,
            at_us: shared.now_us,
            data: None,
        },
    )?;
    // A forgery is no reply either.
    if joined.is_none() || shared.is_junk {
        return Ok(());
    }
    replied::announce(
        tx,
        &Joined {
            message: id,
            thread,
            recipient: &copy.recipient,
            keys: &shared.thread_keys,
            authors: &shared.authors,
            own_id: shared.own_id,
            now_us: shared.now_us,
        },
    )
}
