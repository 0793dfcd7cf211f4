//! Slots for sending, where an application may send at a rate: one row each, whatever waits.

use posthouse_types::ids::Key;

use crate::StoreError;
use crate::sql::Tx;

/// A rate, and how far ahead slots are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Microseconds between two slots.
    pub interval_us: i64,
    /// Microseconds' worth of slots that an idle application saves up.
    pub saved_us: i64,
    /// How far ahead a slot may be.
    pub ahead_us_max: i64,
}

/// What became of a request for a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// Taken: for this time, which may be now, in Unix microseconds.
    Taken(i64),
    /// None is near enough: the next one is at this time.
    TooFar(i64),
}

/// Takes the next slot of an application if it is near enough.
pub fn take(
    tx: &mut dyn Tx,
    application: Key,
    pace: &Pace,
    now_us: i64,
) -> Result<Slot, StoreError> {
    let saved = now_us - pace.saved_us + pace.interval_us;
    // Takes the row: the next one who asks waits for the end of this transaction.
    let next_us = tx.query_one(
        "INSERT INTO send_pools (application_id, next_us) VALUES ($1, $2)
         ON CONFLICT (application_id) DO UPDATE SET next_us = send_pools.next_us RETURNING next_us",
        &[application.into(), saved.into()],
        |row| row.int(0),
    )?;
    let next_us = next_us.max(saved);
    let slot_us = next_us.max(now_us);
    if slot_us - now_us > pace.ahead_us_max {
        return Ok(Slot::TooFar(slot_us));
    }
    tx.execute(
        "UPDATE send_pools SET next_us = $2 WHERE application_id = $1",
        &[application.into(), (next_us + pace.interval_us).into()],
    )?;
    Ok(Slot::Taken(slot_us))
}
