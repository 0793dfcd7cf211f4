//! The change log becomes deliveries: one row for each destination that wants to hear of a change.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use posthouse_store::changes::{self, Cursor};
use posthouse_store::leases::{self, Lease};
use posthouse_store::tables::deliveries::{self, Claim, DeliveryState, NewDelivery};
use posthouse_store::tables::webhooks;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;
use uuid::Uuid;

use super::limits::{
    CHANGES_PER_STEP_MAX, CHANGES_SKIPPED_PER_STEP_MAX, CLAIM_US, CURSOR_AGE_US_MAX,
    FAN_OUT_LEASE_US, FAN_OUT_RENEWAL_US, STEP_BYTES_MAX,
};
use super::payload;
use super::queue::{ClaimedDelivery, Room};
use super::subscription::{Context, Subscription};
use crate::{Mailroom, Refusal};

/// The name of this reader of the change log, and of the lease under which it reads.
const READER: &str = "webhooks";

/// The reader of the change log: of all processes, one reads at a time.
///
/// Its cursor is durable together with the deliveries it stands for. While there is nothing to deliver it moves in
/// memory only and is kept now and then, so that mail nobody wants to hear of costs no commit.
#[derive(Debug)]
pub struct FanOut {
    mailroom: Mailroom,
    holder: String,
    hold: Option<Hold>,
}

/// What a step left behind.
#[derive(Debug, Default)]
pub struct FannedOut {
    /// Deliveries that this process already holds, to be sent at once.
    pub claimed: Vec<ClaimedDelivery>,
    /// Destinations with deliveries that nobody holds, because the process had no room for them.
    pub behind: Vec<Key>,
    /// Whether more changes are waiting.
    pub more: bool,
    /// Whether there is nothing to react to: no destination at all, or another process reads.
    pub quiet: bool,
}

/// The right to read, and where the reader is.
#[derive(Debug, Clone)]
struct Hold {
    /// None on the embedded store, which no other process reads.
    lease: Option<Lease>,
    renewed_us: i64,
    seen: Cursor,
    kept: Cursor,
    kept_us: i64,
    quiet: bool,
}

/// What a look at the log found.
#[derive(Debug, Default)]
struct Look {
    quiet: bool,
    more: bool,
    seen: Option<Cursor>,
    drafts: Vec<Draft>,
}

/// A delivery to be.
#[derive(Debug, Clone)]
struct Draft {
    application: Key,
    webhook: Key,
    grant: Option<Key>,
    event: Key,
    trigger: &'static str,
    delivers: bool,
    body: Bytes,
}

impl Mailroom {
    /// Returns a reader of the change log for webhooks; it has read nothing and holds nothing yet.
    #[must_use]
    pub fn fan_out(&self) -> FanOut {
        FanOut {
            mailroom: self.clone(),
            holder: Uuid::new_v4().to_string(),
            hold: None,
        }
    }
}

impl FanOut {
    /// Deals with the next changes: writes their deliveries and claims as many of them as `room` allows.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; the next step begins where this one did.
    pub async fn step(&mut self, room: &Room<'_>) -> Result<FannedOut, Refusal> {
        let Some(hold) = self.held().await? else {
            return Ok(FannedOut {
                quiet: true,
                ..FannedOut::default()
            });
        };
        let look = self.look(&hold).await?;
        let (more, quiet) = (look.more, look.quiet);
        let seen = look.seen.unwrap_or(hold.seen);
        let hold = Hold {
            seen,
            quiet,
            ..hold
        };
        let mut fanned_out = if look.drafts.is_empty() {
            self.keep_position_if_old(hold).await?;
            FannedOut::default()
        } else {
            self.write(hold, look.drafts, room).await?
        };
        fanned_out.more = more;
        fanned_out.quiet = quiet || self.hold.is_none();
        Ok(fanned_out)
    }

    /// Keeps the position and lets another process read.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; then the lease runs out and some changes are read once more.
    pub async fn finish(mut self) -> Result<(), Refusal> {
        let Some(hold) = self.hold.take() else {
            return Ok(());
        };
        let now_us = self.mailroom.clock().unix_us();
        let finished = self.mailroom.store().write(move |tx: &mut dyn Tx| {
            if !still_held(tx, &hold, now_us)? {
                return Ok(());
            }
            changes::advance(tx, READER, hold.seen)?;
            match &hold.lease {
                Some(lease) => leases::release(tx, lease),
                None => Ok(()),
            }
        });
        finished.await.map_err(Refusal::from)
    }

