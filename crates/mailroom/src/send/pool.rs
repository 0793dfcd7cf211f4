//! Sending at a rate, where the operator set one: what an application sends beyond it waits for a slot, and what would wait
//! too long is refused.
//!
//! A message in parts waits as a schedule whose time is its slot: kept, shown, called off and told of like any other. Drafts,
//! finished sources and mail of domains do not wait: they are refused while no slot is free. What was taken to be sent later
//! goes when its time has come.

use posthouse_store::Tx;
use posthouse_store::tables::send_pools::{self, Pace, Slot};
use posthouse_types::ids::Key;

use super::limits::{BURST_QUEUE_US, BURST_US};
use super::outgoing::Outgoing;
use super::scheduled::ScheduledMessage;
use super::submit::{NotNow, SentMessage};
use crate::actor::GrantRef;
use crate::read::HeaderDetail;
use crate::{Mailroom, Refusal};

/// What became of a message.
#[derive(Debug, Clone)]
pub enum Departed {
    /// It is on its way.
    Now(SentMessage),
    /// It goes as soon as the application's rate allows.
    Later(ScheduledMessage),
}

impl Mailroom {
    /// Lets an application send so many messages in a second from now on. To be called before doors are opened.
    pub fn send_at_most(&self, per_second: u32) {
        self.inner.outgate.rate.get_or_init(|| per_second.max(1));
    }

    /// Sends a message made of parts now, or as soon as the application's rate allows.
    ///
    /// # Errors
    /// As [`Mailroom::send_message`]; [`Refusal::RateLimited`] when too many wait already.
    pub async fn send_or_queue(
        &self,
        grant: &GrantRef,
        outgoing: Outgoing,
        headers: Option<HeaderDetail>,
    ) -> Result<Departed, Refusal> {
        let spare = self.inner.outgate.rate.get().map(|_| outgoing.clone());
        let order = self.order(grant, outgoing).await?;
        match (self.send_now(grant, order, headers).await, spare) {
            (Err(NotNow::NoSlot(_)), Some(outgoing)) => {
                let slot = self.take_slot(grant.application, BURST_QUEUE_US).await;
                if let Err(refusal) = &slot {
                    self.note_no_slot(Some(grant.grant), grant.application, refusal)
                        .await?;
                }
                let slot_us = slot?;
                let send_at = slot_us.div_euclid(1_000_000) + 1;
                let waiting = self.take_message(grant, outgoing, send_at).await;
                waiting.map(Departed::Later)
            }
            (sent, _) => sent.map(Departed::Now).map_err(NotNow::refusal),
        }
    }

    /// Takes a slot that is at most so many microseconds away; returns its time in Unix microseconds.
    pub(super) async fn take_slot(
        &self,
        application: Key,
        ahead_us_max: i64,
    ) -> Result<i64, Refusal> {
        let now_us = self.clock().unix_us();
        let Some(rate) = self.inner.outgate.rate.get().copied() else {
            return Ok(now_us);
        };
        let pace = Pace {
            interval_us: 1_000_000 / i64::from(rate),
            saved_us: BURST_US,
            ahead_us_max,
        };
        let slot = self
            .store()
            .write(move |tx: &mut dyn Tx| send_pools::take(tx, application, &pace, now_us))
            .await
            .map_err(Refusal::from)?;
        match slot {
            Slot::Taken(slot_us) => Ok(slot_us),
            Slot::TooFar(slot_us) => {
                let wait_us = slot_us - now_us - ahead_us_max;
                Err(Refusal::RateLimited {
                    message: format!("the sending rate of {rate} a second is used up"),
                    retry_after_seconds: u64::try_from(wait_us / 1_000_000 + 1).unwrap_or(1),
                })
            }
        }
    }
}
