//! Outgoing mail for other servers: claimed by destination, held with a lease, and settled by whoever holds it.
//!
//! As with webhook deliveries, a claim has an end and a token. A holder that dies loses nothing, because its rows can be
//! claimed again when the claim ends; one that comes back late changes nothing, because its token is no longer the newest.

use posthouse_types::ids::Key;

use super::{NO_GRANT, OutboundState, TlsNeed};
use crate::sql::{Row, Tx};
use crate::{Param, StoreError};

/// Mail for one recipient elsewhere that somebody has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteClaim {
    /// Its key.
    pub id: Key,
    /// Proves that the claim is the newest.
    pub token: i64,
    /// The application that owns it.
    pub application: Key,
    /// The account that sends; `None` for mail that a domain sends.
    pub grant: Option<Key>,
    /// The copy in the sender's mailbox; a domain has none.
    pub message: Key,
    /// The message as it was written down.
    pub blob: Key,
    /// The envelope sender.
    pub envelope_from: String,
    /// The envelope recipient.
    pub recipient: String,
    /// The recipient's domain.
    pub domain: String,
    /// Attempts made before this one.
    pub attempts: i64,
    /// Unix seconds.
    pub created_at: i64,
    /// What TLS it needs.
    pub tls_need: TlsNeed,
    /// Unix seconds at which the warm-up of its domain let it go.
    pub admitted_at: Option<i64>,
    /// Unix seconds from which on passing failures are tried again; `None` before the first one.
    pub tried_from: Option<i64>,
    /// Whether an attempt ended without an answer to the message, so that it may have been taken.
    pub is_uncertain: bool,
}

/// What an attempt that nobody ended leaves behind: its holder died between the claim and the answer.
pub(super) const UNCERTAIN: &str = "the former attempt ended without an answer";

/// Returns up to `limit` destinations behind `behind` in the order of their names, each with the time at which the first of
/// its mail is due.
///
/// Steps from name to name in the index: the cost is the number of destinations, however much waits for one of them.
pub fn destinations(
    tx: &mut dyn Tx,
    behind: &str,
    limit: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    tx.query(DESTINATIONS, &[behind.into(), limit.into()], |row| {
        Ok((row.string(0)?, row.opt_int(1)?.unwrap_or(i64::MAX)))
    })
}

const DESTINATIONS: &str = "WITH RECURSIVE seen (domain) AS (
       SELECT (SELECT MIN(domain) FROM outbound WHERE is_local = 0 AND state < 3 AND domain > $1)
       UNION ALL
       SELECT (SELECT MIN(domain) FROM outbound WHERE is_local = 0 AND state < 3 AND domain > seen.domain)
       FROM seen WHERE seen.domain IS NOT NULL)
     SELECT domain, (SELECT MIN(due_us) FROM outbound WHERE is_local = 0 AND state < 3 AND domain = seen.domain)
     FROM seen WHERE domain IS NOT NULL LIMIT $2";

/// Tells whether anything for other servers is due, whatever its destination.
pub fn any_due(tx: &mut dyn Tx, now_us: i64) -> Result<bool, StoreError> {
    let found = tx.query_opt(
        "SELECT id FROM outbound WHERE is_local = 0 AND state < 3 AND due_us <= $1 LIMIT 1",
        &[now_us.into()],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Claims up to `limit` due rows until `until_us`, the longest due first; of one destination, or of all.
pub fn claim(
    tx: &mut dyn Tx,
    destination: Option<&str>,
    now_us: i64,
    until_us: i64,
    limit: i64,
) -> Result<Vec<RemoteClaim>, StoreError> {
    let of_destination = destination.map_or("", |_| "AND domain = $5");
    // Materialised, because PostgreSQL may otherwise run the inner query more than once and pass the limit.
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT id FROM outbound
           WHERE is_local = 0 AND state < 3 {of_destination} AND due_us <= $1 ORDER BY due_us, id LIMIT $3 {})
         UPDATE outbound SET last_reply = CASE WHEN state = 1 THEN $4 ELSE last_reply END,
           is_uncertain = CASE WHEN state = 1 THEN 1 ELSE is_uncertain END,
           state = 1, due_us = $2, claim_token = claim_token + 1
         WHERE id IN (SELECT id FROM due)
         RETURNING id, claim_token, application_id, grant_id, message_id, blob_id, envelope_from, recipient, domain,
           attempts, created_at, tls_need, admitted_at, tried_from, is_uncertain",
        tx.dialect().skip_locked()
    );
    let mut params: Vec<Param<'_>> = vec![
        now_us.into(),
        until_us.into(),
        limit.into(),
        UNCERTAIN.into(),
    ];
    params.extend(destination.map(Param::from));
    let mut claims = tx.query(&sql, &params, read)?;
    claims.sort_unstable_by_key(|claim| claim.id);
    Ok(claims)
}

fn read(row: &dyn Row) -> Result<RemoteClaim, StoreError> {
    Ok(RemoteClaim {
        id: row.key(0)?,
        token: row.int(1)?,
        application: row.key(2)?,
        grant: Some(row.key(3)?).filter(|grant| *grant != NO_GRANT),
        message: row.key(4)?,
        blob: row.key(5)?,
        envelope_from: row.string(6)?,
        recipient: row.string(7)?,
        domain: row.string(8)?,
        attempts: row.int(9)?,
        created_at: row.int(10)?,
        tls_need: TlsNeed::from_stored(row.int(11)?)?,
        admitted_at: row.opt_int(12)?,
        tried_from: row.opt_int(13)?,
        is_uncertain: row.flag(14)?,
    })
}

