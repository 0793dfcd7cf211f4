//! An operator retries, holds or drops what waits.

use posthouse_store::tables::outbound::{self, Outbound, OutboundState, remote, retries};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use super::bounce::{Bounce, BounceClass, BounceType};
use super::event::{self, Bounced, Sent};
use super::limits::ASKED_US;
use super::record::give_back;
use crate::actor::Actor;
use crate::audit::{AuditEntry, Object};
use crate::send::QueuedMail;
use crate::suppressions::sending_domain;
use crate::{Mailroom, Refusal};

/// What a bounce says of mail that an operator took off the queue.
const DROPPED: &str = "554 5.7.1 dropped from the queue by the operator";

impl Mailroom {
    /// Makes mail due now, whether it waited or was held; returns it as it is then. Every process that delivers tries even
    /// servers that it could not reach just now.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] while it is being delivered or when it is only captured.
    pub async fn retry_queued(&self, actor: &Actor, id: &str) -> Result<QueuedMail, Refusal> {
        let row = self.steer(actor, id, OutboundState::Queued).await?;
        self.wake_delivery();
        Ok(row)
    }

    /// Keeps mail where it is until it is retried.
    ///
    /// # Errors
    /// As [`Mailroom::retry_queued`].
    pub async fn hold_queued(&self, actor: &Actor, id: &str) -> Result<QueuedMail, Refusal> {
        self.steer(actor, id, OutboundState::Held).await
    }

    /// Takes mail off the queue; it counts as bounced.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] while it is being delivered.
    pub async fn drop_queued(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        let (id, application) = (self.open_id(Kind::Outbound, id)?, actor.application);
        let (mailroom, now_us) = (self.clone(), self.clock().unix_us());
        let dropping = self.store().write(move |tx: &mut dyn Tx| {
            let Some((row, _)) = outbound::find(tx, application, id)? else {
                return Ok(None);
            };
            if !remote::drop_one(tx, application, id, now_us)? {
                return Ok(Some(false));
            }
            let sent = Sent {
                application,
                grant: row.grant,
                message: row.message,
            };
            let bounced = [Bounced {
                address: row.recipient,
                diagnostic: DROPPED.to_owned(),
                bounce: Bounce {
                    kind: BounceType::General,
                    class: BounceClass::Soft,
                },
                is_uncertain: row.is_uncertain,
            }];
            event::bounced(tx, mailroom.store().ids(), &sent, &bounced, now_us)?;
            let [dropped] = &bounced;
            mailroom.note_steered(tx, &sent, id, &dropped.address, "queue.drop")?;
            give_back(tx, vec![(sent.message, 1)])?;
            Ok::<_, StoreError>(Some(true))
        });
        match dropping.await? {
            None => Err(Refusal::NotFound),
            Some(false) => Err(on_its_way(None)),
            Some(true) => Ok(()),
        }
    }

    /// Writes down what an operator did with mail that waits.
    fn note_steered(
        &self,
        tx: &mut dyn Tx,
        sent: &Sent,
        id: Key,
        recipient: &str,
        action: &'static str,
    ) -> Result<(), StoreError> {
        let entry = AuditEntry {
            grant: sent.grant,
            recipients: &[recipient],
            ..AuditEntry::done(sent.application, action, Object::Row(Kind::Outbound, id))
        };
        self.audit(tx, &entry)
    }

    async fn steer(
        &self,
        actor: &Actor,
        id: &str,
        to: OutboundState,
    ) -> Result<QueuedMail, Refusal> {
        let (id, application) = (self.open_id(Kind::Outbound, id)?, actor.application);
        let (mailroom, now_us) = (self.clone(), self.clock().unix_us());
        let steering = self.store().write(move |tx: &mut dyn Tx| {
            let steered = remote::steer(tx, application, id, now_us, to, now_us)?;
            let found: Option<Outbound> = find(tx, application, id)?;
            if let Some(row) = found.as_ref().filter(|_| steered) {
                let sent = Sent {
                    application,
                    grant: row.grant,
                    message: row.message,
                };
                let action = match to {
                    OutboundState::Held => "queue.hold",
                    _ => "queue.retry",
                };
                if to == OutboundState::Queued {
                    let domain = sending_domain(&row.recipient).to_ascii_lowercase();
                    retries::ask(tx, &domain, now_us, now_us - ASKED_US)?;
                }
                mailroom.note_steered(tx, &sent, id, &row.recipient, action)?;
            }
            Ok::<_, StoreError>((steered, found))
        });
        match steering.await? {
            (_, None) => Err(Refusal::NotFound),
            (false, Some(row)) => Err(on_its_way(Some(row.state))),
            (true, Some(row)) => Ok(self.view_queued(&row)),
        }
    }
}

fn find(tx: &mut dyn Tx, application: Key, id: Key) -> Result<Option<Outbound>, StoreError> {
    Ok(outbound::find(tx, application, id)?.map(|(row, _)| row))
}

fn on_its_way(state: Option<OutboundState>) -> Refusal {
    let message = match state {
        Some(OutboundState::Captured) => {
            "captured mail is delivered nowhere; start the server with --outbound direct to deliver"
        }
        _ => "the mail is being delivered at this moment, look again in a minute",
    };
    Refusal::Conflict {
        message: message.to_owned(),
    }
}
