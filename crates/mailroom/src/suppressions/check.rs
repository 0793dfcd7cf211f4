//! What every sending path asks before it commits: may the sender send, and may all of its recipients be written to?

use std::collections::HashMap;

use posthouse_store::tables::pauses;
use posthouse_store::tables::suppressions::{self, SuppressionReason};
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::{DisplayAddress, EmailAddress};
use posthouse_types::ids::Key;

use super::view::name_of;
use crate::send::Outgoing;
use crate::{Mailroom, Refusal};

/// A message that is about to leave, as far as it matters who may send to whom.
#[derive(Debug, Clone)]
pub(crate) struct Departure {
    /// Whose message it is.
    pub(crate) application: Key,
    /// The account; `None` for mail that a domain sends.
    pub(crate) grant: Option<Key>,
    /// The account's workspace.
    pub(crate) workspace: Option<Key>,
}

/// What the sender wants done about recipients on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Refuse the message.
    Refuse,
    /// Leave them out.
    LeaveOut,
    /// Nothing: they have been left out.
    Done,
}

impl Mailroom {
    /// Takes recipients on the list out of a message in parts; returns their addresses.
    ///
    /// # Errors
    /// [`Refusal::RecipientSuppressed`] when nobody remains.
    pub(crate) async fn leave_out_suppressed(
        &self,
        departure: &Departure,
        outgoing: &mut Outgoing,
    ) -> Result<Vec<String>, Refusal> {
        let fields = [&outgoing.to, &outgoing.cc, &outgoing.bcc];
        let named: Vec<String> = fields.into_iter().flatten().filter_map(folded).collect();
        let hits = self.suppressed_among(departure, named.clone()).await?;
        if hits.is_empty() {
            return Ok(Vec::new());
        }
        for field in [&mut outgoing.to, &mut outgoing.cc, &mut outgoing.bcc] {
            field.retain(|one| folded(one).is_none_or(|address| !hits.contains_key(&address)));
        }
        if outgoing.to.is_empty() && outgoing.cc.is_empty() && outgoing.bcc.is_empty() {
            return Err(refusal(&named, &hits));
        }
        Ok(in_order(&named, &hits))
    }

    async fn suppressed_among(
        &self,
        departure: &Departure,
        addresses: Vec<String>,
    ) -> Result<HashMap<String, SuppressionReason>, Refusal> {
        let (departure, now) = (departure.clone(), self.now_seconds());
        let hits = self
            .store()
            .read(move |tx: &mut dyn Tx| among(tx, &departure, &addresses, now))
            .await?;
        Ok(hits)
    }

    /// Lets a message that was written down go, or not; returns the recipients it goes to, and the addresses of those that
    /// were left out. One look into the store.
    ///
    /// # Errors
    /// [`Refusal::SendingPaused`]; [`Refusal::RecipientSuppressed`].
    pub(crate) async fn clear_departure(
        &self,
        departure: &Departure,
        envelope_from: &str,
        mut envelope: Vec<EmailAddress>,
        wish: Wish,
    ) -> Result<(Vec<EmailAddress>, Vec<String>), Refusal> {
        let domain = sending_domain(envelope_from).to_owned();
        let addresses: Vec<String> = match wish {
            Wish::Refuse | Wish::LeaveOut => envelope.iter().map(EmailAddress::folded).collect(),
            Wish::Done => Vec::new(),
        };
        let (owner, asked, now) = (departure.clone(), addresses.clone(), self.now_seconds());
        let (pause, hits) = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, StoreError> {
                let pause = pauses::of_sender(tx, owner.application, owner.grant, &domain)?;
                Ok((pause, among(tx, &owner, &asked, now)?))
            })
            .await
            .map_err(Refusal::from)?;
        if let Some(pause) = pause {
            return Err(crate::pauses::refusal(&pause));
        }
        if hits.is_empty() {
            return Ok((envelope, Vec::new()));
        }
        envelope.retain(|address| !hits.contains_key(&address.folded()));
        if wish == Wish::Refuse || envelope.is_empty() {
            return Err(refusal(&addresses, &hits));
        }
        Ok((envelope, in_order(&addresses, &hits)))
    }
}

/// Returns the domain of an envelope sender: the sending domain.
pub(crate) fn sending_domain(envelope_from: &str) -> &str {
    envelope_from
        .rsplit_once('@')
        .map_or("", |(_, domain)| domain)
}

fn among(
    tx: &mut dyn Tx,
    departure: &Departure,
    addresses: &[String],
    now: i64,
) -> Result<HashMap<String, SuppressionReason>, StoreError> {
    let Departure {
        application,
        workspace,
        ..
    } = departure;
    let hits = suppressions::among(tx, *application, *workspace, addresses, now)?;
    Ok(hits.into_iter().collect())
}

fn folded(one: &DisplayAddress) -> Option<String> {
    one.to_strict().ok().map(|address| address.folded())
}

/// Returns the addresses that were found, each once, in the order in which the message names them.
fn in_order(named: &[String], hits: &HashMap<String, SuppressionReason>) -> Vec<String> {
    let mut found: Vec<String> = Vec::with_capacity(hits.len());
    for address in named {
        if hits.contains_key(address) && !found.contains(address) {
            found.push(address.clone());
        }
    }
    found
}

fn refusal(named: &[String], hits: &HashMap<String, SuppressionReason>) -> Refusal {
    let texts: Vec<String> = in_order(named, hits)
        .into_iter()
        .map(|address| format!("{address} ({})", name_of(hits[&address])))
        .collect();
    Refusal::RecipientSuppressed {
        message: format!("suppressed: {}", texts.join(", ")),
    }
}
