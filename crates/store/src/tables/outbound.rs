//! Outgoing mail on its way: one row per message and envelope recipient.

pub mod remote;
pub mod retries;

use posthouse_types::ids::Key;

use super::blobs::{self, BlobPlace};
use crate::sql::{Row, Tx};
use crate::{Param, StoreError};

/// What a row waits for. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub enum OutboundState {
    /// To be attempted as soon as it is due.
    Queued = 0,
    /// Somebody has claimed it.
    Active = 1,
    /// It failed for now and is to be attempted again when it is due.
    Deferred = 2,
    /// Nothing happens until the operator says so.
    Held = 3,
    /// Kept to be looked at; it goes nowhere.
    Captured = 4,
}

impl OutboundState {
    /// All states.
    pub const ALL: [Self; 5] = [
        Self::Queued,
        Self::Active,
        Self::Deferred,
        Self::Held,
        Self::Captured,
    ];

    fn from_stored(number: i64) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|state| *state as i64 == number);
        found.ok_or_else(|| StoreError::Fault(format!("unknown state of outgoing mail {number}")))
    }
}

/// What TLS mail needs on its way. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[repr(i64)]
pub enum TlsNeed {
    /// What the receiving domain's policies ask for.
    #[default]
    AsAsked = 0,
    /// Verified TLS all the way, or none of it (RFC 8689 2).
    Required = 1,
    /// None: to arrive matters more (RFC 8689 5).
    Waived = 2,
}

impl TlsNeed {
    fn from_stored(number: i64) -> Result<Self, StoreError> {
        match number {
            0 => Ok(Self::AsAsked),
            1 => Ok(Self::Required),
            2 => Ok(Self::Waived),
            _ => Err(StoreError::Fault(format!("unknown need of TLS {number}"))),
        }
    }
}

/// Stands for the account of mail that has none; keys are positive.
const NO_GRANT: Key = Key(0);

/// Mail for one recipient as sending writes it.
#[derive(Debug, Clone)]
pub struct NewOutbound<'a> {
    /// Its key.
    pub id: Key,
    /// The application that owns the account.
    pub application: Key,
    /// The account that sends; `None` for mail that a domain sends.
    pub grant: Option<Key>,
    /// The copy in the sender's mailbox; a domain has none.
    pub message: Key,
    /// The message as it goes on the wire.
    pub blob: Key,
    /// The envelope sender.
    pub envelope_from: &'a str,
    /// The envelope recipient.
    pub recipient: &'a str,
    /// The recipient's domain.
    pub domain: &'a str,
    /// Whether the recipient's mailbox is on this server.
    pub is_local: bool,
    /// What it waits for.
    pub state: OutboundState,
    /// What TLS it needs.
    pub tls_need: TlsNeed,
    /// When it may be attempted, in Unix microseconds.
    pub due_us: i64,
    /// Unix seconds.
    pub now: i64,
}

/// Adds mail for one recipient.
pub fn insert(tx: &mut dyn Tx, row: &NewOutbound<'_>) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO outbound (id, application_id, grant_id, message_id, blob_id, envelope_from, recipient, domain,
           is_local, state, attempts, due_us, claim_token, last_reply, created_at, tls_need)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, 0, NULL, $12, $13)",
        &[
            row.id.into(),
            row.application.into(),
            row.grant.unwrap_or(NO_GRANT).into(),
            row.message.into(),
            row.blob.into(),
            row.envelope_from.into(),
            row.recipient.into(),
            row.domain.into(),
            row.is_local.into(),
            Param::Int(row.state as i64),
            row.due_us.into(),
            row.now.into(),
            Param::Int(row.tls_need as i64),
        ],
    )?;
    Ok(())
}

/// Mail for one recipient as the queue shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// Its key.
    pub id: Key,
    /// The account that sends; `None` for mail that a domain sends.
    pub grant: Option<Key>,
    /// The copy in the sender's mailbox; a domain has none.
    pub message: Key,
    /// The envelope sender.
    pub envelope_from: String,
    /// The envelope recipient.
    pub recipient: String,
    /// What it waits for.
    pub state: OutboundState,
    /// Attempts made so far.
    pub attempts: i64,
    /// When it may be attempted, or when its claim ends, in Unix microseconds.
    pub due_us: i64,
    /// What the last attempt was answered.
    pub last_reply: Option<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Whether an attempt ended without an answer to the message, so that it may have been taken.
    pub is_uncertain: bool,
}

const COLUMNS: &str = "o.id, o.grant_id, o.message_id, o.envelope_from, o.recipient, o.state, o.attempts, o.due_us, o.last_reply, \
     o.created_at, o.is_uncertain";

