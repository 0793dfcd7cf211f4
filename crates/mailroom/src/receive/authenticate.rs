//! Who sent an arriving message: asked before its transaction, and what follows from the answer.
//!
//! Trouble with the DNS never costs a message: what is not told in time is a temporary error, which condemns nobody.

use std::borrow::Cow;

use bytes::Bytes;
use posthouse_net::address_class::{AddressClass, classify};
use posthouse_net::authentication::fields::Fields;
use posthouse_net::authentication::results_header;
use posthouse_net::authentication::verdict::{DkimResult, DkimVerdict, DmarcResult, Policy};
use posthouse_net::authentication::{Authenticator, Envelope, Verdicts};
use posthouse_rules::spam::Authentication;
use posthouse_types::address::EmailAddress;
use serde_json::{Value, json};

use super::accept::{InboundDelivery, ReceiveRefusal};
use crate::Mailroom;
use crate::dmarc_reports::Fate;
use crate::spam::{self, Heard};

/// Whose mail is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckedPeers {
    /// Everybody's. SPF is asked about peers with a public address only: another's says nothing of who it is.
    Public,
    /// Everybody's, SPF included: for a network of one's own.
    All,
    /// Nobody's.
    None,
}

/// What becomes of mail that fails DMARC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DmarcAction {
    /// Nothing; the verdict is shown.
    Off,
    /// Where the author's domain asks for quarantine or rejection, it goes to Junk.
    Junk,
    /// Where the author's domain asks for rejection, it is refused; for quarantine, it goes to Junk.
    Reject,
}

/// How arriving mail is checked.
#[derive(Clone)]
pub struct Arrivals {
    /// The checks.
    pub authenticator: Authenticator,
    /// Whose mail is checked.
    pub peers: CheckedPeers,
    /// What follows from DMARC.
    pub dmarc: DmarcAction,
    /// Domains whose ARC seals are believed, in lower case.
    pub trusted_sealers: Vec<String>,
}

/// What was found out about a message, made ready to be stored.
#[derive(Debug, Clone, Default)]
pub(super) struct Judged {
    /// The Authentication-Results field; empty when nothing was checked.
    pub(super) results_field: String,
    /// The verdicts as JSON; `None` when nothing was checked.
    pub(super) verdicts: Option<String>,
    /// It goes to Junk.
    pub(super) is_junk: bool,
    /// What scoring is told of the checks; `None` when nothing was checked.
    pub(super) checks: Option<Authentication>,
    /// What block lists and scanners said.
    pub(super) heard: Heard,
}

impl Mailroom {
    /// Has arriving mail checked. To be called once, before doors are opened; without it nothing is.
    pub fn check_arrivals_with(&self, arrivals: Arrivals) {
        if self.inner.arrivals.set(arrivals).is_err() {
            tracing::warn!(
                "the mailroom was told twice how mail is checked, and keeps to the first"
            );
        }
    }

    /// Finds out who sent a message.
    ///
    /// # Errors
    /// [`ReceiveRefusal::DmarcRejected`] when its author's domain wants it refused and the operator does, too.
    pub(super) async fn judge(&self, delivery: &InboundDelivery) -> Result<Judged, ReceiveRefusal> {
        let Some(arrivals) = self.inner.arrivals.get() else {
            return Ok(Judged::default());
        };
        let Some(verdicts) = self.verify(delivery).await else {
            return Ok(Judged::default());
        };
        note(&verdicts);
        let is_junk = is_junk(arrivals, &verdicts);
        self.note_sighting(delivery, &verdicts, fate(arrivals, &verdicts, &is_junk));
        Ok(Judged {
            is_junk: is_junk?,
            results_field: results_header::field(&self.config().hostname, &verdicts),
            verdicts: Some(
                json(&verdicts, &self.count_signatures(delivery, &verdicts)).to_string(),
            ),
            checks: Some(spam::authentication(&verdicts, &arrivals.trusted_sealers)),
            heard: Heard::default(),
        })
    }

    /// Counts the valid signatures of a message; returns for each signature how many recipients have got it of late.
    fn count_signatures(
        &self,
        delivery: &InboundDelivery,
        verdicts: &Verdicts,
    ) -> Vec<Option<u32>> {
        let (recipients, now_us) = (delivery.recipients.len(), self.clock().unix_us());
        let count = |one: &DkimVerdict| {
            let is_valid = one.result == DkimResult::Pass;
            is_valid.then(|| {
                self.inner
                    .signatures
                    .count(one.fingerprint, recipients, now_us)
            })
        };
        verdicts.dkim.iter().map(count).collect()
    }

    /// Asks who sent a message; `None` where nothing is to be checked.
    pub(crate) async fn verify(&self, delivery: &InboundDelivery) -> Option<Verdicts> {
        let arrivals = self.inner.arrivals.get()?;
        let is_public = classify(delivery.peer) == AddressClass::Global;
        let peer = match arrivals.peers {
            CheckedPeers::None => return None,
            CheckedPeers::All => Some(delivery.peer),
            CheckedPeers::Public => is_public.then_some(delivery.peer),
        };
        let envelope = Envelope {
            peer,
            helo: &delivery.helo,
            sender: delivery.envelope_from.as_ref().map(parts),
        };
        let authors = {
            let fields = Fields::of(&delivery.raw);
            if peer.is_none() && !is_sealed(&fields) {
                return None;
            }
            authors(&fields)
        };
        let now = self.now_seconds();
        let check = arrivals
            .authenticator
            .verify(&envelope, &authors, delivery.raw.clone(), now);
        // On the heap: every session would carry the room for it otherwise.
        Some(Box::pin(check).await)
    }