    /// Returns the right to read, taking it when it is free.
    async fn held(&mut self) -> Result<Option<Hold>, Refusal> {
        if self.hold.is_none() {
            let (holder, now_us) = (self.holder.clone(), self.mailroom.clock().unix_us());
            let taken = self.mailroom.store().write(move |tx: &mut dyn Tx| {
                let lease = if tx.dialect().is_embedded() {
                    None
                } else {
                    let until_us = now_us + FAN_OUT_LEASE_US;
                    let lease = leases::acquire(tx, READER, &holder, now_us, until_us)?;
                    if lease.is_none() {
                        return Ok(None);
                    }
                    lease
                };
                Ok::<_, StoreError>(Some((lease, changes::cursor(tx, READER)?)))
            });
            self.hold = taken
                .await
                .map_err(Refusal::from)?
                .map(|(lease, cursor)| Hold {
                    lease,
                    renewed_us: now_us,
                    seen: cursor,
                    kept: cursor,
                    kept_us: now_us,
                    quiet: false,
                });
        }
        Ok(self.hold.clone())
    }

    async fn look(&self, hold: &Hold) -> Result<Look, Refusal> {
        let mailroom = self.mailroom.clone();
        let (seen, quiet) = (hold.seen, hold.quiet);
        self.mailroom
            .store()
            .read(move |tx: &mut dyn Tx| look(tx, &mailroom, seen, quiet))
            .await
            .map_err(Refusal::from)
    }

    /// Writes the cursor, and renews the lease, when that has not been done for a while.
    async fn keep_position_if_old(&mut self, mut hold: Hold) -> Result<(), Refusal> {
        let now_us = self.mailroom.clock().unix_us();
        let moved = hold.seen != hold.kept && now_us - hold.kept_us >= CURSOR_AGE_US_MAX;
        let aging = hold.lease.is_some() && now_us - hold.renewed_us >= FAN_OUT_RENEWAL_US;
        if moved || aging {
            let current = hold.clone();
            let kept = self.mailroom.store().write(move |tx: &mut dyn Tx| {
                let held = still_held(tx, &current, now_us)?;
                if held && current.seen != current.kept {
                    changes::advance(tx, READER, current.seen)?;
                }
                Ok::<_, StoreError>(held)
            });
            if !kept.await.map_err(Refusal::from)? {
                self.lost();
                return Ok(());
            }
            hold.kept = hold.seen;
            hold.kept_us = now_us;
            hold.renewed_us = now_us;
        }
        self.hold = Some(hold);
        Ok(())
    }

    /// Writes deliveries and cursor in one transaction.
    async fn write(
        &mut self,
        mut hold: Hold,
        drafts: Vec<Draft>,
        room: &Room<'_>,
    ) -> Result<FannedOut, Refusal> {
        let (claims, behind) = share_out(&drafts, room);
        let now_us = self.mailroom.clock().unix_us();
        let (mailroom, current) = (self.mailroom.clone(), hold.clone());
        let written = self.mailroom.store().write(move |tx: &mut dyn Tx| {
            if !still_held(tx, &current, now_us)? {
                return Ok(None);
            }
            changes::advance(tx, READER, current.seen)?;
            insert(tx, &mailroom, &drafts, &claims, now_us).map(Some)
        });
        let Some(claimed) = written.await.map_err(Refusal::from)? else {
            self.lost();
            return Ok(FannedOut::default());
        };
        hold.kept = hold.seen;
        hold.kept_us = now_us;
        hold.renewed_us = now_us;
        self.hold = Some(hold);
        Ok(FannedOut {
            claimed,
            behind,
            ..FannedOut::default()
        })
    }

    fn lost(&mut self) {
        tracing::warn!("another process reads the change log for webhooks now");
        self.hold = None;
    }
}

