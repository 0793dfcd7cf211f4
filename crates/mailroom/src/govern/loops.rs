//! The budget of replies: two accounts that answer each other for ever are stopped, each of them with one event.
//!
//! Replies are counted by thread and by the address that gets them, under the account's lock and in the transaction that
//! sends them: whoever is refused has used nothing up. What is over the budget is refused until the oldest reply leaves its
//! span; the mailbox goes on receiving, and what begins a conversation is not counted.

use std::sync::atomic::{AtomicI64, Ordering};

use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::engine::Dialect;
use posthouse_store::tables::grants::{self, GrantName};
use posthouse_store::tables::replies::{self, ReplyPeer};
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{Key, Kind};
use serde_json::json;

use super::quota::Unpaid;
use crate::actor::GrantRef;
use crate::audit::{AuditEntry, Object, Outcome};
use crate::{Mailroom, Refusal};

/// Replies of an account in one thread within [`THREAD_SPAN_US`], unless the operator says otherwise.
pub const LOOP_THREAD_REPLIES_DEFAULT: u32 = 30;
/// Replies of an account to one address within [`ADDRESS_SPAN_US`], unless the operator says otherwise.
pub const LOOP_ADDRESS_REPLIES_DEFAULT: u32 = 100;

const THREAD_SPAN_US: i64 = 10 * 60 * 1_000_000;
const ADDRESS_SPAN_US: i64 = 60 * 60 * 1_000_000;

/// Rows of each kind that one step of the clean-up removes.
const ROWS_PER_STEP_MAX: i64 = 500;

/// How many replies an account may send.
#[derive(Debug)]
pub(crate) struct LoopBudget {
    thread: AtomicI64,
    address: AtomicI64,
}

impl Default for LoopBudget {
    fn default() -> Self {
        Self {
            thread: AtomicI64::new(LOOP_THREAD_REPLIES_DEFAULT.into()),
            address: AtomicI64::new(LOOP_ADDRESS_REPLIES_DEFAULT.into()),
        }
    }
}

impl LoopBudget {
    /// Returns how many replies a peer may get, and within which span in microseconds.
    fn of(&self, peer: ReplyPeer) -> (i64, i64) {
        match peer {
            ReplyPeer::Thread(_) => (self.thread.load(Ordering::Relaxed), THREAD_SPAN_US),
            ReplyPeer::Address(_) => (self.address.load(Ordering::Relaxed), ADDRESS_SPAN_US),
        }
    }
}

/// A budget that is used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    peer: ReplyPeer,
    thread: Key,
    /// An address that the reply was for.
    address: String,
    /// In words.
    reason: String,
    /// Unix microseconds from which a reply may go again.
    resumes_us: i64,
    now_us: i64,
}

/// Why the transaction that sends a message was given up.
#[derive(Debug)]
pub(crate) enum Unsent {
    /// A quota is used up, or the store failed.
    Unpaid(Unpaid),
    /// The account answers too often.
    Looping(Stop),
}

impl Unsent {
    /// Tells whether the transaction is known to have left nothing.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Unpaid(unpaid) => unpaid.is_final(),
            Self::Looping(_) => true,
        }
    }

    /// Returns what two transactions that met had in common.
    pub(crate) fn met(&self) -> Option<&str> {
        match self {
            Self::Unpaid(unpaid) => unpaid.met(),
            Self::Looping(_) => None,
        }
    }
}

impl From<Unpaid> for Unsent {
    fn from(unpaid: Unpaid) -> Self {
        Self::Unpaid(unpaid)
    }
}

impl From<StoreError> for Unsent {
    fn from(error: StoreError) -> Self {
        Self::Unpaid(error.into())
    }
}

impl From<Unsent> for Refusal {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::Unpaid(unpaid) => unpaid.into(),
            Unsent::Looping(stop) => Self::from(&stop),
        }
    }
}

impl From<&Stop> for Refusal {
    fn from(stop: &Stop) -> Self {
        let wait = stop.resumes_us.saturating_sub(stop.now_us) / 1_000_000 + 1;
        Self::RateLimited {
            message: stop.reason.clone(),
            retry_after_seconds: u64::try_from(wait).unwrap_or(1),
        }
    }
}

/// A reply that is about to be sent.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    pub(crate) grant: &'a GrantRef,
    pub(crate) thread: Key,
    /// The copy in Sent.
    pub(crate) message: Key,
    /// Everybody it goes to.
    pub(crate) recipients: Vec<&'a EmailAddress>,
    /// Unix microseconds.
    pub(crate) now_us: i64,
}

