//! The transaction of a sent message: its copy in Sent, the queue, what it answers, and the changes; all or nothing.

use posthouse_rules::facts::OutboundType;
use posthouse_store::blobs::PreparedBlob;
use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::engine::Dialect;
use posthouse_store::tables::blobs;
use posthouse_store::tables::folders::{self, Shift};
use posthouse_store::tables::grants::{self, GrantName};
use posthouse_store::tables::messages::{self, NewMessage, StoredBody};
use posthouse_store::tables::outbound::{self, NewOutbound, OutboundState, TlsNeed};
use posthouse_store::tables::sendings::{self, Charged, Sending};
use posthouse_store::tables::terms::Term;
use posthouse_store::tables::tracked::{self, NewTracked};
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::{Key, Kind};

use super::origin::Origin;
use super::tracking::TrackingOptions;
use crate::Mailroom;
use crate::actor::GrantRef;
use crate::audit::{AuditEntry, Object, Outcome};
use crate::govern::destination::destination;
use crate::govern::loops::{self, Reply, Unsent};
use crate::govern::outbound::{OutboundVerdict, outbound_type};
use crate::govern::quota::{Charge, charge_sent, usage_day};
use crate::organise::{self, MessageChanges};
use crate::read::{Detail, load};
use crate::receive::threading::{self, THREAD_MESSAGES_MAX, ThreadKeys};

/// A message made ready for its transaction.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) envelope_from: String,
    pub(super) envelope: Vec<EnvelopeRecipient>,
    pub(super) tls_need: TlsNeed,
    pub(super) blob: PreparedBlob,
    pub(super) body: StoredBody,
    pub(super) document: String,
    pub(super) parts: Option<String>,
    pub(super) thread_keys: ThreadKeys,
    pub(super) terms: Vec<Term>,
    /// Lower case.
    pub(super) subject: String,
    pub(super) has_attachment: bool,
    pub(super) size_bytes: i64,
    pub(super) header_section: Vec<u8>,
    pub(super) starred: bool,
    pub(super) tracking: Option<TrackingOptions>,
    pub(super) metadata: Option<String>,
    /// The message that it answers, and that one's thread.
    pub(super) answered: Option<(Key, Key)>,
    /// What events say of it.
    pub(super) about: String,
    pub(super) origin: Origin,
    /// What its sender's rules made of it; there once they were asked.
    pub(super) verdict: Option<OutboundVerdict>,
    pub(super) now_us: i64,
}

/// Somebody who is to get the message.
#[derive(Debug)]
pub(super) struct EnvelopeRecipient {
    pub(super) address: EmailAddress,
    pub(super) is_local: bool,
}

/// What a committed message left behind.
#[derive(Debug)]
pub(super) struct Committed {
    pub(super) id: Key,
    pub(super) blob: Key,
    /// The copy's object: rendered here, because after the commit nothing may fail any more.
    pub(super) object: Vec<u8>,
    /// Application and key of bytes in the blob store that are to go.
    pub(super) external: Vec<(Key, Key)>,
}

