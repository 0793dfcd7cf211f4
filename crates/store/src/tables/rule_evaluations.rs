//! What the rules of an account's workspace made of its messages.

use posthouse_types::ids::Key;

use crate::sql::{Row, Tx};
use crate::{Param, StoreError};

const COLUMNS: &str = "id, application_id, grant_id, message_id, stage, outcome, document";

/// What rules made of one message for one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvaluation {
    /// Its key, which shows the time.
    pub id: Key,
    /// The application of the account.
    pub application: Key,
    /// The account.
    pub grant: Key,
    /// The message, where one was stored.
    pub message: Option<Key>,
    /// The number of the stage.
    pub stage: i64,
    /// The number of the outcome.
    pub outcome: i64,
    /// What was looked at and what followed, as JSON.
    pub document: String,
}

/// Adds an evaluation, in the transaction of its message.
pub fn insert(tx: &mut dyn Tx, evaluation: &StoredEvaluation) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO rule_evaluations (id, application_id, grant_id, message_id, stage, outcome, document)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            evaluation.id.into(),
            evaluation.application.into(),
            evaluation.grant.into(),
            evaluation.message.into(),
            evaluation.stage.into(),
            evaluation.outcome.into(),
            (&evaluation.document).into(),
        ],
    )?;
    Ok(())
}

/// Which evaluations are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of one message.
    pub message: Option<Key>,
    /// Of one stage.
    pub stage: Option<i64>,
    /// Of one outcome.
    pub outcome: Option<i64>,
    /// Keys above this one.
    pub above: Option<Key>,
    /// Keys below this one.
    pub below: Option<Key>,
    /// At most so many.
    pub limit: i64,
}

/// Returns evaluations of an account, newest first.
pub fn page(
    tx: &mut dyn Tx,
    grant: Key,
    filter: &Filter,
) -> Result<Vec<StoredEvaluation>, StoreError> {
    let mut sql = format!("SELECT {COLUMNS} FROM rule_evaluations WHERE grant_id = $1");
    let mut params: Vec<Param<'_>> = vec![grant.into()];
    let conditions: [(&str, Option<Param<'_>>); 4] = [
        ("message_id =", filter.message.map(Into::into)),
        ("stage =", filter.stage.map(Into::into)),
        ("id >", filter.above.map(Into::into)),
        ("id <", filter.below.map(Into::into)),
    ];
    for (condition, value) in conditions {
        if let Some(value) = value {
            params.push(value);
            sql.push_str(&format!(" AND {condition} ${}", params.len()));
        }
    }
    if let Some(outcome) = filter.outcome {
        params.push(outcome.into());
        sql.push_str(&format!(" AND outcome = ${}", params.len()));
        if outcome != 0 {
            // In so many words: the index has only these.
            sql.push_str(" AND outcome <> 0");
        }
    }
    params.push(filter.limit.into());
    sql.push_str(&format!(" ORDER BY id DESC LIMIT ${}", params.len()));
    tx.query(&sql, &params, read)
}

/// Removes up to `limit` evaluations with keys below `before`; returns how many.
pub fn expire(tx: &mut dyn Tx, before: Key, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM rule_evaluations WHERE id IN
           (SELECT id FROM rule_evaluations WHERE id < $1 ORDER BY id LIMIT $2)",
        &[before.into(), limit.into()],
    )
}

/// Removes up to `limit` evaluations of an account; returns how many.
pub fn delete_of_grant(tx: &mut dyn Tx, grant: Key, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM rule_evaluations WHERE id IN
           (SELECT id FROM rule_evaluations WHERE grant_id = $1 ORDER BY id LIMIT $2)",
        &[grant.into(), limit.into()],
    )
}

fn read(row: &dyn Row) -> Result<StoredEvaluation, StoreError> {
    Ok(StoredEvaluation {
        id: row.key(0)?,
        application: row.key(1)?,
        grant: row.key(2)?,
        message: row.opt_key(3)?,
        stage: row.int(4)?,
        outcome: row.int(5)?,
        document: row.string(6)?,
    })
}
