//! The transaction of an arriving message: blob, rows, counters, receipts and changes, all or nothing.

use posthouse_mime::ParsedMessage;
use posthouse_rules::rule::Action;
use posthouse_store::blobs::PreparedBlob;
use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::engine::Dialect;
use posthouse_store::tables::blobs::KeptBlob;
use posthouse_store::tables::folders::Shift;
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
use crate::Mailroom;
use crate::audit::{AuditEntry, Object, Outcome};
use crate::govern::destination::destination;
use crate::govern::evaluations::Moved;
use crate::govern::inbound::{InboundVerdict, Refused};
use crate::govern::quota::{Charge, Unpaid, charge_received};
use crate::outbound::event;
use crate::spam::Weighed;

/// Bytes that the rows of one delivery may have in all: every recipient has a row of its own with everything a listing
/// shows, so that a long body for a thousand recipients would be a thousand bodies in one transaction.
pub(super) const ROWS_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A message made ready for its transaction.
#[derive(Debug)]
pub(crate) struct Prepared {
    blobs: Vec<PreparedBlob>,
    /// In the order of the accounts' keys, so that transactions lock mailboxes in one order.
    copies: Vec<Copy>,
    /// Receipt digest for each of `blobs`.
    digests: Vec<i64>,
    shared: Shared,
    /// For whom nothing is stored, and why.
    refused: Vec<Refused>,
    /// The same message with less in it, for other recipients.
    others: Vec<Prepared>,
    /// Its share of the memory for deliveries; small ones have none.
    _share: Option<Share>,
}

impl Prepared {
    /// Returns what is stored of all forms of the message.
    pub(super) fn blobs(&self) -> impl Iterator<Item = &PreparedBlob> {
        self.forms().flat_map(|form| &form.blobs)
    }

    pub(super) fn blobs_mut(&mut self) -> impl Iterator<Item = &mut PreparedBlob> {
        let others = self.others.iter_mut().flat_map(|form| &mut form.blobs);
        self.blobs.iter_mut().chain(others)
    }

