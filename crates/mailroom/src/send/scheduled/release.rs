//! Messages whose time has come are sent.

use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::engine::Dialect;
use posthouse_store::tables::grants::{self, GrantName};
use posthouse_store::tables::schedules::{self, DueSchedule, ScheduleState};
use posthouse_store::tables::{blobs, holds};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use super::super::limits::{
    HELD_SCHEDULE_RETRY_US, SCHEDULE_ATTEMPTS_MAX, SCHEDULE_CLAIM_US, SCHEDULE_RETRY_US,
    SCHEDULES_PER_STEP_MAX, SUSPENDED_RETRY_US,
};
use super::super::origin::{Origin, Release};
use super::failure::Failure;
use super::payload::Payload;
use crate::actor::GrantRef;
use crate::audit::{AuditEntry, Object, Outcome};
use crate::read::{away_from_async_threads, blob_source};
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Sends some of the messages whose time has come. Returns when to call again, in Unix microseconds; `None` when no
    /// message waits.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; claims then run out.
    pub async fn release_schedules(&self) -> Result<Option<i64>, Refusal> {
        let now_us = self.clock().unix_us();
        let Some(due_us) = self.next_schedule().await? else {
            return Ok(None);
        };
        if due_us > now_us {
            return Ok(Some(due_us));
        }
        let until_us = now_us + SCHEDULE_CLAIM_US;
        let claimed = self
            .store()
            .write(move |tx| schedules::claim(tx, now_us, until_us, SCHEDULES_PER_STEP_MAX))
            .await
            .map_err(Refusal::from)?;
        for due in claimed {
            if let Err(refusal) = self.release(&due).await {
                self.settle(&due, &refusal).await?;
            }
        }
        self.next_schedule().await
    }

    /// Ends the claims of a former process, where this process is known to be the only one.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; the claims then run out.
    pub async fn recover_schedules(&self) -> Result<u64, Refusal> {
        self.store()
            .write(move |tx: &mut dyn Tx| {
                if tx.dialect().is_embedded() {
                    schedules::release_all(tx)
                } else {
                    Ok(0)
                }
            })
            .await
            .map_err(Refusal::from)
    }

    async fn next_schedule(&self) -> Result<Option<i64>, Refusal> {
        let next = self.store().read(schedules::next_due);
        next.await.map_err(Refusal::from)
    }

    /// Sends a message as a request for it at this moment would.
    async fn release(&self, due: &DueSchedule) -> Result<(), Refusal> {
        if due.attempts > SCHEDULE_ATTEMPTS_MAX {
            return Err(Refusal::Unavailable {
                message: "tried too often".to_owned(),
            });
        }
        let (application, id, grant) = (due.application, due.id, due.grant);
        if self.waits_for_approval(due).await? {
            return Ok(());
        }
        let (account, place) = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, StoreError> {
                Ok((
                    grants::find(tx, application, grant)?,
                    schedules::payload(tx, id)?,
                ))
            })
            .await?;
        let (Some(account), Some(place)) = (account, place) else {
            return Err(Refusal::NotFound);
        };
        let kept = blob_source(self.store().blobs(), place).await?;
        let payload = away_from_async_threads(move || Payload::read(kept)).await??;
        let grant = GrantRef {
            application,
            grant,
            email: account.email,
        };
        let mut order = self.order(&grant, payload.outgoing).await?;
        order.origin = Origin::Schedule(Release {
            id: due.id,
            token: due.token,
            blob: due.blob,
            message: due.message,
            thread: due.thread,
            secret: payload.secret,
            attachments: payload.attachments,
        });
        self.send(&grant, order, None).await.map(|_| ())
    }

    /// Tells whether somebody has to approve the message, and puts the schedule back then.
    async fn waits_for_approval(&self, due: &DueSchedule) -> Result<bool, Refusal> {
        let (id, token) = (due.id, due.token);
        let due_us = self.clock().unix_us() + HELD_SCHEDULE_RETRY_US;
        let held = self
            .store()
            .read(move |tx: &mut dyn Tx| holds::pending_of(tx, None, Some(id)))
            .await?;
        if held.is_none() {
            return Ok(false);
        }
        self.store()
            .write(move |tx| schedules::put_back(tx, id, token, due_us))
            .await?;
        Ok(true)
    }

    /// Decides what becomes of a schedule whose message was not sent.
    async fn settle(&self, due: &DueSchedule, refusal: &Refusal) -> Result<(), Refusal> {
        let schedule_id = self.public_id(Kind::Schedule, due.id);
        match refusal {
            // The account is gone and takes its schedules along; or somebody else has claimed this one meanwhile.
            Refusal::NotFound => {
                tracing::info!(schedule.id = %schedule_id, "no longer to be sent");
                Ok(())
            }
            // It waits for the account to be resumed, which makes it due at once.
            Refusal::Suspended => {
                let due_us = self.clock().unix_us() + SUSPENDED_RETRY_US;
                let (id, token) = (due.id, due.token);
                self.store()
                    .write(move |tx| schedules::postpone(tx, id, token, due_us))
                    .await
                    .map_err(Refusal::from)
            }
            Refusal::Unavailable { .. } | Refusal::Internal { .. }
                if due.attempts <= SCHEDULE_ATTEMPTS_MAX =>
            {
                tracing::warn!(schedule.id = %schedule_id, "cannot send a scheduled message, trying again: {refusal}");
                let due_us = self.clock().unix_us() + SCHEDULE_RETRY_US;
                let (id, token) = (due.id, due.token);
                self.store()
                    .write(move |tx| schedules::put_back(tx, id, token, due_us))
                    .await
                    .map_err(Refusal::from)
            }
            refusal => {
                let failure = Failure::of(refusal);
                tracing::info!(schedule.id = %schedule_id, "not sent: {}", failure.message);
                self.fail(due, failure).await
            }
        }
    }

    async fn fail(&self, due: &DueSchedule, failure: Failure) -> Result<(), Refusal> {
        let (due, now_us) = (due.clone(), self.clock().unix_us());
        let mailroom = self.clone();
        let external = self
            .store()
            .write(move |tx: &mut dyn Tx| close_failed(tx, &mailroom, &due, &failure, now_us))
            .await
            .map_err(Refusal::from)?;
        self.remove_objects(external).await;
        Ok(())
    }
}

