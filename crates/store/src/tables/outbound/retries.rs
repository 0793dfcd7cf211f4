//! Destinations that an operator wants tried at once: a word to every process that delivers.

use crate::StoreError;
use crate::sql::Tx;

/// Destinations that one look returns at most.
const PER_LOOK_MAX: i64 = 200;

/// Asks for a destination to be tried at once, and forgets what was asked before `expired_us`.
pub fn ask(tx: &mut dyn Tx, domain: &str, now_us: i64, expired_us: i64) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM delivery_retries WHERE asked_at_us < $1",
        &[expired_us.into()],
    )?;
    tx.execute(
        "INSERT INTO delivery_retries (domain, asked_at_us) VALUES ($1, $2)
         ON CONFLICT (domain) DO UPDATE SET asked_at_us = $2",
        &[domain.into(), now_us.into()],
    )?;
    Ok(())
}

/// Returns the destinations that were asked for since `since_us`, and when.
pub fn since(tx: &mut dyn Tx, since_us: i64) -> Result<Vec<(String, i64)>, StoreError> {
    tx.query(
        "SELECT domain, asked_at_us FROM delivery_retries WHERE asked_at_us >= $1 ORDER BY asked_at_us DESC LIMIT $2",
        &[since_us.into(), PER_LOOK_MAX.into()],
        |row| Ok((row.string(0)?, row.int(1)?)),
    )
}
