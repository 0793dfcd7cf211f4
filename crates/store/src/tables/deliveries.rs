//! Webhook deliveries: one row per event and destination, and the queue that they form.
//!
//! A waiting row is held by at most one process at a time. Holding is a claim with an end and a token: a holder that
//! dies loses nothing, because the row can be claimed again when the claim ends, and one that comes back late changes
//! nothing, because its token is no longer the newest.

use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::Key;

use crate::sql::{Row, Tx, placeholders};
use crate::{Param, StoreError};

/// What became of a delivery. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub enum DeliveryState {
    /// To be attempted, for the first time or again.
    Waiting = 0,
    /// The destination accepted it.
    Succeeded = 1,
    /// No attempt is left.
    Failed = 2,
    /// It was not attempted (any more), because its destination was switched off.
    Skipped = 3,
}

/// The token of a row that was claimed by whoever inserted it.
const FIRST_TOKEN: i64 = 1;

/// A delivery as the fan-out writes it.
#[derive(Debug, Clone)]
pub struct NewDelivery<'a> {
    /// Its key.
    pub id: Key,
    /// The application that owns event and destination.
    pub application: Key,
    /// The destination.
    pub webhook: Key,
    /// The account the event belongs to, if it belongs to one.
    pub grant: Option<Key>,
    /// The event, the same for all its destinations.
    pub event: Key,
    /// The name of the event, without a suffix.
    pub trigger_type: &'a str,
    /// [`DeliveryState::Waiting`] or [`DeliveryState::Skipped`].
    pub state: DeliveryState,
    /// When it may be claimed, in Unix microseconds: now, or the end of the inserter's own claim.
    pub due_us: i64,
    /// Whether the inserter claims it.
    pub claimed: bool,
    /// The envelope of the first attempt.
    pub body: &'a [u8],
    /// Unix seconds.
    pub now: i64,
}

/// A delivery in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its key.
    pub id: Key,
    /// The application that owns event and destination.
    pub application: Key,
    /// The destination.
    pub webhook: Key,
    /// Attempts made so far.
    pub attempt: i64,
    /// Proves that the claim is the newest.
    pub token: i64,
    /// When the claim ends, in Unix microseconds.
    pub until_us: i64,
    /// The envelope of the first attempt.
    pub body: Vec<u8>,
    /// JSON array with what became of the attempts so far.
    pub attempts: String,
}

impl Claim {
    /// Returns the claim that inserting `delivery` made.
    #[must_use]
    pub fn of_new(delivery: &NewDelivery<'_>) -> Self {
        Self {
            id: delivery.id,
            application: delivery.application,
            webhook: delivery.webhook,
            attempt: 0,
            token: FIRST_TOKEN,
            until_us: delivery.due_us,
            body: delivery.body.to_vec(),
            attempts: NO_ATTEMPTS.to_owned(),
        }
    }
}

const NO_ATTEMPTS: &str = "[]";

/// Adds a delivery.
pub fn insert(tx: &mut dyn Tx, delivery: &NewDelivery<'_>) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO webhook_deliveries (id, application_id, webhook_id, grant_id, event_id, trigger_type, state,
           attempt, due_us, claimed, claim_token, body, attempts, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11, $12, $13)",
        &[
            delivery.id.into(),
            delivery.application.into(),
            delivery.webhook.into(),
            delivery.grant.into(),
            delivery.event.into(),
            delivery.trigger_type.into(),
            Param::Int(delivery.state as i64),
            delivery.due_us.into(),
            delivery.claimed.into(),
            FIRST_TOKEN.into(),
            delivery.body.into(),
            NO_ATTEMPTS.into(),
            delivery.now.into(),
        ],
    )?;
    Ok(())
}

/// Returns up to `limit` working destinations behind `behind` that have something due, in the order of their keys.
pub fn due_webhooks(
    tx: &mut dyn Tx,
    behind: Key,
    now_us: i64,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    tx.query(
        "SELECT w.id FROM webhooks w WHERE w.id > $1 AND w.status IN ('active', 'failing') AND EXISTS
           (SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 0 AND d.due_us <= $2)
         ORDER BY w.id LIMIT $3",
        &[behind.into(), now_us.into(), limit.into()],
        |row| row.key(0),
    )
}

