//! A message is held: kept with the ids its copy will have, until somebody decides.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use posthouse_store::Tx;
use posthouse_store::blobs::PreparedBlob;
use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::engine::Dialect;
use posthouse_store::tables::grants::{self, GrantName};
use posthouse_store::tables::holds::{self, Hold, HoldState};
use posthouse_store::tables::{blobs, schedules};
use posthouse_types::ids::{Key, Kind};
use serde_json::{Value, json};

use super::super::commit::thread;
use super::super::limits::{HOLDS_OPEN_MAX, INLINE_WORK_BYTES_MAX};
use super::super::origin::Origin;
use super::super::scheduled::{Taken, Waiting};
use super::super::submit::{Order, SentMessage, Work};
use super::{HoldCause, HoldView};
use crate::actor::GrantRef;
use crate::audit::{AuditEntry, Object, Outcome};
use crate::govern::outbound::OutboundVerdict;
use crate::read::away_from_async_threads;
use crate::{Mailroom, Refusal};

/// A message made ready to be held.
struct Holding {
    waiting: Waiting,
    origin: Origin,
    is_source: bool,
    cause: HoldCause,
    verdict: OutboundVerdict,
    /// Everybody it goes to.
    recipients: Vec<String>,
}

impl Mailroom {
    /// Holds a message until somebody decides. When this returns it is on stable storage.
    ///
    /// # Errors
    /// As sending; [`Refusal::Conflict`] for a draft that is held already, [`Refusal::RateLimited`] when too many wait.
    pub(in crate::send) async fn hold_message(
        &self,
        grant: &GrantRef,
        order: Order,
        cause: HoldCause,
        verdict: OutboundVerdict,
    ) -> Result<SentMessage, Refusal> {
        let is_source = matches!(order.work, Work::Source(_));
        let origin = order.origin.clone();
        let now = self.now_seconds();
        let is_small = order.work.bytes() <= INLINE_WORK_BYTES_MAX;
        let (mailroom, owner) = (self.clone(), grant.clone());
        let prepare = move || mailroom.prepare_waiting(&owner, order, now, None);
        let (mut waiting, _, envelope) = if is_small {
            prepare()?
        } else {
            away_from_async_threads(prepare).await??
        };
        // What a schedule keeps serves the hold, too.
        if !matches!(origin, Origin::Schedule(_)) {
            waiting.blob = self.store().blobs().keep(waiting.blob).await?;
        }
        let recipients = envelope.iter().map(|one| one.as_str().to_owned());
        let holding = Arc::new(Holding {
            recipients: recipients.collect(),
            waiting,
            origin,
            is_source,
            cause,
            verdict,
        });
        let hold = self.commit_hold(grant, &holding).await?;
        let hold_id = self.public_id(Kind::Hold, hold.id);
        tracing::info!(hold.id = %hold_id, grant.id = %self.public_id(Kind::Grant, grant.grant), "held");
        metrics::counter!("posthouse_send_held_total").increment(1);
        let taken = Taken::of_hold(hold.id, hold.message, hold.thread);
        let object = self.waiting_object(grant, &holding.waiting, &taken, true);
        Ok(SentMessage {
            id: self.public_id(Kind::Message, hold.message),
            object: object.into_bytes(),
            is_reply: holding.waiting.is_reply,
            suppressed: None,
            warnings: holding.verdict.guard.warned.clone(),
            hold: Some(self.view_hold(&hold)?),
        })
    }

    async fn commit_hold(&self, grant: &GrantRef, holding: &Arc<Holding>) -> Result<Hold, Refusal> {
        let (mailroom, owner, ready) = (self.clone(), grant.clone(), Arc::clone(holding));
        let outcome = self
            .store()
            .write(move |tx: &mut dyn Tx| mailroom.insert_hold(tx, &owner, &ready))
            .await;
        let may_be_there = matches!(&outcome, Err(Refusal::Unavailable { .. }));
        let own: Option<&PreparedBlob> = match holding.origin {
            Origin::Schedule(_) => None,
            _ => Some(&holding.waiting.blob),
        };
        if outcome.is_err() && !may_be_there {
            self.remove_bytes(own.into_iter()).await;
        }
        outcome
    }

