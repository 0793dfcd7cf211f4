//! What has been kept for as long as its workspace's policy wants: found account by account, along the folders' index.

use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::Key;

use crate::sql::Tx;
use crate::{Param, StoreError};

/// A workspace on the way through all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Governed {
    /// The workspace.
    pub id: Key,
    /// The application it belongs to.
    pub application: Key,
    /// What its policy says, if it has one: a JSON object.
    pub policy: Option<String>,
}

/// Returns the workspace with the lowest key that is at least this.
pub fn next_workspace(tx: &mut dyn Tx, from: Key) -> Result<Option<Governed>, StoreError> {
    tx.query_opt(
        "SELECT w.id, w.application_id, p.document FROM workspaces w LEFT JOIN policies p ON p.id = w.policy_id
         WHERE w.id >= $1 ORDER BY w.id LIMIT 1",
        &[from.into()],
        |row| {
            Ok(Governed {
                id: row.key(0)?,
                application: row.key(1)?,
                policy: row.opt_string(2)?,
            })
        },
    )
}

/// Until when messages must have arrived, or gone to Junk, to go now; `None`: they stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// For every folder but Drafts and Junk, in Unix seconds.
    pub inbox_before: Option<i64>,
    /// For Junk.
    pub spam_before: Option<i64>,
}

/// Returns some messages of an account whose time is up.
pub fn due(
    tx: &mut dyn Tx,
    grant: Key,
    periods: &Periods,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    let mut found = Vec::new();
    if let Some(before) = periods.spam_before {
        let params = [
            grant.into(),
            before.into(),
            Param::Int(SystemFolder::Junk as i64),
            limit.into(),
        ];
        found = tx.query(DUE_IN_JUNK, &params, |row| row.key(0))?;
    }
    if let Some(before) = periods.inbox_before
        && (found.len() as i64) < limit
    {
        let params = [
            grant.into(),
            before.into(),
            Param::Int(SystemFolder::Junk as i64),
            Param::Int(SystemFolder::Drafts as i64),
            Param::Int(limit - found.len() as i64),
        ];
        found.extend(tx.query(DUE_ELSEWHERE, &params, |row| row.key(0))?);
    }
    Ok(found)
}

/// What was moved to Junk counts from then on; it had arrived before. `CROSS JOIN`: SQLite goes from folders to messages, in
/// the order in which they stand here.
const DUE_IN_JUNK: &str = "SELECT m.id FROM folders f CROSS JOIN messages m
     WHERE m.grant_id = f.grant_id AND m.folder_id = f.id AND m.date_at < $2 AND f.grant_id = $1 AND f.role = $3 AND COALESCE(m.set_aside_at, m.date_at) < $2 LIMIT $4";

const DUE_ELSEWHERE: &str = "SELECT m.id FROM folders f CROSS JOIN messages m
     WHERE m.grant_id = f.grant_id AND m.folder_id = f.id AND m.date_at < $2 AND f.grant_id = $1 AND f.role <> $3 AND f.role <> $4 LIMIT $5";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::sqlite_plan;

    #[test]
    fn what_is_due_is_found_along_the_folders_index() {
        for statement in [DUE_IN_JUNK, DUE_ELSEWHERE] {
            let plan = sqlite_plan(statement);
            assert!(
                plan.contains("messages_of_folder (grant_id=? AND folder_id=? AND date_at<?)"),
                "{plan}"
            );
            assert!(plan.contains("folders_of_grant"), "{plan}");
        }
    }
}