    fn forms(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.others)
    }

    /// Returns the recipient whose account it is, and the policy of its workspace.
    pub(super) fn recipient(&self, grant: Key) -> Option<(&Recipient, Option<Key>)> {
        let mut copies = self.forms().flat_map(|form| &form.copies);
        let copy = copies.find(|copy| copy.recipient.grant == grant)?;
        let standing = copy.verdict.standing.as_ref();
        Some((
            &copy.recipient,
            standing.and_then(|standing| standing.policy_id),
        ))
    }

    /// Locks all mailboxes, in the order of their keys, so that no two transactions wait for each other.
    fn lock(&self, tx: &mut dyn Tx) -> Result<(), StoreError> {
        let copies = self.forms().flat_map(|form| &form.copies);
        let mut grants: Vec<Key> = copies.map(|copy| copy.recipient.grant).collect();
        grants.sort_unstable();
        grants
            .into_iter()
            .try_for_each(|grant| Dialect::lock_grant(tx, grant))
    }

    /// Adds another form of the message.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.others.push(other);
        self
    }

    /// Notes for whom nothing is stored.
    pub(super) fn refusing(self, refused: Vec<Refused>) -> Self {
        Self { refused, ..self }
    }

    /// Keeps a share of the memory for deliveries for as long as this is in it.
    pub(super) fn holding(self, share: Option<Share>) -> Self {
        Self {
            _share: share,
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
    /// What was found out about it, as JSON.
    verdicts: Option<String>,
    verdict: InboundVerdict,
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
    /// Places of the delivery's recipients among all of the message's.
    pub(super) places: &'a [usize],
    pub(super) message: &'a ParsedMessage,
    pub(super) now_us: i64,
}

/// Computes everything the transaction needs.
pub(super) fn prepare(
    arrival: &Arrival<'_>,
    judged: Judged,
    verdicts: Vec<InboundVerdict>,
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
        is_junk: judged.is_junk,
        now_us: arrival.now_us,
    };
    let mut copies: Vec<Copy> = Vec::with_capacity(delivery.recipients.len());
    let mut rows_bytes = 0;
    let each = delivery.recipients.iter().zip(verdicts);
    for ((recipient, verdict), place) in each.zip(arrival.places.iter().copied()) {
        let copy = copy(arrival, &judged, recipient, verdict, place);
        rows_bytes += copy.document.len() + copy.parts.as_ref().map_or(0, String::len);
        rows_bytes += shared.subject.len() + shared.body.len() + shared.header_section.len();
        if rows_bytes > ROWS_BYTES_MAX && !copies.is_empty() {
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
        refused: Vec::new(),
        others: Vec::new(),
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

fn copy(
    arrival: &Arrival<'_>,
    judged: &Judged,
    recipient: &Recipient,
    verdict: InboundVerdict,
    place: usize,
) -> Copy {
    let message = arrival.message;
    let codec = arrival.store.ids();
    let trace = trace::lines(
        arrival.delivery,
        arrival.hostname,
        &judged.results_field,
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
        verdicts: verdict.beside(judged.verdicts.as_deref()),
        verdict,
    }
}

/// Stores a prepared message; runs inside the writer, so it computes nothing it could have been handed.
///
/// The messages' keys are made here, while their mailboxes are locked: in a mailbox, what is stored later has a higher
/// key. Who waits for messages reads on from the last one's.
pub(crate) fn deliver(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    prepared: &Prepared,
    confirmed: &[Key],
) -> Result<Delivery, Unpaid> {
    prepared.lock(tx)?;
    for receipt in confirmed {
        receipt_rows::drop_one(tx, *receipt)?;
    }
    for refused in &prepared.refused {
        refused.write(tx, mailroom)?;
    }
    let mut delivered = Stored::default();
    for form in prepared.forms() {
        deliver_form(tx, mailroom, form, &mut delivered)?;
    }
    let Stored {
        mut stored,
        receipts,
        kept_blobs,
    } = delivered;
    stored.sort_unstable_by_key(|(place, _)| *place);
    Ok(Delivery {
        messages: stored.into_iter().map(|(_, key)| key).collect(),
        receipts,
        blobs: kept_blobs,
    })
}

/// What a transaction stored.
#[derive(Default)]
struct Stored {
    /// Each recipient's place, and the copy.
    stored: Vec<(usize, Key)>,
    receipts: Vec<Key>,
    kept_blobs: Vec<Key>,
}

/// Stores one form of a message for those who get it.
fn deliver_form(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    prepared: &Prepared,
    into: &mut Stored,
) -> Result<(), Unpaid> {
    for (blob, digest) in prepared.blobs.iter().zip(&prepared.digests) {
        let kept = blobs::keep(tx, blob)?;
        into.kept_blobs.push(kept.key);
        let copies = prepared
            .copies
            .iter()
            .filter(|copy| copy.recipient.application == blob.application);
        if kept.key != blob.key {
            let oldest = Key::floor_of(prepared.shared.now_us / 1_000 - DUPLICATE_WINDOW_MS);
            if let Some(earlier) = receipt_rows::find(tx, kept.key, *digest, oldest)? {
                into.stored.extend(copies.map(|copy| (copy.place, earlier)));
                into.receipts.push(earlier);
                continue;
            }
        }
        let mut first = None;
        for copy in copies {
            let id = mailroom.store().new_key();
            let blob = (kept, blob.inline.is_none());
            insert_copy(tx, mailroom, prepared, copy, id, blob)?;
            first = first.or(Some(id));
            into.stored.push((copy.place, id));
        }
        if let Some(first) = first {
            receipt_rows::leave(tx, first, *digest)?;
            into.receipts.push(first);
        }
    }
    Ok(())
}

/// Stores a prepared message and removes its row from the queue; returns the blobs its messages refer to, or none when
/// the row was no longer the caller's.
pub(crate) fn deliver_queued(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    prepared: &Prepared,
    row: &QueueRow,
) -> Result<Vec<Key>, Unpaid> {
    prepared.lock(tx)?;
    if !outbound::finish(tx, row.id, row.token)? {
        return Ok(Vec::new());
    }
    let recipients = &[event::Delivered::once(&row.recipient)];
    let at_us = prepared.shared.now_us;
    event::delivered(tx, mailroom.store().ids(), &row.sent, recipients, at_us)?;
    let mut kept_blobs = Vec::with_capacity(prepared.blobs.len());
    let forms = prepared.forms();
    for (form, blob) in forms.flat_map(|form| form.blobs.iter().map(move |blob| (form, blob))) {
        let kept = blobs::keep(tx, blob)?;
        kept_blobs.push(kept.key);
        let copies = form
            .copies
            .iter()
            .filter(|copy| copy.recipient.application == blob.application);
        for copy in copies {
            let id = mailroom.store().new_key();
            let blob = (kept, blob.inline.is_none());
            insert_copy(tx, mailroom, form, copy, id, blob)?;
        }
    }
    Ok(kept_blobs)
}

/// Where a copy is stored.
struct Place {
    folder: Key,
    /// By which rule's action, if by one.
    moved: Option<Moved>,
    is_junk: bool,
    /// It goes for good after a while.
    is_set_aside: bool,
}

/// Returns where a copy is stored: where the first rule moves it that can, else in Junk or Inbox.
fn place(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    shared: &Shared,
    copy: &Copy,
) -> Result<Place, StoreError> {
    let grant = copy.recipient.grant;
    let codec = mailroom.store().ids();
    if let Some(moved) = destination(tx, codec, grant, &copy.verdict.moves)? {
        return Ok(Place {
            folder: moved.folder,
            is_junk: moved.by == Action::MarkAsSpam,
            is_set_aside: moved.is_set_aside(),
            moved: Some(moved),
        });
    }
    let is_junk = shared.is_junk || copy.verdict.weighed.as_ref().is_some_and(Weighed::is_spam);
    let junk = match is_junk {
        true => folders::system_folder(tx, grant, SystemFolder::Junk)?,
        false => None,
    };
    Ok(Place {
        folder: junk.unwrap_or(copy.recipient.inbox),
        moved: None,
        is_junk,
        is_set_aside: is_junk,
    })
}

fn entering_read(bytes: i64) -> Shift {
    Shift {
        entering: 1,
        total: 1,
        unread: 0,
        bytes,
    }
}

/// Uses up what a copy takes of what its account may receive and keep.
fn charge(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    copy: &Copy,
    id: Key,
    now: i64,
) -> Result<(), Unpaid> {
    let Some(standing) = &copy.verdict.standing else {
        return Ok(());
    };
    let charge = Charge {
        application: copy.recipient.application,
        grant: Some(copy.recipient.grant),
        bytes: copy.size_bytes.unsigned_abs(),
        now,
    };
    charge_received(tx, mailroom.operator_plan(), standing, &charge, id)
}

/// Writes down why a copy went to Junk without a rule that says so.
fn audit_junked(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    copy: &Copy,
    id: Key,
) -> Result<(), StoreError> {
    let spam = copy.verdict.weighed.as_ref().filter(|one| one.is_spam());
    let reason = match spam {
        Some(weighed) => weighed.reason(),
        None => "the author's domain asks for it: DMARC fails".to_owned(),
    };
    let object = Object::Row(Kind::Message, id);
    let entry = AuditEntry {
        grant: Some(copy.recipient.grant),
        recipients: &[copy.recipient.delivered_to.as_str()],
        outcome: Outcome::Junked,
        reason: &reason,
        ..AuditEntry::done(copy.recipient.application, "message.receive", object)
    };
    mailroom.audit(tx, &entry)
}

fn insert_copy(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    prepared: &Prepared,
    copy: &Copy,
    id: Key,
    (blob, external): (KeptBlob, bool),
) -> Result<(), Unpaid> {
    let shared = &prepared.shared;
    let now = shared.now_us / 1_000_000;
    let grant = copy.recipient.grant;
    let verdict = &copy.verdict;
    charge(tx, mailroom, copy, id, now)?;
    let place = place(tx, mailroom, shared, copy)?;
    let folder = place.folder;
    let entry = match verdict.is_read {
        false => folders::enter_unread(tx, grant, folder, copy.size_bytes)?,
        true => folders::shift(tx, grant, folder, &entering_read(copy.size_bytes))?,
    };
    let entry = entry.ok_or_else(|| StoreError::Conflict {
        constraint: "the account was deleted while its mail arrived".to_owned(),
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
            unread: !verdict.is_read,
            starred: verdict.is_starred,
            metadata: None,
            has_attachment: shared.has_attachment,
            size_bytes: copy.size_bytes,
            subject: &shared.subject,
            trace: copy.trace.as_bytes(),
            header_section: external.then_some(shared.header_section.as_slice()),
            parts: copy.parts.as_deref(),
            verdicts: copy.verdicts.as_deref(),
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
    if place.is_set_aside {
        messages::set_aside(tx, id, now)?;
    }
    if place.is_junk && place.moved.is_none() {
        audit_junked(tx, mailroom, copy, id)?;
    }
    if let Some(record) = &verdict.record {
        record.write(tx, mailroom, Some(id), place.moved.as_ref())?;
        let standing = verdict.standing.as_ref();
        let policy = standing.and_then(|standing| standing.policy_id);
        record.audit_dropped(tx, mailroom, id, policy)?;
    }
    // A forgery is no reply either.
    if joined.is_none() || place.is_junk {
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
    .map_err(Unpaid::from)
}
