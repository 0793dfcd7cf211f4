//! Requests that are repeated with the same key are answered once.

use posthouse_store::tables::idempotency::{
    self, Beginning, COMMITTED, Fingerprint, Horizon, Slot,
};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use crate::actor::{Actor, GrantRef};
use crate::limits::{IDEMPOTENCY_RUNNING_SECONDS_MAX, IDEMPOTENCY_SECONDS};
use crate::{Mailroom, Refusal};

/// Rows that one step of the clean-up removes at most.
const ROWS_PER_STEP_MAX: i64 = 500;

/// How a request with a key goes on.
#[derive(Debug)]
pub enum Repeatable {
    /// It is the first one: do the work, then [`Running::finish`].
    First(Running),
    /// It was answered before: give the same answer.
    Answered(KeptAnswer),
    /// Its work was done, and whoever did it died before the answer was kept.
    Done(Made),
}

/// What a request made whose answer is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It sent the message with this public id, whose copy is in Sent.
    Message(String),
    /// Something that cannot be shown again.
    Other,
}

/// The key under which a request is running.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    slot: Slot,
    fingerprint: Fingerprint,
    begun: i64,
}

/// An answer as it was given; the numbers and texts mean something to the door only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Positive.
    pub status: u16,
    /// The whole body.
    pub body: String,
}

/// The first request with a key, on its way. Dropped without an answer, it frees the key.
#[derive(Debug)]
pub struct Running {
    mailroom: Mailroom,
    slot: Slot,
    fingerprint: Fingerprint,
    done: bool,
}

impl Mailroom {
    /// Begins a request that its client may repeat. `fingerprint` covers all that makes two requests the same; keys of
    /// different applications and accounts never meet.
    ///
    /// # Errors
    /// [`Refusal::IdempotencyMismatch`] and [`Refusal::IdempotencyRunning`].
    pub async fn begin_repeatable(
        &self,
        actor: &Actor,
        grant: Option<&GrantRef>,
        key: &str,
        fingerprint: Fingerprint,
    ) -> Result<Repeatable, Refusal> {
        let slot = Slot {
            application: actor.application,
            grant: grant.map(|grant| grant.grant),
            key: key.to_owned(),
        };
        let now = self.now_seconds();
        let horizon = Horizon {
            answered: now - IDEMPOTENCY_SECONDS,
            begun: now - IDEMPOTENCY_RUNNING_SECONDS_MAX,
        };
        let asked = slot.clone();
        let beginning = self
            .store()
            .write(move |tx| idempotency::begin(tx, &asked, &fingerprint, now, horizon))
            .await
            .map_err(Refusal::from)?;
        match beginning {
            Beginning::First => {
                if let Some(ticket) = &self.ticket {
                    // A handle serves one request, so nothing was there.
                    let _ = ticket.set(Ticket {
                        slot: slot.clone(),
                        fingerprint,
                        begun: now,
                    });
                }
                Ok(Repeatable::First(Running {
                    mailroom: self.clone(),
                    slot,
                    fingerprint,
                    done: false,
                }))
            }
            Beginning::Taken(kept) if kept.fingerprint != fingerprint => {
                Err(Refusal::IdempotencyMismatch)
            }
            Beginning::Taken(kept) if kept.status == 0 => Err(Refusal::IdempotencyRunning),
            Beginning::Taken(kept) if kept.status == COMMITTED => {
                Ok(Repeatable::Done(match kept.body.is_empty() {
                    true => Made::Other,
                    false => Made::Message(kept.body),
                }))
            }
            Beginning::Taken(kept) => Ok(Repeatable::Answered(KeptAnswer {
                status: u16::try_from(kept.status).unwrap_or(500),
                body: kept.body,
            })),
        }
    }

    /// Notes under the key of the request at hand, if it has one, that its work is done; in the transaction of that work,
    /// so that a process that dies afterwards cannot let it be done again. `message` is the copy in Sent, if there is one.
    pub(crate) fn note_done(
        &self,
        tx: &mut dyn Tx,
        message: Option<Key>,
    ) -> Result<(), StoreError> {
        let Some(ticket) = self.ticket.as_ref().and_then(|ticket| ticket.get()) else {
            return Ok(());
        };
        let made = message.map(|key| self.public_id(Kind::Message, key));
        let made = made.unwrap_or_default();
        let Ticket {
            slot,
            fingerprint,
            begun,
        } = ticket;
        if idempotency::commit(tx, slot, fingerprint, *begun, &made)? {
            return Ok(());
        }
        Err(StoreError::Refused(
            "a request took so long that its idempotency key was given away".to_owned(),
        ))
    }

    /// Removes answers that are no longer repeated; returns whether more are left.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn expire_repeatable(&self) -> Result<bool, StoreError> {
        let before = self.now_seconds() - IDEMPOTENCY_SECONDS;
        let removed = self
            .store()
            .write(move |tx| idempotency::prune(tx, before, ROWS_PER_STEP_MAX))
            .await?;
        Ok(removed >= ROWS_PER_STEP_MAX as u64)
    }
}

impl Running {
    /// Frees the key at once, for an answer that is not kept: a retry runs again.
    pub async fn release(mut self) {
        self.done = true;
        let (slot, fingerprint) = (self.slot.clone(), self.fingerprint);
        let released = self
            .mailroom
            .store()
            .write(move |tx| idempotency::release(tx, &slot, &fingerprint))
            .await;
        if let Err::<(), StoreError>(error) = released {
            tracing::debug!("cannot free an idempotency key: {error}");
        }
    }

    /// Keeps the answer for repeated requests. A failure to keep it is logged only: the work is done.
    pub async fn finish(mut self, answer: &KeptAnswer) {
        self.done = true;
        let (slot, fingerprint) = (self.slot.clone(), self.fingerprint);
        let KeptAnswer { status, body } = answer.clone();
        let kept = self
            .mailroom
            .store()
            .write(move |tx| idempotency::finish(tx, &slot, &fingerprint, i64::from(status), &body))
            .await;
        if let Err::<(), StoreError>(error) = kept {
            tracing::warn!("cannot keep the answer of a repeatable request: {error}");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (store, slot) = (self.mailroom.store().clone(), self.slot.clone());
        let fingerprint = self.fingerprint;
        runtime.spawn(async move {
            let released = store
                .write(move |tx| idempotency::release(tx, &slot, &fingerprint))
                .await;
            if let Err::<(), StoreError>(error) = released {
                tracing::debug!("cannot free an idempotency key: {error}");
            }
        });
    }
}
