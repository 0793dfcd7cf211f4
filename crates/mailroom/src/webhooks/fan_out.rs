//! The change log becomes deliveries: one row for each destination that wants to hear of a change.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use posthouse_store::changes::{self, Cursor};
use posthouse_store::tables::deliveries::{self, Claim, DeliveryState, NewDelivery};
use posthouse_store::tables::webhooks;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::limits::{CHANGES_PER_STEP_MAX, CHANGES_SKIPPED_PER_STEP_MAX, CLAIM_US, STEP_BYTES_MAX};
use super::payload;
use super::queue::{ClaimedDelivery, Room};
use super::subscription::{Context, Subscription};
use crate::log_reader::{LogReader, Place};
use crate::{Mailroom, Refusal};

/// The name of this reader of the change log.
const READER: &str = "webhooks";

/// The reader of the change log that writes deliveries: of all processes, one reads at a time.
#[derive(Debug)]
pub struct FanOut {
    mailroom: Mailroom,
    reader: LogReader,
    /// There was nobody to notify.
    quiet: bool,
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
            reader: LogReader::new(self.store().clone(), READER, Place::Mail),
            quiet: false,
        }
    }
}

impl FanOut {
    /// Deals with the next changes: writes their deliveries and claims as many of them as `room` allows.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; the next step begins where this one did.
    pub async fn step(&mut self, room: &Room<'_>) -> Result<FannedOut, Refusal> {
        let Some(position) = self.reader.position().await? else {
            return Ok(FannedOut {
                quiet: true,
                ..FannedOut::default()
            });
        };
        let look = self.look(position).await?;
        let (more, quiet) = (look.more, look.quiet);
        self.quiet = quiet;
        let seen = look.seen.unwrap_or(position);
        let mut fanned_out = if look.drafts.is_empty() {
            self.reader.pass(seen).await?;
            FannedOut::default()
        } else {
            self.write(seen, look.drafts, room).await?
        };
        fanned_out.more = more;
        fanned_out.quiet = quiet || !self.reader.is_reading();
        Ok(fanned_out)
    }

    /// Keeps the position and lets another process read.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; then the lease runs out and some changes are read once more.
    pub async fn finish(self) -> Result<(), Refusal> {
        self.reader.finish().await.map_err(Refusal::from)
    }

    async fn look(&self, position: Cursor) -> Result<Look, Refusal> {
        let mailroom = self.mailroom.clone();
        let quiet = self.quiet;
        self.mailroom
            .store()
            .read(move |tx: &mut dyn Tx| look(tx, &mailroom, position, quiet))
            .await
            .map_err(Refusal::from)
    }

    /// Writes deliveries and position in one transaction.
    async fn write(
        &mut self,
        seen: Cursor,
        drafts: Vec<Draft>,
        room: &Room<'_>,
    ) -> Result<FannedOut, Refusal> {
        let (claims, behind) = share_out(&drafts, room);
        let now_us = self.mailroom.clock().unix_us();
        let mailroom = self.mailroom.clone();
        let written = self.reader.keep(seen, move |tx| {
            insert(tx, &mailroom, &drafts, &claims, now_us)
        });
        let Some(claimed) = written.await? else {
            return Ok(FannedOut::default());
        };
        Ok(FannedOut {
            claimed,
            behind,
            ..FannedOut::default()
        })
    }
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