/// Claims up to `limit` due deliveries of a destination until `until_us`, the longest due first.
pub fn claim(
    tx: &mut dyn Tx,
    webhook: Key,
    now_us: i64,
    until_us: i64,
    limit: i64,
) -> Result<Vec<Claim>, StoreError> {
    // Materialised, because PostgreSQL may otherwise run the inner query more than once and pass the limit.
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT id FROM webhook_deliveries
           WHERE webhook_id = $1 AND state = 0 AND due_us <= $2 ORDER BY due_us, id LIMIT $4 {})
         UPDATE webhook_deliveries SET due_us = $3, claimed = 1, claim_token = claim_token + 1
         WHERE id IN (SELECT id FROM due)
         RETURNING id, application_id, webhook_id, attempt, claim_token, due_us, body, attempts",
        tx.dialect().skip_locked()
    );
    let params = [webhook.into(), now_us.into(), until_us.into(), limit.into()];
    let mut claims = tx.query(&sql, &params, read_claim)?;
    claims.sort_unstable_by_key(|claim| claim.id);
    Ok(claims)
}

fn read_claim(row: &dyn Row) -> Result<Claim, StoreError> {
    Ok(Claim {
        id: row.key(0)?,
        application: row.key(1)?,
        webhook: row.key(2)?,
        attempt: row.int(3)?,
        token: row.int(4)?,
        until_us: row.int(5)?,
        body: row.bytes(6)?.to_vec(),
        attempts: row.string(7)?,
    })
}

/// What became of a claimed delivery.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The delivery.
    pub id: Key,
    /// The token of the claim.
    pub token: i64,
    /// Its state from now on.
    pub state: DeliveryState,
    /// Attempts made, with this one.
    pub attempt: i64,
    /// When the next attempt is due, in Unix microseconds; without meaning unless it waits.
    pub due_us: i64,
    /// JSON array with what became of all attempts.
    pub attempts: String,
}

/// Ends a claim with its outcome; tells whether the claim was still the newest.
pub fn record(tx: &mut dyn Tx, outcome: &Outcome) -> Result<bool, StoreError> {
    let updated = tx.execute(
        "UPDATE webhook_deliveries SET state = $3, attempt = $4, due_us = $5, claimed = 0, attempts = $6
         WHERE id = $1 AND claim_token = $2 AND claimed = 1 AND state = 0",
        &[
            outcome.id.into(),
            outcome.token.into(),
            Param::Int(outcome.state as i64),
            outcome.attempt.into(),
            outcome.due_us.into(),
            (&outcome.attempts).into(),
        ],
    )?;
    Ok(updated > 0)
}

/// Gives a claim back untried; the delivery is due at once.
pub fn release(tx: &mut dyn Tx, id: Key, token: i64, now_us: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE webhook_deliveries SET due_us = $3, claimed = 0
         WHERE id = $1 AND claim_token = $2 AND claimed = 1 AND state = 0",
        &[id.into(), token.into(), now_us.into()],
    )?;
    Ok(())
}

/// Ends all claims, for a process that knows that it is the only one: their holder is dead.
pub fn release_all(tx: &mut dyn Tx, now_us: i64) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE webhook_deliveries SET due_us = $1, claimed = 0 WHERE state = 0 AND claimed = 1",
        &[now_us.into()],
    )
}

/// Marks up to `limit` waiting deliveries of a destination as skipped; returns how many.
pub fn skip_waiting(tx: &mut dyn Tx, webhook: Key, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE webhook_deliveries SET state = 3, claimed = 0 WHERE id IN
           (SELECT id FROM webhook_deliveries WHERE webhook_id = $1 AND state = 0 LIMIT $2)",
        &[webhook.into(), limit.into()],
    )
}

/// Removes up to `limit` deliveries of a destination that is gone; returns how many.
pub fn drop_all(tx: &mut dyn Tx, webhook: Key, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM webhook_deliveries WHERE id IN
           (SELECT id FROM webhook_deliveries WHERE webhook_id = $1 ORDER BY id LIMIT $2)",
        &[webhook.into(), limit.into()],
    )
}

/// Tells whether there are deliveries made before `oldest`.
pub fn any_before(tx: &mut dyn Tx, oldest: Key) -> Result<bool, StoreError> {
    let found = tx.query_opt(
        "SELECT id FROM webhook_deliveries WHERE id < $1 ORDER BY id LIMIT 1",
        &[oldest.into()],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Removes up to `limit` deliveries made before `oldest`; returns how many.
pub fn expire(tx: &mut dyn Tx, oldest: Key, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM webhook_deliveries WHERE id IN
           (SELECT id FROM webhook_deliveries WHERE id < $1 ORDER BY id LIMIT $2)",
        &[oldest.into(), limit.into()],
    )
}

/// Returns those of the messages that are in Junk.
pub fn junk_among(tx: &mut dyn Tx, messages: &[Key]) -> Result<Vec<Key>, StoreError> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT m.id FROM messages m JOIN folders f ON f.id = m.folder_id WHERE f.role = $1 AND m.id IN ({})",
        placeholders(2, messages.len())
    );
    let mut params = vec![Param::Int(SystemFolder::Junk as i64)];
    params.extend(messages.iter().map(|key| Param::from(*key)));
    tx.query(&sql, &params, |row| row.key(0))
}