    fn insert_hold(
        &self,
        tx: &mut dyn Tx,
        grant: &GrantRef,
        holding: &Holding,
    ) -> Result<Hold, Refusal> {
        Dialect::lock_grant(tx, grant.grant)?;
        if grants::identify(tx, &GrantName::Id(grant.grant))?.is_none() {
            return Err(Refusal::NotFound);
        }
        let (draft, schedule) = match &holding.origin {
            Origin::Draft(drafted) => {
                drafted.find(tx, grant)?.ok_or(Refusal::NotFound)?;
                (Some((drafted.id, drafted.modseq)), None)
            }
            Origin::Schedule(release) => (None, Some(release.id)),
            Origin::Request | Origin::Held(_) => (None, None),
        };
        if let Some(other) = holds::pending_of(tx, draft.map(|(id, _)| id), schedule)? {
            let id = self.public_id(Kind::Hold, other);
            let message = format!("the message waits for approval already, as {id}");
            return Err(Refusal::Conflict { message });
        }
        if holds::count_pending(tx, grant.grant)? >= HOLDS_OPEN_MAX {
            return Err(Refusal::RateLimited {
                message: format!("{HOLDS_OPEN_MAX} messages of this account wait for approval"),
                retry_after_seconds: 3_600,
            });
        }
        let hold = self.new_hold(tx, grant, holding, draft)?;
        holds::insert(tx, &hold)?;
        if let Origin::Schedule(release) = &holding.origin {
            // It waits for the decision, and a day for whoever decides in the last moment.
            let due_us = (hold.expires_at + 86_400).saturating_mul(1_000_000);
            schedules::put_back(tx, release.id, release.token, due_us)?;
        }
        if let Some(record) = &holding.verdict.record {
            record.write(tx, self, None, None)?;
        }
        self.tell_held(tx, &hold, holding)?;
        self.note_done(tx, None)?;
        Ok(hold)
    }

    fn new_hold(
        &self,
        tx: &mut dyn Tx,
        grant: &GrantRef,
        holding: &Holding,
        draft: Option<(Key, i64)>,
    ) -> Result<Hold, Refusal> {
        let Holding {
            waiting, origin, ..
        } = holding;
        let (message, thread, blob, schedule) = match origin {
            Origin::Schedule(release) => (
                release.message,
                release.thread,
                release.blob,
                Some(release.id),
            ),
            _ => {
                self.check_room_to_wait(tx, grant, &waiting.blob)?;
                let message = self.store().new_key();
                let joined = waiting.answered_thread.or(origin.thread());
                let found = thread(tx, grant, joined, &waiting.thread_keys, waiting.now)?;
                let blob = blobs::keep(tx, &waiting.blob)?;
                (message, found.unwrap_or(message), blob.key, None)
            }
        };
        let wait = self.inner.outgate.hold_seconds.load(Ordering::Relaxed);
        let id = self.store().new_key();
        let taken = Taken::of_hold(id, message, thread);
        Ok(Hold {
            id,
            application: grant.application,
            grant: grant.grant,
            message,
            thread,
            blob: Some(blob),
            is_source: holding.is_source,
            draft,
            schedule,
            why: serde_json::to_string(&holding.cause).expect("texts and numbers serialise"),
            shown: self.waiting_object(grant, waiting, &taken, false),
            state: HoldState::Pending,
            note: None,
            created_at: waiting.now,
            expires_at: waiting.now.saturating_add(wait),
            decided_at: None,
        })
    }

    /// Writes the event and the entry of the audit log.
    fn tell_held(&self, tx: &mut dyn Tx, hold: &Hold, holding: &Holding) -> Result<(), Refusal> {
        let view = self.view_hold(hold)?;
        let data = self.event_of(&view).to_string();
        changes::append(
            tx,
            &NewChange {
                application: hold.application,
                grant: Some(hold.grant),
                kind: ChangeKind::MessageHeld,
                object: hold.id,
                at_us: self.clock().unix_us(),
                data: Some(&data),
            },
        )?;
        let recipients: Vec<&str> = holding.recipients.iter().map(String::as_str).collect();
        let rules: Vec<Key> = holding.cause.rules.iter().map(|rule| Key(*rule)).collect();
        let reason = holding.cause.reasons.join("; ");
        let entry = AuditEntry {
            grant: Some(hold.grant),
            recipients: &recipients,
            policy: holding.verdict.standing.policy_id,
            rules: &rules,
            outcome: Outcome::Held,
            reason: &reason,
            ..AuditEntry::done(
                hold.application,
                "message.send",
                Object::Row(Kind::Hold, hold.id),
            )
        };
        self.audit(tx, &entry)?;
        Ok(())
    }

    /// Returns what the event says: addresses as plain texts, and nothing of the body.
    fn event_of(&self, view: &HoldView) -> Value {
        let message: Value = serde_json::from_slice(&view.message).unwrap_or_default();
        let addresses = |field: &str| -> Vec<Value> {
            let list = message[field].as_array().cloned().unwrap_or_default();
            list.into_iter().map(|one| one["email"].clone()).collect()
        };
        json!({
            "hold_id": view.id,
            "rule_ids": view.rule_ids,
            "reasons": view.reasons,
            "expires_at": view.expires_at,
            "message": {
                "id": message["id"],
                "subject": message["subject"],
                "from": addresses("from").into_iter().next().unwrap_or_default(),
                "to": addresses("to"),
                "cc": addresses("cc"),
                "bcc": addresses("bcc"),
                "metadata": message["metadata"],
            },
        })
    }
}