/// Closes a schedule and notes down why; returns application and key of bytes in the blob store that are to go.
fn close_failed(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    due: &DueSchedule,
    failure: &Failure,
    now_us: i64,
) -> Result<Vec<(Key, Key)>, StoreError> {
    Dialect::lock_grant(tx, due.grant)?;
    let now = now_us / 1_000_000;
    let state = ScheduleState::Failed;
    if !schedules::close(tx, due.id, due.token, state, Some(&failure.message), now)? {
        return Ok(Vec::new());
    }
    if grants::identify(tx, &GrantName::Id(due.grant))?.is_some() {
        let data = serde_json::to_string(failure).expect("texts and numbers serialise");
        changes::append(
            tx,
            &NewChange {
                application: due.application,
                grant: Some(due.grant),
                kind: ChangeKind::MessageSendFailed,
                object: due.id,
                at_us: now_us,
                data: Some(&data),
            },
        )?;
    }
    let entry = AuditEntry {
        grant: Some(due.grant),
        outcome: match failure.status_code {
            ..500 => Outcome::Rejected,
            _ => Outcome::Failed,
        },
        reason: &failure.message,
        ..AuditEntry::done(
            due.application,
            "message.send",
            Object::Row(Kind::Schedule, due.id),
        )
    };
    mailroom.audit(tx, &entry)?;
    let lock = tx.dialect().lock_rows();
    blobs::remove_unreferenced(tx, &[due.blob], lock)
}