/// Tells whether the lease is still ours, and renews it.
///
/// Renewing writes the lease's row, so a process that takes the lease meanwhile waits for this transaction, and this one
/// for it: what comes behind this in the transaction cannot be done twice.
fn still_held(tx: &mut dyn Tx, hold: &Hold, now_us: i64) -> Result<bool, StoreError> {
    let Some(lease) = &hold.lease else {
        return Ok(true);
    };
    let until_us = now_us + FAN_OUT_LEASE_US;
    let renewed = leases::acquire(tx, READER, &lease.holder, now_us, until_us)?;
    Ok(renewed.is_some_and(|renewed| renewed.token == lease.token))
}

fn look(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    seen: Cursor,
    was_quiet: bool,
) -> Result<Look, StoreError> {
    let quiet = !webhooks::any(tx)?;
    let limit = if quiet && was_quiet {
        CHANGES_SKIPPED_PER_STEP_MAX
    } else {
        CHANGES_PER_STEP_MAX
    };
    let batch = changes::after(tx, seen, limit)?;
    let mut look = Look {
        quiet,
        more: batch.len() as i64 == limit,
        seen: batch.last().map(|change| change.position),
        drafts: Vec::new(),
    };
    if quiet || batch.is_empty() {
        return Ok(look);
    }
    let applications: BTreeSet<Key> = batch.iter().map(|change| change.application).collect();
    let applications: Vec<Key> = applications.into_iter().collect();
    let rows = webhooks::of_applications(tx, &applications)?;
    if rows.is_empty() {
        return Ok(look);
    }
    let subscriptions: Vec<Subscription> = rows.iter().map(Subscription::of).collect();
    let context = Context::of(tx, mailroom.store().ids(), &batch, &subscriptions)?;
    let mut bytes = 0;
    for change in &batch {
        if bytes > STEP_BYTES_MAX {
            look.more = true;
            break;
        }
        look.seen = Some(change.position);
        let takers: Vec<&Subscription> = subscriptions
            .iter()
            .filter(|one| one.wants(change, &context))
            .collect();
        if takers.is_empty() {
            continue;
        }
        let Some(body) = payload::envelope(tx, mailroom, change)? else {
            continue;
        };
        let body = Bytes::from(body);
        bytes += body.len() * takers.len();
        look.drafts.extend(takers.into_iter().map(|taker| Draft {
            application: change.application,
            webhook: taker.webhook,
            grant: change.grant,
            event: payload::event_key(change),
            trigger: change.kind.event(),
            delivers: taker.delivers,
            body: body.clone(),
        }));
    }
    Ok(look)
}

/// Decides which deliveries this process claims, and which destinations get more than it has room for.
fn share_out(drafts: &[Draft], room: &Room<'_>) -> (Vec<bool>, Vec<Key>) {
    let mut left: HashMap<Key, usize> = HashMap::new();
    let mut behind = BTreeSet::new();
    let claims = drafts.iter().map(|draft| {
        if !draft.delivers {
            return false;
        }
        let left = left
            .entry(draft.webhook)
            .or_insert_with(|| room(draft.webhook));
        if *left == 0 {
            behind.insert(draft.webhook);
            return false;
        }
        *left -= 1;
        true
    });
    (claims.collect(), behind.into_iter().collect())
}

fn insert(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    drafts: &[Draft],
    claims: &[bool],
    now_us: i64,
) -> Result<Vec<ClaimedDelivery>, StoreError> {
    let mut claimed = Vec::with_capacity(drafts.len());
    for (draft, claim) in drafts.iter().zip(claims) {
        let row = NewDelivery {
            id: mailroom.store().new_key(),
            application: draft.application,
            webhook: draft.webhook,
            grant: draft.grant,
            event: draft.event,
            trigger_type: draft.trigger,
            state: if draft.delivers {
                DeliveryState::Waiting
            } else {
                DeliveryState::Skipped
            },
            due_us: if *claim { now_us + CLAIM_US } else { now_us },
            claimed: *claim,
            body: &draft.body,
            now: now_us / 1_000_000,
        };
        deliveries::insert(tx, &row)?;
        if *claim {
            claimed.push(ClaimedDelivery::from(Claim::of_new(&row)));
        }
    }
    Ok(claimed)
}
