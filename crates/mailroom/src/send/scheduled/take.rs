//! A message is taken to be sent later: checked as if it went now, and kept with the ids it will have.

use std::sync::Arc;

use posthouse_store::blobs::PreparedBlob;
use posthouse_store::engine::Dialect;
use posthouse_store::tables::blobs;
use posthouse_store::tables::grants::{self, GrantName};
use posthouse_store::tables::schedules::{self, NewSchedule};
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{Key, Kind};

use super::super::commit::thread;
use super::super::compose::Marks;
use super::super::limits::INLINE_WORK_BYTES_MAX;
use super::super::outgoing::{Outgoing, OutgoingFile, OutgoingSource};
use super::super::submit::{Order, Work, with_target};
use super::payload::Payload;
use crate::actor::GrantRef;
use crate::govern::Standing;
use crate::govern::outbound::Seen;
use crate::govern::quota::check_waiting;
use crate::limits::{SCHEDULE_SECONDS_MAX, SCHEDULE_SECONDS_MIN, SCHEDULES_OPEN_MAX};
use crate::read::away_from_async_threads;
use crate::receive::document;
use crate::receive::threading::ThreadKeys;
use crate::{Mailroom, Refusal};

/// A message that will be sent.
#[derive(Debug, Clone)]
pub struct ScheduledMessage {
    /// Public id that the copy in Sent will have.
    pub id: String,
    /// Public id of the schedule.
    pub schedule_id: String,
    /// Unix seconds.
    pub send_at: i64,
    /// The object that the copy will have, as JSON, in no folder; it may lack `reply_to_message_id`.
    pub object: Vec<u8>,
    /// Whether the object tells what it answers.
    pub is_reply: bool,
    /// Addresses of recipients that were left out, where that was asked for.
    pub suppressed: Option<Vec<String>>,
}

/// A message made ready to wait.
pub(in crate::send) struct Waiting {
    pub(in crate::send) blob: PreparedBlob,
    subject: String,
    pub(in crate::send) thread_keys: ThreadKeys,
    pub(in crate::send) answered_thread: Option<Key>,
    pub(in crate::send) is_reply: bool,
    starred: bool,
    /// Members of the object from `subject` to `metadata`.
    members: String,
    /// As JSON.
    body: String,
    send_at: i64,
    pub(in crate::send) now: i64,
    /// For whoever looks at it before it waits.
    seen: Option<Seen>,
}

/// What a taken message was given.
pub(in crate::send) struct Taken {
    /// The schedule, or the hold.
    schedule: Key,
    message: Key,
    thread: Key,
}

impl Taken {
    /// What a message was given that waits for approval.
    pub(in crate::send) fn of_hold(hold: Key, message: Key, thread: Key) -> Self {
        Self {
            schedule: hold,
            message,
            thread,
        }
    }
}

impl Mailroom {
    /// Takes a message to be sent at a Unix second. When this returns it is on stable storage.
    ///
    /// # Errors
    /// As [`Mailroom::send_message`]; [`Refusal::Invalid`] for a time too near or too far, or when too many wait.
    pub async fn schedule_message(
        &self,
        grant: &GrantRef,
        outgoing: Outgoing,
        send_at: i64,
    ) -> Result<ScheduledMessage, Refusal> {
        check_time(send_at, self.now_seconds())?;
        self.take_message(grant, outgoing, send_at).await
    }

