//! The audit log: what was decided, by whom and why. Rows are added and, when they are old, removed; never changed.

use posthouse_types::ids::Key;

use crate::sql::{Row, Tx};
use crate::{Param, StoreError};

/// Stands for the account of a row that is no account's; keys are positive.
const NO_GRANT: Key = Key(0);

const COLUMNS: &str =
    "id, actor, action, object_type, object_id, grant_id, recipients, policy_id, rule_ids, outcome,
    reason, request_id";

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its key, which shows its time.
    pub id: Key,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what: the kind of object.
    pub object_type: String,
    /// To what: a public id or an address; empty where there is none.
    pub object_id: String,
    /// The account that it concerns.
    pub grant: Option<Key>,
    /// Effective recipients as a JSON array.
    pub recipients: Option<String>,
    /// The policy that decided.
    pub policy: Option<Key>,
    /// Public ids of the rules that decided, as a JSON array.
    pub rule_ids: Option<String>,
    /// What came of it.
    pub outcome: String,
    /// Why; may be empty.
    pub reason: String,
    /// The request or session; may be empty.
    pub request_id: String,
}

/// Adds a row.
pub fn insert(tx: &mut dyn Tx, application: Key, row: &AuditRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO audit (id, application_id, actor, action, object_type, object_id, grant_id, recipients, policy_id,
           rule_ids, outcome, reason, request_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            row.id.into(),
            application.into(),
            (&row.actor).into(),
            (&row.action).into(),
            (&row.object_type).into(),
            (&row.object_id).into(),
            row.grant.unwrap_or(NO_GRANT).into(),
            row.recipients.as_ref().into(),
            row.policy.into(),
            row.rule_ids.as_ref().into(),
            (&row.outcome).into(),
            (&row.reason).into(),
            (&row.request_id).into(),
        ],
    )?;
    Ok(())
}

/// Which rows of an application are wanted; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this actor.
    pub actor: Option<String>,
    /// Of this action.
    pub action: Option<String>,
    /// About this object.
    pub object_id: Option<String>,
    /// About this account.
    pub grant: Option<Key>,
    /// This row or newer.
    pub from: Option<Key>,
    /// Older than this row.
    pub behind: Option<Key>,
    /// How many at most.
    pub limit: i64,
}

/// Returns rows of an application, newest first.
pub fn list(
    tx: &mut dyn Tx,
    application: Key,
    filter: &Filter,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut sql = format!("SELECT {COLUMNS} FROM audit WHERE application_id = $1");
    let mut params: Vec<Param<'_>> = vec![application.into()];
    let conditions: [(&str, Option<Param<'_>>); 6] = [
        // What the partial indexes leave out is said in words, or the planner cannot use them.
        (
            "object_id <> '' AND object_id =",
            filter.object_id.as_ref().map(Into::into),
        ),
        ("grant_id <> 0 AND grant_id =", filter.grant.map(Into::into)),
        ("actor =", filter.actor.as_ref().map(Into::into)),
        ("action =", filter.action.as_ref().map(Into::into)),
        ("id >=", filter.from.map(Into::into)),
        ("id <", filter.behind.map(Into::into)),
    ];
    for (condition, value) in conditions {
        if let Some(value) = value {
            params.push(value);
            sql.push_str(&format!(" AND {condition} ${}", params.len()));
        }
    }
    params.push(filter.limit.into());
    sql.push_str(&format!(" ORDER BY id DESC LIMIT ${}", params.len()));
    tx.query(&sql, &params, read)
}

/// Removes the oldest rows that are older than a key; returns how many of which application.
pub fn expire(tx: &mut dyn Tx, before: Key, rows_max: i64) -> Result<Vec<(Key, u64)>, StoreError> {
    let counts = tx.query(
        "SELECT application_id, COUNT(*) FROM (
           SELECT application_id FROM audit WHERE id < $1 ORDER BY id LIMIT $2) AS oldest
         GROUP BY application_id ORDER BY application_id",
        &[before.into(), rows_max.into()],
        |row| Ok((row.key(0)?, row.int(1)?)),
    )?;
    if counts.is_empty() {
        return Ok(Vec::new());
    }
    tx.execute(
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id < $1 ORDER BY id LIMIT $2)",
        &[before.into(), rows_max.into()],
    )?;
    let removed = counts
        .into_iter()
        .map(|(application, count)| (application, count.unsigned_abs()));
    Ok(removed.collect())
}

fn read(row: &dyn Row) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        id: row.key(0)?,
        actor: row.string(1)?,
        action: row.string(2)?,
        object_type: row.string(3)?,
        object_id: row.string(4)?,
        grant: Some(row.key(5)?).filter(|grant| *grant != NO_GRANT),
        recipients: row.opt_string(6)?,
        policy: row.opt_key(7)?,
        rule_ids: row.opt_string(8)?,
        outcome: row.string(9)?,
        reason: row.string(10)?,
        request_id: row.string(11)?,
    })
}

#[cfg(test)]
mod tests {
    use crate::migrations::sqlite_plan;

    #[test]
    fn every_filter_alone_has_an_index_in_the_order_of_the_answer() {
        for (condition, index) in [
            ("", "audit_of_application"),
            ("AND object_id <> '' AND object_id = ?2", "audit_of_object"),
            ("AND grant_id <> 0 AND grant_id = ?2", "audit_of_grant"),
            ("AND actor = ?2", "audit_of_actor"),
            ("AND action = ?2", "audit_of_action"),
        ] {
            let sql = format!(
                "SELECT reason FROM audit WHERE application_id = ?1 {condition} ORDER BY id DESC LIMIT ?3"
            );
            let plan = sqlite_plan(&sql);
            assert!(plan.contains(index), "{condition}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{condition}: {plan}");
        }
    }
}
