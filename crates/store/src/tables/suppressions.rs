//! Addresses that nothing is sent to.

use posthouse_types::ids::Key;

use crate::sql::{Row, Tx, placeholders};
use crate::{Param, StoreError};

/// Stands for the workspace of a row that is for the whole application; keys are positive.
const WHOLE_APPLICATION: Key = Key(0);

const COLUMNS: &str =
    "s.id, s.workspace_id, s.address, s.reason, s.source_message_id, s.created_at, s.expires_at";

/// Why nothing is sent to an address. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub enum SuppressionReason {
    /// Mail for it came back for good.
    HardBounce = 1,
    /// Its owner complained.
    Complaint = 2,
    /// Its owner wants no more.
    Unsubscribe = 3,
    /// Somebody decided so.
    Manual = 4,
}

impl SuppressionReason {
    /// All reasons.
    pub const ALL: [Self; 4] = [
        Self::HardBounce,
        Self::Complaint,
        Self::Unsubscribe,
        Self::Manual,
    ];

    fn from_stored(number: i64) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|one| *one as i64 == number);
        found.ok_or_else(|| StoreError::Fault(format!("unknown reason of a suppression {number}")))
    }
}

/// An address that nothing is sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Its key.
    pub id: Key,
    /// Whose mail it is kept from; `None`: the whole application's.
    pub workspace: Option<Key>,
    /// The address, lower case.
    pub address: String,
    /// Why.
    pub reason: SuppressionReason,
    /// The message that taught it.
    pub source_message: Option<Key>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds from which it has no effect.
    pub expires_at: Option<i64>,
}

/// Adds an address, or gives the row that is there this reason and end; returns what is kept.
pub fn put(
    tx: &mut dyn Tx,
    application: Key,
    new: &Suppression,
) -> Result<Suppression, StoreError> {
    let sql = format!(
        "INSERT INTO suppressions (id, application_id, workspace_id, address, reason, source_message_id, created_at,
           expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (application_id, address, workspace_id) DO UPDATE SET reason = excluded.reason,
           expires_at = excluded.expires_at
         RETURNING {}",
        COLUMNS.replace("s.", "")
    );
    tx.query_one(&sql, &params(application, new), read)
}

/// Adds an address that this server learned about. A row that is there stays as it is, unless it was to end.
pub fn learn(tx: &mut dyn Tx, application: Key, new: &Suppression) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO suppressions (id, application_id, workspace_id, address, reason, source_message_id, created_at,
           expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (application_id, address, workspace_id) DO UPDATE SET reason = excluded.reason,
           source_message_id = excluded.source_message_id, expires_at = excluded.expires_at
         WHERE suppressions.expires_at IS NOT NULL",
        &params(application, new),
    )?;
    Ok(())
}

fn params(application: Key, new: &Suppression) -> [Param<'_>; 8] {
    [
        new.id.into(),
        application.into(),
        new.workspace.unwrap_or(WHOLE_APPLICATION).into(),
        (&new.address).into(),
        Param::Int(new.reason as i64),
        new.source_message.into(),
        new.created_at.into(),
        new.expires_at.into(),
    ]
}

/// Returns which of these lower-case addresses mail of a workspace is kept from, and why; one indexed query. Mail of no
/// workspace is kept from what the whole application's is kept from.
pub fn among(
    tx: &mut dyn Tx,
    application: Key,
    workspace: Option<Key>,
    addresses: &[String],
    now: i64,
) -> Result<Vec<(String, SuppressionReason)>, StoreError> {
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT address, MIN(reason) FROM suppressions
         WHERE application_id = $1 AND address IN ({}) AND workspace_id IN (0, $2)
           AND (expires_at IS NULL OR expires_at > $3)
         GROUP BY address",
        placeholders(4, addresses.len())
    );
    let mut params: Vec<Param<'_>> = vec![
        application.into(),
        workspace.unwrap_or(WHOLE_APPLICATION).into(),
        now.into(),
    ];
    params.extend(addresses.iter().map(Param::from));
    tx.query(&sql, &params, |row| {
        Ok((row.string(0)?, SuppressionReason::from_stored(row.int(1)?)?))
    })
}