/// Moves the end of a claim; tells whether the claim was still the newest.
pub fn renew(tx: &mut dyn Tx, id: Key, token: i64, until_us: i64) -> Result<bool, StoreError> {
    let renewed = tx.execute(
        "UPDATE outbound SET due_us = $3 WHERE id = $1 AND claim_token = $2 AND state = 1",
        &[id.into(), token.into(), until_us.into()],
    )?;
    Ok(renewed > 0)
}

/// Gives a claim back untried: the row waits until `due_us`, and nothing counts as an attempt.
pub fn release(tx: &mut dyn Tx, id: Key, token: i64, due_us: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbound SET due_us = $3, state = CASE WHEN attempts = 0 THEN 0 ELSE 2 END
         WHERE id = $1 AND claim_token = $2 AND state = 1",
        &[id.into(), token.into(), due_us.into()],
    )?;
    Ok(())
}

/// As [`release`], with the reason that the queue shows.
pub fn postpone(
    tx: &mut dyn Tx,
    id: Key,
    token: i64,
    due_us: i64,
    reason: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbound SET due_us = $3, state = CASE WHEN attempts = 0 THEN 0 ELSE 2 END, last_reply = $4
         WHERE id = $1 AND claim_token = $2 AND state = 1",
        &[id.into(), token.into(), due_us.into(), reason.into()],
    )?;
    Ok(())
}

/// A passing failure.
#[derive(Debug, Clone, Copy)]
pub struct Deferral<'a> {
    /// When it is tried again, in Unix microseconds.
    pub due_us: i64,
    /// What the queue shows of it.
    pub reply: &'a str,
    /// Unix seconds from which on passing failures are tried again.
    pub tried_from: i64,
    /// Whether the message may have been taken all the same.
    pub is_uncertain: bool,
}

/// Ends a claim with a passing failure; tells whether the claim was still the newest.
pub fn defer(
    tx: &mut dyn Tx,
    id: Key,
    token: i64,
    deferral: &Deferral<'_>,
) -> Result<bool, StoreError> {
    let deferred = tx.execute(
        "UPDATE outbound SET state = 2, due_us = $3, last_reply = $4, attempts = attempts + 1, tried_from = $5,
           is_uncertain = CASE WHEN is_uncertain = 1 THEN is_uncertain ELSE $6 END
         WHERE id = $1 AND claim_token = $2 AND state = 1",
        &[
            id.into(),
            token.into(),
            deferral.due_us.into(),
            deferral.reply.into(),
            deferral.tried_from.into(),
            deferral.is_uncertain.into(),
        ],
    )?;
    Ok(deferred > 0)
}

/// Rows that nobody is delivering at this moment: whoever steers one that is on its way would not know where it ended.
const AT_REST: &str = "(state IN (0, 2, 3) OR (state = 1 AND due_us < $3))";

/// Lets a row be attempted at `due_us`, or keeps it until it is asked for; tells whether it was at rest to be steered. Who steers
/// a row that a pause keeps has the word from then on: the end of the pause does not let it go.
pub fn steer(
    tx: &mut dyn Tx,
    application: Key,
    id: Key,
    now_us: i64,
    to: OutboundState,
    due_us: i64,
) -> Result<bool, StoreError> {
    // What was held begins anew: the time that it was kept is not taken from its time of being tried.
    let tried_from = match to {
        OutboundState::Queued => "CASE WHEN state = 3 THEN NULL ELSE tried_from END",
        _ => "tried_from",
    };
    let sql = format!(
        "UPDATE outbound SET state = $4, due_us = $5, pause_id = NULL, claim_token = claim_token + 1, tried_from = {tried_from}
         WHERE id = $1 AND application_id = $2 AND {AT_REST}"
    );
    let steered = tx.execute(
        &sql,
        &[
            id.into(),
            application.into(),
            now_us.into(),
            Param::Int(to as i64),
            due_us.into(),
        ],
    )?;
    Ok(steered > 0)
}

/// Removes a row of an application's queue; tells whether it was at rest, or captured, to be removed.
pub fn drop_one(
    tx: &mut dyn Tx,
    application: Key,
    id: Key,
    now_us: i64,
) -> Result<bool, StoreError> {
    let sql = format!(
        "DELETE FROM outbound WHERE id = $1 AND application_id = $2 AND (state = 4 OR {AT_REST})"
    );
    let removed = tx.execute(&sql, &[id.into(), application.into(), now_us.into()])?;
    Ok(removed > 0)
}

/// Returns how many rows wait in each state, for gauges.
pub fn count_by_state(tx: &mut dyn Tx) -> Result<Vec<(OutboundState, i64)>, StoreError> {
    tx.query(
        "SELECT state, COUNT(*) FROM outbound GROUP BY state",
        &[],
        |row| Ok((OutboundState::from_stored(row.int(0)?)?, row.int(1)?)),
    )
}

#[cfg(test)]
mod tests {
    use crate::migrations::sqlite_plan;

    #[test]
    fn destinations_are_stepped_through_in_the_index() {
        let plan = sqlite_plan(super::DESTINATIONS);
        let steps: Vec<&str> = plan
            .lines()
            .filter(|step| step.contains("outbound"))
            .collect();
        assert_eq!(steps.len(), 3, "{plan}");
        for step in steps {
            let start =
                "SEARCH outbound USING INDEX outbound_of_destination (is_local=? AND domain";
            assert!(step.starts_with(start), "{plan}");
        }
    }
}