fn read(row: &dyn Row) -> Result<Outbound, StoreError> {
    Ok(Outbound {
        id: row.key(0)?,
        grant: Some(row.key(1)?).filter(|grant| *grant != NO_GRANT),
        message: row.key(2)?,
        envelope_from: row.string(3)?,
        recipient: row.string(4)?,
        state: OutboundState::from_stored(row.int(5)?)?,
        attempts: row.int(6)?,
        due_us: row.int(7)?,
        last_reply: row.opt_string(8)?,
        created_at: row.int(9)?,
        is_uncertain: row.flag(10)?,
    })
}

/// Which rows of an application's queue a listing wants; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this state.
    pub state: Option<OutboundState>,
    /// For this domain, as A-labels.
    pub domain: Option<String>,
    /// From this account.
    pub grant: Option<Key>,
    /// Of this message.
    pub message: Option<Key>,
    /// Older than this row.
    pub behind: Option<Key>,
    /// How many at most.
    pub limit: i64,
}

/// Returns rows of an application's queue, newest first.
pub fn list(
    tx: &mut dyn Tx,
    application: Key,
    filter: &Filter,
) -> Result<Vec<Outbound>, StoreError> {
    let mut sql = format!("SELECT {COLUMNS} FROM outbound o WHERE o.application_id = $1");
    let mut params: Vec<Param<'_>> = vec![application.into()];
    let conditions: [(&str, Option<Param<'_>>); 5] = [
        (
            "o.state =",
            filter.state.map(|state| Param::Int(state as i64)),
        ),
        ("o.domain =", filter.domain.as_ref().map(Into::into)),
        ("o.grant_id =", filter.grant.map(Into::into)),
        ("o.message_id =", filter.message.map(Into::into)),
        ("o.id <", filter.behind.map(Into::into)),
    ];
    for (condition, value) in conditions {
        if let Some(value) = value {
            params.push(value);
            sql.push_str(&format!(" AND {condition} ${}", params.len()));
        }
    }
    params.push(filter.limit.into());
    sql.push_str(&format!(" ORDER BY o.id DESC LIMIT ${}", params.len()));
    tx.query(&sql, &params, read)
}

/// Returns a row of an application's queue, and where its message is.
pub fn find(
    tx: &mut dyn Tx,
    application: Key,
    id: Key,
) -> Result<Option<(Outbound, BlobPlace)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, b.location, b.application_id, b.id, b.data, b.text_at, b.text_frame
         FROM outbound o JOIN blobs b ON b.id = o.blob_id WHERE o.id = $1 AND o.application_id = $2"
    );
    tx.query_opt(&sql, &[id.into(), application.into()], |row| {
        Ok((read(row)?, blobs::read_place(row, 11)?))
    })
}

/// Mail for a mailbox of this server that somebody has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalClaim {
    /// Its key.
    pub id: Key,
    /// Proves that the claim is the newest.
    pub token: i64,
    /// The message as it goes on the wire.
    pub blob: Key,
    /// The envelope sender.
    pub envelope_from: String,
    /// The envelope recipient.
    pub recipient: String,
    /// Attempts made before this one.
    pub attempts: i64,
    /// The application that owns it.
    pub application: Key,
    /// The account that sends; `None` for mail that a domain sends.
    pub grant: Option<Key>,
    /// The copy in the sender's mailbox; a domain has none.
    pub message: Key,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds from which on passing failures are tried again; `None` before the first one.
    pub tried_from: Option<i64>,
}

/// Returns up to `limit` senders behind `behind`, in the order of their keys, of whom something is due for mailboxes of this
/// server. All domains together are one sender, before the accounts.
///
/// Steps from sender to sender in the index: the cost is the number of senders, however much waits of one of them.
fn local_senders(
    tx: &mut dyn Tx,
    behind: Key,
    now_us: i64,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    let params = [behind.into(), now_us.into(), limit.into()];
    tx.query(LOCAL_SENDERS, &params, |row| row.key(0))
}

const LOCAL_SENDERS: &str = "WITH RECURSIVE seen (sender) AS (
       SELECT (SELECT MIN(grant_id) FROM outbound WHERE is_local = 1 AND state < 3 AND grant_id > $1)
       UNION ALL
       SELECT (SELECT MIN(grant_id) FROM outbound WHERE is_local = 1 AND state < 3 AND grant_id > seen.sender)
       FROM seen WHERE seen.sender IS NOT NULL)
     SELECT sender FROM seen WHERE sender IS NOT NULL
       AND (SELECT MIN(due_us) FROM outbound WHERE is_local = 1 AND state < 3 AND grant_id = seen.sender) <= $2
     LIMIT $3";

/// What was claimed for mailboxes of this server.
#[derive(Debug)]
pub struct LocalClaims {
    /// Each sender's oldest first.
    pub rows: Vec<LocalClaim>,
    /// The sender behind whom the next claim goes on.
    pub behind: Key,
    /// Whether more may be due.
    pub more: bool,
}