    /// Returns the delivery without Authentication-Results fields that others wrote in this server's name.
    pub(super) fn without_forgeries(&self, delivery: InboundDelivery) -> InboundDelivery {
        let hostname = &self.config().hostname;
        match results_header::without_forged(&delivery.raw, hostname) {
            None => delivery,
            Some(raw) => InboundDelivery {
                raw: Bytes::from(raw),
                ..delivery
            },
        }
    }
}

fn parts(address: &EmailAddress) -> (&str, &str) {
    (address.local(), address.domain().as_str())
}

/// Tells whether anybody signed: without, and without a peer to ask about, there is nothing to find out.
fn is_sealed(fields: &Fields<'_>) -> bool {
    ["dkim-signature", "arc-seal"]
        .iter()
        .any(|name| fields.named(name).next().is_some())
}

/// Returns the domains of all addresses in all From fields: DMARC asks about each.
fn authors(fields: &Fields<'_>) -> Vec<String> {
    fields
        .named("from")
        .flat_map(|field| {
            let text = unfolded(field.value);
            posthouse_mime::parse_display(&text)
        })
        .filter_map(|author| Some(author.email.rsplit_once('@')?.1.to_owned()))
        .collect()
}

fn unfolded(value: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(value);
    if text.contains(['\r', '\n']) {
        return Cow::Owned(text.replace(['\r', '\n'], ""));
    }
    text
}

fn is_junk(arrivals: &Arrivals, verdicts: &Verdicts) -> Result<bool, ReceiveRefusal> {
    let policy = verdicts
        .failed_policy()
        .filter(|_| !verdicts.is_vouched_for(&arrivals.trusted_sealers));
    match (arrivals.dmarc, policy) {
        (DmarcAction::Off, _) | (_, None | Some(Policy::None)) => Ok(false),
        (DmarcAction::Reject, Some(Policy::Reject)) => Err(ReceiveRefusal::DmarcRejected),
        (DmarcAction::Junk | DmarcAction::Reject, Some(_)) => Ok(true),
    }
}

fn fate(arrivals: &Arrivals, verdicts: &Verdicts, is_junk: &Result<bool, ReceiveRefusal>) -> Fate {
    match is_junk {
        Err(_) => Fate::Refused,
        Ok(true) => Fate::Junk,
        Ok(false) if verdicts.is_vouched_for(&arrivals.trusted_sealers) => Fate::VouchedFor,
        Ok(false) => Fate::Taken,
    }
}

fn note(verdicts: &Verdicts) {
    let spf = verdicts
        .spf
        .as_ref()
        .map_or("unchecked", |spf| spf.result.word());
    let dmarc = verdicts
        .dmarc
        .as_ref()
        .map_or("unchecked", |dmarc| dmarc.result.word());
    let arc = verdicts.arc.result.word();
    for (check, result) in [("spf", spf), ("dmarc", dmarc), ("arc", arc)] {
        count(check, result);
    }
    for dkim in &verdicts.dkim {
        count("dkim", dkim.result.word());
    }
    let signatures = verdicts.dkim.len();
    tracing::debug!(
        auth.spf = spf,
        auth.dmarc = dmarc,
        auth.arc = arc,
        signatures,
        "message checked"
    );
}

fn count(check: &'static str, result: &'static str) {
    metrics::counter!("posthouse_inbound_authentication_total", "check" => check, "result" => result)
        .increment(1);
}

/// Returns the verdicts as the member `security` shows them; `seen` is how often each signature has come.
fn json(verdicts: &Verdicts, seen: &[Option<u32>]) -> Value {
    let dkim: Vec<Value> = verdicts
        .dkim
        .iter()
        .zip(seen)
        .map(|(dkim, seen)| {
            json!({
                "result": dkim.result.word(),
                "domain": dkim.domain,
                "selector": dkim.selector,
                "seen": seen,
            })
        })
        .collect();
    json!({
        "spf": verdicts.spf.as_ref().map(|spf| json!({
            "result": spf.result.word(),
            "domain": spf.domain,
        })),
        "dkim": dkim,
        "dmarc": verdicts.dmarc.as_ref().map(|dmarc| json!({
            "result": dmarc.result.word(),
            "policy": match dmarc.result {
                DmarcResult::None => None,
                _ => dmarc.policy.map(Policy::word),
            },
            "domain": dmarc.domain,
        })),
        "arc": { "result": verdicts.arc.result.word() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_author_of_every_from_field_is_found() {
        let message = b"From: \"a@b\" <x@one.example>,\r\n\t(c) y@two.example\r\nFrom: z@three.example\r\n\r\n";
        assert_eq!(
            authors(&Fields::of(message)),
            ["one.example", "two.example", "three.example"]
        );
        assert!(authors(&Fields::of(b"From: nobody\r\n\r\n")).is_empty());
    }
}