/// Stores and queues a message; `None` when the account is gone, or what the message was before is not the caller's.
pub(super) fn commit(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    ready: &Ready,
) -> Result<Option<Committed>, Unsent> {
    Dialect::lock_grant(tx, grant.grant)?;
    if grants::identify(tx, &GrantName::Id(grant.grant))?.is_none() {
        return Ok(None);
    }
    let Some(sent) = folders::system_folder(tx, grant.grant, SystemFolder::Sent)? else {
        return Ok(None);
    };
    if !ready.origin.end(tx, grant, ready.now_us)? {
        return Ok(None);
    }
    let now = ready.now_us / 1_000_000;
    let (id, thread) = place(tx, mailroom, grant, ready, now)?;
    spend_reply(tx, mailroom, grant, ready, (id, thread))?;
    let verdict = ready.verdict.as_ref();
    if let Some(verdict) = verdict {
        let charge = Charge {
            application: grant.application,
            grant: Some(grant.grant),
            bytes: ready.size_bytes.unsigned_abs(),
            now: ready.now_us / 1_000_000,
        };
        let effective = &verdict.standing.policy;
        let leaving = ready.origin.bytes_leaving(tx, grant)?;
        charge_sent(tx, mailroom.operator_plan(), effective, &charge, leaving)?;
    }
    let moves = verdict.map_or(&[][..], |verdict| &verdict.moves);
    let moved = destination(tx, mailroom.store().ids(), grant.grant, moves)?;
    let folder = moved.as_ref().map_or(sent, |moved| moved.folder);
    let blob = blobs::keep(tx, &ready.blob)?;
    let entering = Shift {
        entering: 1,
        total: 1,
        unread: 0,
        bytes: ready.size_bytes,
    };
    let Some(entry) = folders::shift(tx, grant.grant, folder, &entering)? else {
        return Ok(None);
    };
    messages::insert(
        tx,
        &NewMessage {
            id,
            application: grant.application,
            grant: grant.grant,
            folder,
            entry,
            thread,
            blob: blob.key,
            date_at: now,
            unread: false,
            starred: ready.starred || verdict.is_some_and(|verdict| verdict.is_starred),
            metadata: ready.metadata.as_deref(),
            has_attachment: ready.has_attachment,
            size_bytes: ready.size_bytes,
            subject: &ready.subject,
            trace: b"",
            header_section: ready.blob.inline.is_none().then_some(&ready.header_section),
            parts: ready.parts.as_deref(),
            verdicts: None,
            document: &ready.document,
            body: (!blob.has_body).then_some(&ready.body),
            terms: &ready.terms,
        },
    )?;
    changes::append(
        tx,
        &NewChange {
            application: grant.application,
            grant: Some(grant.grant),
            kind: ChangeKind::MessageCreated,
            object: id,
            at_us: ready.now_us,
            data: None,
        },
    )?;
    if let Some(moved) = moved.as_ref().filter(|moved| moved.is_set_aside()) {
        tracing::debug!("the copy of a sent message went to {:?}", moved.by);
        messages::set_aside(tx, id, now)?;
    }
    if let Some(record) = verdict.and_then(|verdict| verdict.record.as_ref()) {
        record.write(tx, mailroom, Some(id), moved.as_ref())?;
    }
    track(tx, grant, ready, id, thread)?;
    queue(
        tx,
        mailroom,
        &Mailing {
            application: grant.application,
            grant: Some(grant.grant),
            message: id,
            blob: blob.key,
            envelope_from: &ready.envelope_from,
            envelope: &ready.envelope,
            tls_need: ready.tls_need,
            about: &ready.about,
            now_us: ready.now_us,
        },
    )?;
    if let Some((answered, _)) = ready.answered {
        let changes = MessageChanges {
            answered: Some(true),
            ..MessageChanges::default()
        };
        organise::apply(tx, mailroom, grant, &[answered], &changes)?;
    }
    note_sent(tx, mailroom, grant, ready, id)?;
    let external = ready.origin.note_sent(tx, grant, ready.now_us)?;
    if let Origin::Held(approval) = &ready.origin {
        let entry = AuditEntry {
            grant: Some(grant.grant),
            reason: approval.note.as_deref().unwrap_or_default(),
            ..AuditEntry::done(
                grant.application,
                "hold.approve",
                Object::Row(Kind::Hold, approval.id),
            )
        };
        mailroom.audit(tx, &entry)?;
    }
    mailroom.note_done(tx, Some(id))?;
    let codec = mailroom.store().ids();
    let object = load(tx, codec, grant.grant, &[id], Detail::Standard)?
        .page
        .json;
    Ok(Some(Committed {
        id,
        blob: blob.key,
        object,
        external,
    }))
}

/// Writes down that the account sent it, and to whom.
fn note_sent(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    ready: &Ready,
    id: Key,
) -> Result<(), StoreError> {
    let everybody = ready.envelope.iter().map(|one| one.address.as_str());
    let recipients: Vec<&str> = everybody.collect();
    let object = Object::Row(Kind::Message, id);
    let verdict = ready.verdict.as_ref();
    let warnings = verdict.map_or(String::new(), |one| one.guard.warned.join("; "));
    let entry = AuditEntry {
        grant: Some(grant.grant),
        recipients: &recipients,
        policy: verdict.and_then(|one| one.standing.policy_id),
        outcome: match warnings.is_empty() {
            true => Outcome::Done,
            false => Outcome::Warned,
        },
        reason: &warnings,
        ..AuditEntry::done(grant.application, "message.send", object)
    };
    mailroom.audit(tx, &entry)
}