/// Claims up to `limit` due rows for mailboxes of this server until `until_us`, from the senders behind `behind` and then from
/// the first ones on: of each sender as many as of any other, the longest due first.
pub fn claim_local(
    tx: &mut dyn Tx,
    behind: Key,
    now_us: i64,
    until_us: i64,
    limit: i64,
) -> Result<LocalClaims, StoreError> {
    let mut senders = local_senders(tx, behind, now_us, limit)?;
    let room = limit - senders.len() as i64;
    if room > 0 {
        let first = local_senders(tx, BEFORE_ALL, now_us, room)?;
        senders.extend(first.into_iter().filter(|sender| *sender <= behind));
    }
    let mut claims = LocalClaims {
        rows: Vec::new(),
        behind: senders.last().copied().unwrap_or(BEFORE_ALL),
        more: senders.len() as i64 == limit,
    };
    for (place, sender) in senders.iter().enumerate() {
        let left = limit - claims.rows.len() as i64;
        // What those before them did not use is for the others.
        let share = left / (senders.len() - place) as i64;
        let rows = claim_of_local_sender(tx, *sender, now_us, until_us, share)?;
        claims.more |= rows.len() as i64 == share;
        claims.rows.extend(rows);
    }
    Ok(claims)
}

/// Less than the key of any sender.
const BEFORE_ALL: Key = Key(-1);

fn claim_of_local_sender(
    tx: &mut dyn Tx,
    sender: Key,
    now_us: i64,
    until_us: i64,
    limit: i64,
) -> Result<Vec<LocalClaim>, StoreError> {
    // Materialised, because PostgreSQL may otherwise run the inner query more than once and pass the limit.
    let sql = format!(
        "WITH due AS MATERIALIZED (SELECT id FROM outbound
           WHERE is_local = 1 AND state < 3 AND grant_id = $4 AND due_us <= $1 ORDER BY due_us, id LIMIT $3 {})
         UPDATE outbound SET state = 1, due_us = $2, claim_token = claim_token + 1
         WHERE id IN (SELECT id FROM due)
         RETURNING id, claim_token, blob_id, envelope_from, recipient, attempts, application_id, grant_id, message_id,
           created_at, tried_from",
        tx.dialect().skip_locked()
    );
    let params = [now_us.into(), until_us.into(), limit.into(), sender.into()];
    let mut claims = tx.query(&sql, &params, |row| {
        Ok(LocalClaim {
            id: row.key(0)?,
            token: row.int(1)?,
            blob: row.key(2)?,
            envelope_from: row.string(3)?,
            recipient: row.string(4)?,
            attempts: row.int(5)?,
            application: row.key(6)?,
            grant: Some(row.key(7)?).filter(|grant| *grant != NO_GRANT),
            message: row.key(8)?,
            created_at: row.int(9)?,
            tried_from: row.opt_int(10)?,
        })
    })?;
    claims.sort_unstable_by_key(|claim| claim.id);
    Ok(claims)
}

/// Tells whether something for a mailbox of this server is due.
pub fn any_local_due(tx: &mut dyn Tx, now_us: i64) -> Result<bool, StoreError> {
    let found = tx.query_opt(
        "SELECT id FROM outbound WHERE is_local = 1 AND state < 3 AND due_us <= $1 LIMIT 1",
        &[now_us.into()],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Removes a claimed row, in the transaction of its delivery; tells whether the claim was still the newest.
pub fn finish(tx: &mut dyn Tx, id: Key, token: i64) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "DELETE FROM outbound WHERE id = $1 AND claim_token = $2 AND state = 1",
        &[id.into(), token.into()],
    )?;
    Ok(removed > 0)
}

/// Removes what an account that is gone has in the queue only to be looked at. What was accepted to be delivered is delivered:
/// whoever sent it was told so.
pub fn drop_captured(tx: &mut dyn Tx, grant: Key) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM outbound WHERE grant_id = $1 AND state = $2",
        &[grant.into(), Param::Int(OutboundState::Captured as i64)],
    )
}

/// Ends all claims, for a process that knows that it is the only one: their holder is dead.
pub fn release_all(tx: &mut dyn Tx, now_us: i64) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE outbound SET state = 0, due_us = $1,
           last_reply = CASE WHEN is_local = 0 THEN $2 ELSE last_reply END,
           is_uncertain = CASE WHEN is_local = 0 THEN 1 ELSE is_uncertain END WHERE state = 1",
        &[now_us.into(), remote::UNCERTAIN.into()],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::sqlite_plan;

    #[test]
    fn senders_are_found_by_steps_in_their_index() {
        let plan = sqlite_plan(LOCAL_SENDERS);
        let steps: Vec<&str> = plan
            .lines()
            .filter(|step| step.contains("outbound"))
            .collect();
        assert_eq!(steps.len(), 3, "{plan}");
        for step in steps {
            let start =
                "SEARCH outbound USING INDEX outbound_of_local_sender (is_local=? AND grant_id";
            assert!(step.starts_with(start), "{plan}");
        }
    }
}
