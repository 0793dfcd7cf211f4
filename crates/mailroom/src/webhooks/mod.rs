//! Webhooks: destinations, and the way of an event to each of them.
//!
//! An application makes **destinations** ([`Destination`]): a URL, the names of the events it wants, and whose. A change
//! that is committed anywhere in the product becomes a **delivery** for each destination that wants it
//! ([`FanOut`]): one row with the finished envelope. A worker **claims** deliveries, makes the calls and reports back;
//! what is repeated, when, and what is given up is decided here ([`Mailroom::record_attempts`]).
//!
//! Nothing is lost on the way: the reader of the change log moves its cursor in the transaction that writes the
//! deliveries, and a delivery whose holder died can be claimed again when its claim ends. So each event arrives at least
//! once, and receivers recognise repetitions by the id in the envelope.
//!
//! | module | what it is for |
//! |---|---|
//! | `create`, `find`, `update`, `delete` | destinations |
//! | `check`, `triggers`, `challenge` | what a destination may ask for, and whether its URL agrees |
//! | `signature`, `outgoing` | secrets, signatures, the HTTP form |
//! | `fan_out`, `subscription`, `payload`, `scheduled`, `replied`, `envelope` | from the change log to deliveries |
//! | `queue`, `record`, `retry` | claims, outcomes, repetitions |
//! | `samples` | mock payloads and test events |
//! | [`limits`] | every number |

pub mod limits;

mod challenge;
mod check;
mod create;
mod delete;
mod destination;
mod envelope;
mod fan_out;
mod find;
mod outgoing;
mod payload;
mod queue;
mod record;
mod replied;
mod retry;
mod samples;
mod scheduled;
mod signature;
mod subscription;
mod triggers;
mod update;

pub use destination::{
    Destination, DestinationChange, DestinationStatus, NewDestination, RequestedScope,
    RevealedDestination,
};
pub use fan_out::{FanOut, FannedOut};
pub use outgoing::Notification;
pub use queue::{ClaimedDelivery, ClaimedDue, Room};
pub use record::{Attempt, Outcome};
pub use signature::SigningSecret;

use std::net::IpAddr;
use std::sync::OnceLock;

use posthouse_net::http::GuardedClient;
use tokio::sync::watch;

use crate::{Mailroom, Refusal};

/// What the webhook use cases share in one process.
#[derive(Debug)]
pub(crate) struct Outward {
    reach: OnceLock<Reachable>,
    destinations_changed: watch::Sender<u64>,
}

impl Default for Outward {
    fn default() -> Self {
        Self {
            reach: OnceLock::new(),
            destinations_changed: watch::Sender::new(0),
        }
    }
}

#[derive(Debug)]
struct Reachable {
    client: GuardedClient,
    addresses: Vec<IpAddr>,
    since: i64,
}

/// The addresses that this server's calls come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundAddresses {
    /// Empty when the operator has not said.
    pub addresses: Vec<IpAddr>,
    /// When they were last set, in Unix seconds.
    pub updated_at: i64,
}

impl Mailroom {
    /// Gives the mailroom the means to call URLs that outsiders chose. To be called once, before doors are opened.
    ///
    /// `addresses` is where the calls come from, as receivers see it.
    pub fn reach_out_with(&self, client: GuardedClient, addresses: Vec<IpAddr>) {
        let since = self.now_seconds();
        let reachable = Reachable {
            client,
            addresses,
            since,
        };
        if self.inner.outward.reach.set(reachable).is_err() {
            tracing::warn!("the mailroom was given a second client, which it does not use");
        }
    }

    /// Returns the addresses that this server's calls come from.
    #[must_use]
    pub fn outbound_addresses(&self) -> OutboundAddresses {
        let reach = self.inner.outward.reach.get();
        OutboundAddresses {
            addresses: reach.map_or_else(Vec::new, |reach| reach.addresses.clone()),
            updated_at: reach.map_or_else(|| self.now_seconds(), |reach| reach.since),
        }
    }

    /// Returns a receiver that changes whenever something may have been committed; a hint, nothing to rely on.
    #[must_use]
    pub fn changes_hint(&self) -> watch::Receiver<u64> {
        self.store().changes_hint()
    }

    /// Returns a receiver that changes whenever this process has made or changed a destination; a hint.
    #[must_use]
    pub fn destinations_hint(&self) -> watch::Receiver<u64> {
        self.inner.outward.destinations_changed.subscribe()
    }

    pub(crate) fn outward(&self) -> Result<&GuardedClient, Refusal> {
        let reach = self.inner.outward.reach.get();
        reach
            .map(|reach| &reach.client)
            .ok_or_else(|| Refusal::Unavailable {
                message: "this server makes no outward calls".to_owned(),
            })
    }

    pub(crate) fn destinations_changed(&self) {
        let sender = &self.inner.outward.destinations_changed;
        sender.send_modify(|count| *count = count.wrapping_add(1));
    }
}
