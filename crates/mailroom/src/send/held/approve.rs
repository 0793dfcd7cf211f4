//! Somebody approves a held message: it is sent as a request for it at this moment would be.

use posthouse_store::tables::{grants, holds};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use super::super::limits::HOLD_NOTE_CHARACTERS_MAX;
use super::super::origin::Origin;
use super::super::outgoing::OutgoingSource;
use super::super::scheduled::Payload;
use super::super::submit::{Notes, Order, Work};
use super::{Approval, HoldView, decided};
use crate::actor::{Actor, GrantRef};
use crate::read::{away_from_async_threads, blob_source};
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Sends a held message. When this returns, the copy in Sent and the queue are on stable storage.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] when somebody has decided; [`Refusal::Forbidden`] for a key of an account, and when a rule or
    /// the guard blocks the message by now; [`Refusal::RateLimited`], [`Refusal::Suspended`] and others as sending. The hold
    /// is pending then.
    pub async fn approve_hold(
        &self,
        actor: &Actor,
        hold_id: &str,
        note: Option<String>,
    ) -> Result<HoldView, Refusal> {
        let note = checked(note, "note")?;
        let hold = self.hold_to_decide(actor, hold_id).await?;
        if hold.expires_at <= self.now_seconds() {
            self.expire_hold(&hold).await?;
            return Err(decided(holds::HoldState::Expired));
        }
        let (id, application, owner) = (hold.id, hold.application, hold.grant);
        let (account, place) = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, StoreError> {
                Ok((
                    grants::find(tx, application, owner)?,
                    holds::payload(tx, id)?,
                ))
            })
            .await?;
        let (Some(account), Some(place), Some(blob)) = (account, place, hold.blob) else {
            return Err(self.decided_meanwhile(actor, id).await);
        };
        let kept = blob_source(self.store().blobs(), place).await?;
        let payload = away_from_async_threads(move || Payload::read(kept)).await??;
        let grant = GrantRef {
            application,
            grant: owner,
            email: account.email,
        };
        let approval = Approval {
            id,
            blob,
            message: hold.message,
            thread: hold.thread,
            secret: payload.secret.clone(),
            attachments: payload.attachments.clone(),
            draft: hold.draft,
            schedule: hold.schedule,
            note,
        };
        let mut order = match hold.is_source {
            true => self.order_of_source(&grant, payload).await?,
            false => self.order(&grant, payload.outgoing).await?,
        };
        order.origin = Origin::Held(approval);
        match self.send(&grant, order, None).await {
            Ok(_) => self.get_hold(actor, hold_id).await,
            Err(Refusal::NotFound) => Err(self.decided_meanwhile(actor, id).await),
            Err(refusal) => Err(refusal),
        }
    }

    async fn order_of_source(&self, grant: &GrantRef, payload: Payload) -> Result<Order, Refusal> {
        let skip_suppressed = payload.outgoing.skip_suppressed;
        let require_tls = payload.outgoing.require_tls;
        let Some(source) = payload.outgoing.files.into_iter().next() else {
            return Err(Refusal::Internal {
                message: "a held source is empty".to_owned(),
            });
        };
        Ok(Order {
            sender: self.sender(grant).await?,
            work: Work::Source(OutgoingSource {
                raw: source.content,
                skip_suppressed,
                require_tls,
            }),
            notes: Notes::default(),
            answered: None,
            origin: Origin::Request,
        })
    }

    /// Returns why a hold that was pending a moment ago is no longer.
    pub(super) async fn decided_meanwhile(&self, actor: &Actor, id: Key) -> Refusal {
        let (mailroom, actor) = (self.clone(), actor.clone());
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| mailroom.find_hold(tx, &actor, id))
            .await;
        match found {
            Ok(hold) if hold.decided_at.is_some() => decided(hold.state),
            Ok(_) => Refusal::Unavailable {
                message: format!(
                    "the hold {} was being decided on, nothing was done",
                    self.public_id(Kind::Hold, id)
                ),
            },
            Err(refusal) => refusal,
        }
    }
}

/// Returns what somebody has to say about a decision.
pub(super) fn checked(text: Option<String>, field: &str) -> Result<Option<String>, Refusal> {
    let text = text.filter(|text| !text.is_empty());
    match &text {
        Some(text) if text.chars().count() > HOLD_NOTE_CHARACTERS_MAX => {
            let message = format!("{field}: at most {HOLD_NOTE_CHARACTERS_MAX} characters");
            Err(Refusal::invalid(field, message))
        }
        _ => Ok(text),
    }
}