/// Counts the message as a reply, if it is one.
fn spend_reply(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    ready: &Ready,
    (message, thread): (Key, Key),
) -> Result<(), Unsent> {
    let asked = ready
        .verdict
        .as_ref()
        .and_then(|verdict| verdict.outbound_type);
    let kind = match asked {
        Some(kind) => kind,
        None => {
            let references = ready.thread_keys.references();
            outbound_type(tx, grant.grant, ready.answered.is_some(), references)?
        }
    };
    if kind == OutboundType::Compose {
        return Ok(());
    }
    let envelope = ready.envelope.iter();
    let reply = Reply {
        grant,
        thread,
        message,
        recipients: envelope.map(|recipient| &recipient.address).collect(),
        now_us: ready.now_us,
    };
    loops::spend(tx, mailroom, &reply)
}

/// Returns the key of the copy and the thread it joins.
fn place(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    ready: &Ready,
    now: i64,
) -> Result<(Key, Key), StoreError> {
    if let Some(promised) = ready.origin.place() {
        return Ok(promised);
    }
    let id = mailroom.store().new_key();
    let answered = ready.answered.map(|(_, thread)| thread);
    let joined = answered.or(ready.origin.thread());
    let thread = thread(tx, grant, joined, &ready.thread_keys, now)?;
    Ok((id, thread.unwrap_or(id)))
}

/// Returns the thread that a message joins: the one of the message it answers, else as an arriving message would.
pub(super) fn thread(
    tx: &mut dyn Tx,
    grant: &GrantRef,
    answered: Option<Key>,
    keys: &ThreadKeys,
    now: i64,
) -> Result<Option<Key>, StoreError> {
    match answered {
        Some(thread) => {
            let is_full = messages::thread_has(tx, grant.grant, thread, THREAD_MESSAGES_MAX)?;
            Ok((!is_full).then_some(thread))
        }
        None => threading::find(tx, grant.grant, &grant.email, keys, now),
    }
}

/// Notes what the application wants to learn of the message.
fn track(
    tx: &mut dyn Tx,
    grant: &GrantRef,
    ready: &Ready,
    message: Key,
    thread: Key,
) -> Result<(), StoreError> {
    let wanted = ready.tracking.as_ref();
    let Some(wanted) = wanted.filter(|wanted| **wanted != TrackingOptions::default()) else {
        return Ok(());
    };
    let options = serde_json::to_string(wanted).expect("flags and texts serialise");
    tracked::insert(
        tx,
        &NewTracked {
            message,
            grant: grant.grant,
            thread,
            options: &options,
            label: &wanted.label,
            thread_replies: wanted.thread_replies,
        },
    )
}

/// A message on its way out.
pub(super) struct Mailing<'a> {
    pub(super) application: Key,
    pub(super) grant: Option<Key>,
    pub(super) message: Key,
    pub(super) blob: Key,
    pub(super) envelope_from: &'a str,
    pub(super) envelope: &'a [EnvelopeRecipient],
    /// What TLS it needs.
    pub(super) tls_need: TlsNeed,
    /// What events say of it.
    pub(super) about: &'a str,
    pub(super) now_us: i64,
}

/// Puts a message into the queue, once for each recipient.
pub(super) fn queue(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    mailing: &Mailing<'_>,
) -> Result<(), StoreError> {
    sendings::insert(
        tx,
        &Sending {
            message: mailing.message,
            application: mailing.application,
            grant: mailing.grant,
            about: mailing.about.to_owned(),
            charged: mailing.grant.map(|_| Charged {
                day: usage_day(mailing.now_us / 1_000_000),
                recipients: mailing.envelope.len() as i64,
            }),
        },
    )?;
    for recipient in mailing.envelope {
        let state = if recipient.is_local {
            OutboundState::Queued
        } else {
            mailroom.state_of_mail_for_others()
        };
        outbound::insert(
            tx,
            &NewOutbound {
                id: mailroom.store().new_key(),
                application: mailing.application,
                grant: mailing.grant,
                message: mailing.message,
                blob: mailing.blob,
                envelope_from: mailing.envelope_from,
                recipient: recipient.address.as_str(),
                domain: recipient.address.domain().as_str(),
                is_local: recipient.is_local,
                state,
                tls_need: mailing.tls_need,
                due_us: mailing.now_us,
                now: mailing.now_us / 1_000_000,
            },
        )?;
    }
    Ok(())
}