/// Uses up what a reply takes, under the account's lock. On [`Unsent`] the transaction must be given up.
pub(crate) fn spend(tx: &mut dyn Tx, mailroom: &Mailroom, reply: &Reply<'_>) -> Result<(), Unsent> {
    let codec = mailroom.store().ids();
    let grant = reply.grant.grant;
    let thread = ReplyPeer::Thread(reply.thread);
    let addressed = reply
        .recipients
        .iter()
        .map(|address| (ReplyPeer::address(codec, &address.folded()), *address));
    let addressed: Vec<(ReplyPeer, &EmailAddress)> = addressed.collect();
    let mut peers = vec![thread];
    peers.extend(addressed.iter().map(|(peer, _)| *peer));
    for span in [THREAD_SPAN_US, ADDRESS_SPAN_US] {
        let of_span = |peer: &ReplyPeer| mailroom.inner.loops.of(*peer).1 == span;
        let asked: Vec<ReplyPeer> = peers.iter().copied().filter(of_span).collect();
        for (peer, count) in replies::count_since(tx, grant, &asked, reply.now_us - span)? {
            let (most, _) = mailroom.inner.loops.of(peer);
            if count < most {
                continue;
            }
            let found = addressed.iter().find(|(other, _)| *other == peer);
            let address = found.map(|(_, address)| *address);
            return Err(Unsent::Looping(stop(tx, reply, peer, address, most)?));
        }
    }
    replies::note(tx, grant, &peers, reply.message, reply.now_us)?;
    Ok(())
}

fn stop(
    tx: &mut dyn Tx,
    reply: &Reply<'_>,
    peer: ReplyPeer,
    address: Option<&EmailAddress>,
    most: i64,
) -> Result<Stop, StoreError> {
    let (span_us, reason) = match address {
        None => (
            THREAD_SPAN_US,
            format!(
                "the account has sent {most} replies in this thread within 10 minutes: it may be answering a loop"
            ),
        ),
        Some(address) => (
            ADDRESS_SPAN_US,
            format!(
                "the account has sent {most} replies to {address} within an hour: it may be answering a loop"
            ),
        ),
    };
    let oldest = replies::nth_newest(tx, reply.grant.grant, peer, (most - 1).max(0))?;
    let first = reply.recipients.first().copied();
    let address = address.or(first).map(|address| address.as_str().to_owned());
    Ok(Stop {
        peer,
        thread: reply.thread,
        address: address.unwrap_or_default(),
        reason,
        resumes_us: oldest.unwrap_or(reply.now_us).saturating_add(span_us),
        now_us: reply.now_us,
    })
}

impl Mailroom {
    /// Lets an account send so many replies in one thread within ten minutes, and to one address within an hour, from now
    /// on.
    pub fn limit_replies(&self, in_thread: u32, to_address: u32) {
        let loops = &self.inner.loops;
        loops
            .thread
            .store(in_thread.max(1).into(), Ordering::Relaxed);
        loops
            .address
            .store(to_address.max(1).into(), Ordering::Relaxed);
    }

    /// Tells that a thread or a pair is stopped: once until replies go again for a whole span.
    pub(crate) async fn note_stop(&self, grant: &GrantRef, stop: Stop) -> Result<(), StoreError> {
        let (mailroom, grant) = (self.clone(), grant.clone());
        let (_, span_us) = self.inner.loops.of(stop.peer);
        self.store()
            .write(move |tx: &mut dyn Tx| {
                Dialect::lock_grant(tx, grant.grant)?;
                if grants::identify(tx, &GrantName::Id(grant.grant))?.is_none() {
                    return Ok(());
                }
                let until_us = stop.now_us.saturating_add(span_us);
                if !replies::stop(tx, grant.grant, stop.peer, stop.now_us, until_us)? {
                    return Ok(());
                }
                mailroom.tell_paused(tx, &grant, &stop)
            })
            .await
    }

    fn tell_paused(
        &self,
        tx: &mut dyn Tx,
        grant: &GrantRef,
        stop: &Stop,
    ) -> Result<(), StoreError> {
        let object = json!({
            "object": "thread",
            "grant_id": self.public_id(Kind::Grant, grant.grant),
            "thread_id": self.public_id(Kind::Thread, stop.thread),
            "peer": stop.address,
            "reason": stop.reason,
            "resumes_at": stop.resumes_us.div_euclid(1_000_000) + 1,
        });
        let data = object.to_string();
        changes::append(
            tx,
            &NewChange {
                application: grant.application,
                grant: Some(grant.grant),
                kind: ChangeKind::ThreadPaused,
                object: stop.thread,
                at_us: stop.now_us,
                data: Some(&data),
            },
        )?;
        metrics::counter!("posthouse_mailroom_paused_threads_total").increment(1);
        let entry = AuditEntry {
            grant: Some(grant.grant),
            recipients: &[&stop.address],
            outcome: Outcome::Rejected,
            reason: &stop.reason,
            ..AuditEntry::done(
                grant.application,
                "thread.pause",
                Object::Row(Kind::Thread, stop.thread),
            )
        };
        self.audit(tx, &entry)
    }

    /// Forgets replies that no span reaches any more; returns whether more are left.
    pub(crate) async fn expire_replies(&self) -> Result<bool, StoreError> {
        let now_us = self.clock().unix_us();
        let before = now_us - THREAD_SPAN_US.max(ADDRESS_SPAN_US);
        self.store()
            .write(move |tx: &mut dyn Tx| replies::expire(tx, before, now_us, ROWS_PER_STEP_MAX))
            .await
    }
}