/// Which rows of an application are wanted; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this address, lower case.
    pub address: Option<String>,
    /// For this reason.
    pub reason: Option<SuppressionReason>,
    /// For this workspace alone.
    pub workspace: Option<Key>,
    /// Older than this row.
    pub behind: Option<Key>,
    /// Still in effect at this Unix second.
    pub now: i64,
    /// How many at most.
    pub limit: i64,
}

/// Returns rows of an application, newest first.
pub fn list(
    tx: &mut dyn Tx,
    application: Key,
    filter: &Filter,
) -> Result<Vec<Suppression>, StoreError> {
    let mut sql = format!(
        "SELECT {COLUMNS} FROM suppressions s
         WHERE s.application_id = $1 AND (s.expires_at IS NULL OR s.expires_at > $2)"
    );
    let mut params: Vec<Param<'_>> = vec![application.into(), filter.now.into()];
    let conditions: [(&str, Option<Param<'_>>); 4] = [
        ("s.address =", filter.address.as_ref().map(Into::into)),
        (
            "s.reason =",
            filter.reason.map(|reason| Param::Int(reason as i64)),
        ),
        ("s.workspace_id =", filter.workspace.map(Into::into)),
        ("s.id <", filter.behind.map(Into::into)),
    ];
    for (condition, value) in conditions {
        if let Some(value) = value {
            params.push(value);
            sql.push_str(&format!(" AND {condition} ${}", params.len()));
        }
    }
    params.push(filter.limit.into());
    sql.push_str(&format!(" ORDER BY s.id DESC LIMIT ${}", params.len()));
    tx.query(&sql, &params, read)
}

/// What is to be removed.
#[derive(Debug, Clone)]
pub enum Which {
    /// One row.
    Id(Key),
    /// Every row of a lower-case address.
    Address(String),
}

/// Removes rows of an application, only those of `workspace` when there is one; tells whether there were any.
pub fn delete(
    tx: &mut dyn Tx,
    application: Key,
    workspace: Option<Key>,
    which: &Which,
) -> Result<bool, StoreError> {
    let mut params: Vec<Param<'_>> = vec![application.into()];
    let mut sql = match which {
        Which::Id(id) => {
            params.push((*id).into());
            "DELETE FROM suppressions WHERE application_id = $1 AND id = $2".to_owned()
        }
        Which::Address(address) => {
            params.push(address.into());
            "DELETE FROM suppressions WHERE application_id = $1 AND address = $2".to_owned()
        }
    };
    if let Some(workspace) = workspace {
        params.push(workspace.into());
        sql.push_str(" AND workspace_id = $3");
    }
    Ok(tx.execute(&sql, &params)? > 0)
}

/// Removes what a workspace that is gone had for itself.
pub fn delete_of_workspace(
    tx: &mut dyn Tx,
    application: Key,
    workspace: Key,
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM suppressions WHERE application_id = $1 AND workspace_id = $2",
        &[application.into(), workspace.into()],
    )?;
    Ok(())
}

/// Removes up to `limit` rows that have no effect any more.
pub fn expire(tx: &mut dyn Tx, now: i64, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM suppressions WHERE id IN
           (SELECT id FROM suppressions WHERE expires_at IS NOT NULL AND expires_at <= $1 LIMIT $2)",
        &[now.into(), limit.into()],
    )
}

fn read(row: &dyn Row) -> Result<Suppression, StoreError> {
    Ok(Suppression {
        id: row.key(0)?,
        workspace: Some(row.key(1)?).filter(|workspace| *workspace != WHOLE_APPLICATION),
        address: row.string(2)?,
        reason: SuppressionReason::from_stored(row.int(3)?)?,
        source_message: row.opt_key(4)?,
        created_at: row.int(5)?,
        expires_at: row.opt_int(6)?,
    })
}

#[cfg(test)]
mod tests {
    use crate::migrations::sqlite_plan;

    #[test]
    fn a_send_finds_suppressions_by_their_index() {
        let plan = sqlite_plan(
            "SELECT address, MIN(reason) FROM suppressions
             WHERE application_id = $1 AND address IN ($4, $5) AND workspace_id IN (0, $2)
               AND (expires_at IS NULL OR expires_at > $3)
             GROUP BY address",
        );
        assert!(
            plan.contains(
                "suppressions_of_address (application_id=? AND address=? AND workspace_id=?)"
            ),
            "{plan}"
        );
    }
}
