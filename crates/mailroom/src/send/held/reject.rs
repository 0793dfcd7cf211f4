//! A held message is not sent: somebody decided so, or nobody decided in time.

use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::engine::Dialect;
use posthouse_store::tables::blobs;
use posthouse_store::tables::holds::{self, Hold, HoldState};
use posthouse_store::tables::schedules::{self, ScheduleState};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Kind;

use super::super::limits::{HOLD_KEPT_SECONDS, HOLDS_PER_STEP_MAX};
use super::super::scheduled::Failure;
use super::HoldView;
use super::approve::checked;
use crate::actor::Actor;
use crate::audit::{AuditEntry, Object, Outcome};
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Decides that a held message is not sent.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] when somebody has decided; [`Refusal::Forbidden`] for a key of an account.
    pub async fn reject_hold(
        &self,
        actor: &Actor,
        hold_id: &str,
        reason: Option<String>,
    ) -> Result<HoldView, Refusal> {
        let reason = checked(reason, "reason")?;
        let hold = self.hold_to_decide(actor, hold_id).await?;
        let told = reason
            .clone()
            .unwrap_or_else(|| "the message was rejected".to_owned());
        let id = hold.id;
        let done = self
            .drop_hold(hold, HoldState::Rejected, reason, told)
            .await?;
        if !done {
            return Err(self.decided_meanwhile(actor, id).await);
        }
        tracing::info!(hold.id = %hold_id, "rejected");
        self.get_hold(actor, hold_id).await
    }

    /// Ends holds that nobody decided on in time, and removes records that have served theirs; returns whether more are left.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn expire_holds(&self) -> Result<bool, StoreError> {
        let now = self.now_seconds();
        let overdue = self
            .store()
            .read(move |tx: &mut dyn Tx| holds::overdue(tx, now, HOLDS_PER_STEP_MAX))
            .await?;
        let more = overdue.len() as i64 >= HOLDS_PER_STEP_MAX;
        for hold in overdue {
            self.expire_hold(&hold).await?;
        }
        let before = now - HOLD_KEPT_SECONDS;
        let (removed, external) = self
            .store()
            .write(move |tx: &mut dyn Tx| -> Result<_, StoreError> {
                let (removed, gone) = holds::expire(tx, before, HOLDS_PER_STEP_MAX)?;
                let lock = tx.dialect().skip_locked();
                let external = blobs::remove_unreferenced(tx, &gone, lock)?;
                Ok((removed, external))
            })
            .await?;
        self.remove_objects(external).await;
        Ok(more || removed >= HOLDS_PER_STEP_MAX.unsigned_abs())
    }

    pub(super) async fn expire_hold(&self, hold: &Hold) -> Result<bool, StoreError> {
        let told = "nobody approved the message in time".to_owned();
        self.drop_hold(hold.clone(), HoldState::Expired, None, told)
            .await
    }

    /// Ends a hold without sending; tells whether nobody had decided.
    async fn drop_hold(
        &self,
        hold: Hold,
        state: HoldState,
        note: Option<String>,
        told: String,
    ) -> Result<bool, StoreError> {
        let mailroom = self.clone();
        self.store()
            .write(move |tx: &mut dyn Tx| {
                Dialect::lock_grant(tx, hold.grant)?;
                let now = mailroom.now_seconds();
                if !holds::decide(tx, hold.id, state, note.as_deref(), now)? {
                    return Ok(false);
                }
                if let Some(schedule) = hold.schedule {
                    let failed = ScheduleState::Failed;
                    schedules::close_held(tx, schedule, failed, Some(&told), now)?;
                }
                mailroom.tell_dropped(tx, &hold, state, &told)?;
                Ok(true)
            })
            .await
    }

    fn tell_dropped(
        &self,
        tx: &mut dyn Tx,
        hold: &Hold,
        state: HoldState,
        told: &str,
    ) -> Result<(), StoreError> {
        let failure = Failure {
            kind: "forbidden".to_owned(),
            message: told.to_owned(),
            status_code: 403,
        };
        let data = serde_json::to_string(&failure).expect("texts and numbers serialise");
        changes::append(
            tx,
            &NewChange {
                application: hold.application,
                grant: Some(hold.grant),
                kind: ChangeKind::MessageSendFailed,
                object: hold.schedule.unwrap_or(hold.id),
                at_us: self.clock().unix_us(),
                data: Some(&data),
            },
        )?;
        let action = match state {
            HoldState::Expired => "hold.expire",
            _ => "hold.reject",
        };
        let entry = AuditEntry {
            grant: Some(hold.grant),
            outcome: Outcome::Rejected,
            reason: told,
            ..AuditEntry::done(hold.application, action, Object::Row(Kind::Hold, hold.id))
        };
        self.audit(tx, &entry)
    }
}