    /// Takes a message to be sent at a time that is right.
    pub(in crate::send) async fn take_message(
        &self,
        grant: &GrantRef,
        outgoing: Outgoing,
        send_at: i64,
    ) -> Result<ScheduledMessage, Refusal> {
        let mut order = self.order(grant, outgoing).await?;
        let departure = order.departure(grant);
        let passage = self.skim(&departure, &mut order.work).await?;
        let standing = self
            .standing_of_sender(grant, order.sender.workspace())
            .await?;
        let is_small = order.work.bytes() <= INLINE_WORK_BYTES_MAX;
        let (mailroom, owner) = (self.clone(), grant.clone());
        let of_sender = Arc::clone(&standing);
        let prepare = move || mailroom.prepare_waiting(&owner, order, send_at, Some(&of_sender));
        let (mut waiting, envelope_from, envelope) = if is_small {
            prepare()?
        } else {
            away_from_async_threads(prepare).await??
        };
        let cleared = self.clear(&departure, &envelope_from, envelope, passage);
        let (envelope, suppressed) = cleared.await?;
        if let Some(seen) = waiting.seen.take() {
            // Whether it is held, or gets a star, is decided when its time has come.
            self.govern_outbound(grant, &standing, seen, &envelope)
                .await?;
        }
        waiting.blob = self.store().blobs().keep(waiting.blob).await?;
        let waiting = Arc::new(waiting);
        let taken = self.commit_waiting(grant, &waiting).await?;
        let id = self.public_id(Kind::Message, taken.message);
        let schedule_id = self.public_id(Kind::Schedule, taken.schedule);
        tracing::info!(schedule.id = %schedule_id, grant.id = %self.public_id(Kind::Grant, grant.grant), "scheduled");
        let object = self.waiting_object(grant, &waiting, &taken, true);
        Ok(ScheduledMessage {
            id,
            schedule_id,
            send_at,
            object: object.into_bytes(),
            is_reply: waiting.is_reply,
            suppressed,
        })
    }

    /// Writes the message down, which finds everything that is wrong with it, and packs what it is made of.
    pub(in crate::send) fn prepare_waiting(
        &self,
        grant: &GrantRef,
        order: Order,
        send_at: i64,
        standing: Option<&Standing>,
    ) -> Result<(Waiting, String, Vec<EmailAddress>), Refusal> {
        let store = self.store();
        let codec = store.ids();
        let now = self.now_seconds();
        let marks = Marks {
            now: send_at,
            secret: order.origin.secret(),
        };
        let (composed, message) = order.write_down(&marks)?;
        self.check_outgoing(composed.raw.len(), composed.recipients.envelope.len())?;
        let mut promised = order.origin.attachments().iter().copied();
        let parts = document::parts(&message, || {
            promised.next().unwrap_or_else(|| store.new_key())
        });
        let grant_id = codec.seal(Kind::Grant, grant.grant).to_string();
        let size = composed.raw.len() as i64;
        let members = document::members(&message, parts.as_ref(), &grant_id, codec, size);
        let mut members = with_target(members, order.answered.as_ref(), codec);
        let metadata = order.notes.metadata.stored();
        members.push_str(",\"metadata\":");
        members.push_str(metadata.as_deref().unwrap_or("{}"));
        let normalised = posthouse_mime::subject::normalise(&message.subject);
        let subject_base = normalised.base.to_lowercase();
        let thread_keys = ThreadKeys::of(&message, &subject_base, normalised.is_reply, codec);
        let is_answer = order.answered.is_some();
        let seen = standing.map(|standing| {
            let named = composed.recipients.named();
            let (author, raw) = (&composed.author, &composed.raw);
            Seen::of(
                author,
                named,
                raw,
                &message,
                &thread_keys,
                is_answer,
                standing,
            )
        });
        let outgoing = match order.work {
            Work::Parts(outgoing, _) => *outgoing,
            Work::Source(source) => as_file(source),
        };
        let attachments = parts.iter().flat_map(|parts| &parts.attachments);
        let payload = Payload {
            outgoing,
            secret: marks.secret,
            attachments: attachments.map(|attachment| Key(attachment.id)).collect(),
        };
        let blob = PreparedBlob::new(store.new_key(), grant.application, &payload.write())?;
        let waiting = Waiting {
            blob,
            subject: message.subject.clone(),
            thread_keys,
            is_reply: order.answered.is_some(),
            answered_thread: order.answered.map(|answered| answered.thread),
            starred: order.notes.starred,
            members,
            body: document::json_string(message.body()),
            send_at,
            now,
            seen,
        };
        Ok((
            waiting,
            composed.envelope_from,
            composed.recipients.envelope,
        ))
    }

    /// Refuses what does not fit into the account beside all that waits already.
    pub(in crate::send) fn check_room_to_wait(
        &self,
        tx: &mut dyn Tx,
        grant: &GrantRef,
        blob: &PreparedBlob,
    ) -> Result<(), Refusal> {
        let standing = self.standing_of_account(tx, (grant.application, grant.grant))?;
        let bytes = blob.size_bytes.max(0).unsigned_abs();
        check_waiting(tx, &standing.policy, grant.grant, bytes)?;
        Ok(())
    }

