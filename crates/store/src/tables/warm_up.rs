//! How many recipients of other servers a domain that begins to send was let go for, day by day.

use posthouse_types::ids::Key;

use crate::sql::Tx;
use crate::{Param, StoreError, sql::placeholders};

/// Days after which a count is of no use any more.
const DAYS_KEPT: i64 = 7;

/// Takes up to `wanted` of a day's allowance; returns how many there were. Until the transaction ends nobody else takes any.
pub fn admit(
    tx: &mut dyn Tx,
    domain: Key,
    day: i64,
    wanted: i64,
    allowance: i64,
) -> Result<i64, StoreError> {
    let is_new = tx.execute(
        "INSERT INTO warm_up_days (domain_id, day, admitted) VALUES ($1, $2, 0) ON CONFLICT (domain_id, day) DO NOTHING",
        &[domain.into(), day.into()],
    )? > 0;
    if is_new {
        tx.execute(
            "DELETE FROM warm_up_days WHERE domain_id = $1 AND day < $2",
            &[domain.into(), (day - DAYS_KEPT).into()],
        )?;
    }
    let lock = tx.dialect().lock_rows();
    let taken = tx.query_one(
        &format!("SELECT admitted FROM warm_up_days WHERE domain_id = $1 AND day = $2 {lock}"),
        &[domain.into(), day.into()],
        |row| row.int(0),
    )?;
    let admitted = wanted.min(allowance - taken).max(0);
    if admitted > 0 {
        tx.execute(
            "UPDATE warm_up_days SET admitted = admitted + $3 WHERE domain_id = $1 AND day = $2",
            &[domain.into(), day.into(), admitted.into()],
        )?;
    }
    Ok(admitted)
}

/// Returns how many a domain was let go for on a day.
pub fn admitted(tx: &mut dyn Tx, domain: Key, day: i64) -> Result<i64, StoreError> {
    let found = tx.query_opt(
        "SELECT admitted FROM warm_up_days WHERE domain_id = $1 AND day = $2",
        &[domain.into(), day.into()],
        |row| row.int(0),
    )?;
    Ok(found.unwrap_or(0))
}

/// Notes that rows of the queue were let go.
pub fn note_admitted(tx: &mut dyn Tx, rows: &[Key], now: i64) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "UPDATE outbound SET admitted_at = $1 WHERE id IN ({})",
        placeholders(2, rows.len())
    );
    let mut params: Vec<Param<'_>> = vec![now.into()];
    params.extend(rows.iter().map(|row| Param::from(*row)));
    tx.execute(&sql, &params)?;
    Ok(())
}

/// Removes what is known of a domain.
pub fn delete_of_domain(tx: &mut dyn Tx, domain: Key) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM warm_up_days WHERE domain_id = $1",
        &[Param::from(domain)],
    )?;
    Ok(())
}
