//! Mail that arrives is asked about, looked at once, and weighed for each of its recipients.

use std::sync::Arc;

use posthouse_mime::ParsedMessage;
use posthouse_net::scanners::Specimen;
use posthouse_rules::spam::{Authentication, Findings};
use posthouse_store::Tx;
use posthouse_store::tables::spam;
use posthouse_types::ids::Key;

use super::letter::{Envelope, examine};
use super::outside::{Heard, Infected, Unscanned};
use super::weigh::{Steering, Weighed};
use crate::Mailroom;
use crate::govern::Standing;
use crate::receive::{InboundDelivery, ReceiveRefusal};

/// What is known of an arriving message, the same for all its recipients.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence {
    findings: Findings,
    checks: Option<Authentication>,
    heard: Heard,
    /// The author's address, lower case.
    author: String,
}

impl Evidence {
    /// Looks at a message. `seed` is of [`Mailroom::features_wanted`]. Not for async threads when the message is large.
    pub(crate) fn of(
        delivery: &InboundDelivery,
        message: &ParsedMessage,
        (checks, heard): (Option<Authentication>, Heard),
        now_us: i64,
        seed: Option<u64>,
    ) -> Self {
        let recipients = delivery.recipients.iter();
        let mut our_domains: Vec<&str> = recipients
            .map(|recipient| recipient.delivered_to.domain().as_str())
            .collect();
        our_domains.sort_unstable();
        our_domains.dedup();
        let envelope = Envelope {
            helo: &delivery.helo,
            our_domains: &our_domains,
            arrived_at: now_us / 1_000_000,
            authentication: checks,
        };
        let author = message.from.first();
        Self {
            findings: examine(&delivery.raw, message, &envelope, seed),
            checks,
            heard,
            author: author
                .map(|author| author.email.to_lowercase())
                .unwrap_or_default(),
        }
    }
}

impl Mailroom {
    /// Asks block lists and scanners about a message, where the operator has named any.
    ///
    /// # Errors
    /// [`ReceiveRefusal::Infected`], which is on record then; [`ReceiveRefusal::Unavailable`] when the virus scanner could not
    /// look and mail is to wait for it.
    pub(crate) async fn hear_of(
        &self,
        delivery: &InboundDelivery,
    ) -> Result<Heard, ReceiveRefusal> {
        if !self.spam_settings().outside.is_anybody() {
            return Ok(Heard::default());
        }
        // On the heap: every session would carry the room for it otherwise.
        Box::pin(self.ask_others(delivery)).await
    }

    async fn ask_others(&self, delivery: &InboundDelivery) -> Result<Heard, ReceiveRefusal> {
        let envelope_from = delivery.envelope_from.as_ref();
        let specimen = Specimen {
            raw: delivery.raw.clone(),
            peer: delivery.peer,
            helo: delivery.helo.clone(),
            envelope_from: envelope_from
                .map(|sender| sender.as_str().to_owned())
                .unwrap_or_default(),
            recipients: delivery
                .recipients
                .iter()
                .map(|recipient| recipient.delivered_to.as_str().to_owned())
                .collect(),
        };
        let with_lists = self.wants_block_lists(delivery).await;
        match self.hear(&specimen, with_lists).await {
            Ok(heard) => Ok(heard),
            Err(Unscanned::Wait) => Err(ReceiveRefusal::Unavailable),
            Err(Unscanned::Infected(malware)) => {
                self.note_infected(delivery, &malware).await?;
                Err(ReceiveRefusal::Infected)
            }
        }
    }

    /// Tells whether a recipient's policy wants block lists asked; costs a look only where the operator has named some.
    async fn wants_block_lists(&self, delivery: &InboundDelivery) -> bool {
        if self.spam_settings().outside.block_lists.is_none() {
            return false;
        }
        let recipients = delivery.recipients.iter();
        let accounts: Vec<(Key, Key)> = recipients
            .map(|recipient| (recipient.application, recipient.grant))
            .collect();
        let mailroom = self.clone();
        let standings = self
            .store()
            .read(move |tx: &mut dyn Tx| mailroom.standings_in(tx, &accounts))
            .await;
        standings.is_ok_and(|standings| {
            standings
                .iter()
                .any(|standing| standing.policy.spam.use_list_dnsbl)
        })
    }

    async fn note_infected(
        &self,
        delivery: &InboundDelivery,
        malware: &Infected,
    ) -> Result<(), ReceiveRefusal> {
        tracing::info!(
            session.id = delivery.session_id,
            "refused a message with malware: {}",
            malware.0
        );
        let reason = format!("malware: {}", malware.0);
        self.note_rejected(delivery, &reason).await
    }

    /// Returns the key of features when any workspace here has learned enough for the classifier to be asked.
    pub(crate) async fn features_wanted(&self) -> Option<u64> {
        let now_us = self.clock().unix_us();
        let nobody = Key(0);
        if let Some(heard) = self.inner.corpora.get(&nobody, now_us) {
            return heard.is_heard().then(|| self.feature_seed());
        }
        let began = self.inner.corpora.generation();
        let found = self.store().read(spam::most_learned).await;
        let most = match found {
            Ok(most) => super::corpora::read(most),
            Err(error) => {
                tracing::warn!("cannot look up whether anything was learned of spam: {error}");
                return None;
            }
        };
        self.inner.corpora.keep(nobody, most, now_us, began);
        most.is_heard().then(|| self.feature_seed())
    }

    /// Weighs a message for each recipient of a delivery, in their order.
    pub(crate) async fn weigh_arrival(
        &self,
        delivery: &InboundDelivery,
        mut evidence: Evidence,
        standings: &[Arc<Standing>],
    ) -> Vec<Weighed> {
        let each = delivery.recipients.iter().zip(standings);
        let steering: Vec<Steering> = each
            .map(|(recipient, standing)| Steering {
                grant: recipient.grant,
                workspace: standing.workspace,
                header_anomalies: standing.policy.spam.use_header_anomaly_detection,
                block_lists: standing.policy.spam.use_list_dnsbl,
                sensitivity: standing.policy.spam.sensitivity,
            })
            .collect();
        if steering.iter().any(|one| one.block_lists) {
            let domains = &evidence.findings.link_domains;
            self.hear_of_links(&mut evidence.heard, domains).await;
        }
        self.weigh(
            &evidence.findings,
            &evidence.author,
            evidence.checks.as_ref(),
            &evidence.heard,
            &steering,
        )
        .await
    }
}
