//! Who may not send, and the mail that waits for them to be allowed again.

use posthouse_types::ids::Key;

use super::reputation::Trouble;
use crate::sql::{Row, Tx, placeholders};
use crate::{Param, StoreError};

/// Stands for the account of a pause of something else; keys are positive.
const NO_GRANT: Key = Key(0);

/// Who is paused, the narrowest first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PauseScope {
    /// One account.
    Grant(Key),
    /// Whatever is sent from a domain (A-labels).
    Domain(String),
    /// The whole application.
    Application,
}

impl PauseScope {
    /// Tells whether mail of an account (of none, where a domain sends) from a domain is of this scope.
    #[must_use]
    pub fn covers(&self, grant: Option<Key>, domain: &str) -> bool {
        match self {
            Self::Grant(paused) => grant == Some(*paused),
            Self::Domain(paused) => paused == domain,
            Self::Application => true,
        }
    }

    fn parts(&self) -> (i64, Key, &str) {
        match self {
            Self::Grant(grant) => (1, *grant, ""),
            Self::Domain(domain) => (2, NO_GRANT, domain),
            Self::Application => (3, NO_GRANT, ""),
        }
    }
}

/// A pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Its key.
    pub id: Key,
    /// Whose mail it keeps.
    pub application: Key,
    /// Which part of that.
    pub scope: PauseScope,
    /// What there was too much of.
    pub trouble: Trouble,
    /// How much, among `recipients`.
    pub events: i64,
    /// The recipients that were looked at.
    pub recipients: i64,
    /// Unix seconds.
    pub created_at: i64,
}

const COLUMNS: &str =
    "id, application_id, scope, grant_id, domain, trouble, events, recipients, created_at";

/// Adds a pause; tells whether the scope was not paused yet.
pub fn insert(tx: &mut dyn Tx, pause: &Pause) -> Result<bool, StoreError> {
    let (scope, grant, domain) = pause.scope.parts();
    let inserted = tx.execute(
        "INSERT INTO pauses (id, application_id, scope, grant_id, domain, trouble, events, recipients, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (application_id, scope, grant_id, domain) WHERE lifted_at IS NULL DO NOTHING",
        &[
            pause.id.into(),
            pause.application.into(),
            scope.into(),
            grant.into(),
            domain.into(),
            Param::Int(pause.trouble as i64),
            pause.events.into(),
            pause.recipients.into(),
            pause.created_at.into(),
        ],
    )?;
    Ok(inserted > 0)
}

/// Returns the pauses in force of some applications, oldest first, and keeps them in force until the transaction ends: mail
/// that is kept by them then is found by whoever lifts them. There are few, each waits for an operator.
pub fn in_force(tx: &mut dyn Tx, applications: &[Key]) -> Result<Vec<Pause>, StoreError> {
    if applications.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM pauses WHERE lifted_at IS NULL AND application_id IN ({}) ORDER BY id {}",
        placeholders(1, applications.len()),
        tx.dialect().lock_rows()
    );
    let params: Vec<Param<'_>> = applications.iter().map(|key| Param::Int(key.0)).collect();
    tx.query(&sql, &params, read)
}

/// Returns the narrowest pause in force of mail that an account (`None`: the domain itself) sends from a domain.
pub fn of_sender(
    tx: &mut dyn Tx,
    application: Key,
    grant: Option<Key>,
    domain: &str,
) -> Result<Option<Pause>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM pauses WHERE lifted_at IS NULL AND application_id = $1
           AND ((scope = 1 AND grant_id = $2) OR (scope = 2 AND domain = $3) OR scope = 3)
         ORDER BY scope LIMIT 1"
    );
    let grant = grant.unwrap_or(Key(-1));
    tx.query_opt(
        &sql,
        &[application.into(), grant.into(), domain.into()],
        read,
    )
}

/// Returns up to `limit` pauses in force of an application that are older than `behind`, newest first.
pub fn list(
    tx: &mut dyn Tx,
    application: Key,
    behind: Option<Key>,
    limit: i64,
) -> Result<Vec<Pause>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM pauses WHERE lifted_at IS NULL AND application_id = $1 AND id < $2
         ORDER BY id DESC LIMIT $3"
    );
    let behind = behind.map_or(i64::MAX, |key| key.0);
    tx.query(
        &sql,
        &[application.into(), behind.into(), limit.into()],
        read,
    )
}

/// Ends a pause of an application: sending is allowed from now on, and the mail that it kept is still to be given back;
/// tells whether it was in force.
pub fn lift(tx: &mut dyn Tx, application: Key, id: Key, now: i64) -> Result<bool, StoreError> {
    let lifted = tx.execute(
        "UPDATE pauses SET lifted_at = $3 WHERE id = $1 AND application_id = $2 AND lifted_at IS NULL",
        &[id.into(), application.into(), now.into()],
    )?;
    Ok(lifted > 0)
}

/// Keeps a row of the queue until its pause is lifted.
pub fn withhold(tx: &mut dyn Tx, row: Key, pause: Key, reply: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbound SET state = 3, pause_id = $2, last_reply = $3 WHERE id = $1",
        &[row.into(), pause.into(), reply.into()],
    )?;
    Ok(())
}

/// Gives up to `limit` rows that a lifted pause kept back to the queue, the oldest first, and removes a pause that keeps
/// nothing more; returns whether more is left to do. The time that they were kept is not taken from their time of being tried.
pub fn give_back(tx: &mut dyn Tx, now_us: i64, limit: i64) -> Result<bool, StoreError> {
    let lifted = tx.query_opt(
        "SELECT id FROM pauses WHERE lifted_at IS NOT NULL ORDER BY id LIMIT 1",
        &[],
        |row| row.key(0),
    )?;
    let Some(pause) = lifted else {
        return Ok(false);
    };
    let given_back = tx.execute(
        "UPDATE outbound SET state = CASE WHEN state = 3 THEN 0 ELSE state END,
           due_us = CASE WHEN state = 3 THEN $2 ELSE due_us END, last_reply = NULL, pause_id = NULL,
           tried_from = CASE WHEN state = 3 THEN NULL ELSE tried_from END
         WHERE id IN (SELECT id FROM outbound WHERE pause_id = $1 ORDER BY id LIMIT $3)",
        &[pause.into(), now_us.into(), limit.into()],
    )?;
    if given_back < limit as u64 {
        tx.execute("DELETE FROM pauses WHERE id = $1", &[pause.into()])?;
    }
    Ok(true)
}

fn read(row: &dyn Row) -> Result<Pause, StoreError> {
    let scope = match row.int(2)? {
        1 => PauseScope::Grant(row.key(3)?),
        2 => PauseScope::Domain(row.string(4)?),
        3 => PauseScope::Application,
        other => {
            return Err(StoreError::Fault(format!(
                "unknown scope of a pause {other}"
            )));
        }
    };
    Ok(Pause {
        id: row.key(0)?,
        application: row.key(1)?,
        scope,
        trouble: Trouble::from_stored(row.int(5)?)?,
        events: row.int(6)?,
        recipients: row.int(7)?,
        created_at: row.int(8)?,
    })
}