    async fn commit_waiting(
        &self,
        grant: &GrantRef,
        waiting: &Arc<Waiting>,
    ) -> Result<Taken, Refusal> {
        let (mailroom, owner, ready) = (self.clone(), grant.clone(), Arc::clone(waiting));
        let outcome = self
            .store()
            .write(move |tx| mailroom.insert_waiting(tx, &owner, &ready))
            .await;
        let may_be_there = matches!(&outcome, Err(Refusal::Unavailable { .. }));
        if outcome.is_err() && !may_be_there {
            self.remove_bytes(std::iter::once(&waiting.blob)).await;
        }
        outcome
    }

    fn insert_waiting(
        &self,
        tx: &mut dyn Tx,
        grant: &GrantRef,
        waiting: &Waiting,
    ) -> Result<Taken, Refusal> {
        Dialect::lock_grant(tx, grant.grant)?;
        if grants::identify(tx, &GrantName::Id(grant.grant))?.is_none() {
            return Err(Refusal::NotFound);
        }
        if schedules::count_pending(tx, grant.grant)? >= SCHEDULES_OPEN_MAX {
            let message =
                format!("send_at: at most {SCHEDULES_OPEN_MAX} messages of an account may wait");
            return Err(Refusal::invalid("send_at", message)
                .with_fix("cancel one that waits, or send without send_at"));
        }
        self.check_room_to_wait(tx, grant, &waiting.blob)?;
        let message = self.store().new_key();
        let thread = thread(
            tx,
            grant,
            waiting.answered_thread,
            &waiting.thread_keys,
            waiting.now,
        )?;
        let taken = Taken {
            schedule: self.store().new_key(),
            message,
            thread: thread.unwrap_or(message),
        };
        let blob = blobs::keep(tx, &waiting.blob)?;
        let shown = self.waiting_object(grant, waiting, &taken, false);
        schedules::insert(
            tx,
            &NewSchedule {
                id: taken.schedule,
                application: grant.application,
                grant: grant.grant,
                message: taken.message,
                thread: taken.thread,
                blob: blob.key,
                send_at: waiting.send_at,
                subject: &waiting.subject,
                shown: &shown,
                now: waiting.now,
            },
        )?;
        self.note_done(tx, None)?;
        Ok::<_, StoreError>(taken).map_err(Refusal::from)
    }

    /// Returns the object that the copy will have; it is in no folder yet.
    pub(in crate::send) fn waiting_object(
        &self,
        grant: &GrantRef,
        waiting: &Waiting,
        taken: &Taken,
        with_body: bool,
    ) -> String {
        let Waiting {
            send_at,
            now,
            starred,
            members,
            body,
            ..
        } = waiting;
        let body = if with_body {
            format!(",\"body\":{body}")
        } else {
            String::new()
        };
        format!(
            "{{\"id\":\"{}\",\"object\":\"message\",\"grant_id\":\"{}\",\"thread_id\":\"{}\",\"folders\":[],\
             \"date\":{send_at},\"created_at\":{now},\"unread\":false,\"starred\":{starred},\"answered\":false,\
             {members}{body}}}",
            self.public_id(Kind::Message, taken.message),
            self.public_id(Kind::Grant, grant.grant),
            self.public_id(Kind::Thread, taken.thread),
        )
    }
}

/// Keeps a finished source as the one file of an empty message.
fn as_file(source: OutgoingSource) -> Outgoing {
    Outgoing {
        files: vec![OutgoingFile {
            content: source.raw,
            ..OutgoingFile::default()
        }],
        skip_suppressed: source.skip_suppressed,
        require_tls: source.require_tls,
        ..Outgoing::default()
    }
}

fn check_time(send_at: i64, now: i64) -> Result<(), Refusal> {
    let ahead = send_at.saturating_sub(now);
    if (SCHEDULE_SECONDS_MIN..=SCHEDULE_SECONDS_MAX).contains(&ahead) {
        return Ok(());
    }
    let message = format!(
        "send_at: expected Unix seconds, {SCHEDULE_SECONDS_MIN} seconds to {} days ahead",
        SCHEDULE_SECONDS_MAX / 86_400
    );
    Err(Refusal::invalid("send_at", message))
}
