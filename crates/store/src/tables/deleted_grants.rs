//! Deleted accounts: the address is free at once, the mail goes in small steps.

use posthouse_types::ids::Key;

use super::{aliases, contacts, drafts, holds, outbound, rule_evaluations, schedules, sendings};
use crate::engine::Dialect;
use crate::sql::{Tx, placeholders};
use crate::tables::blobs;
use crate::{Param, StoreError};

/// Search terms that go in one step for each message that would.
const TERMS_PER_MESSAGE: i64 = 8;

/// Messages that go in one step at most.
const MESSAGES_PER_STEP_MAX: i64 = 500;

/// Removes an account and notes that its mail is still to go; tells whether it was there.
pub fn delete(tx: &mut dyn Tx, application: Key, grant: Key, now: i64) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "DELETE FROM grants WHERE id = $1 AND application_id = $2",
        &[grant.into(), application.into()],
    )?;
    if removed == 0 {
        return Ok(false);
    }
    aliases::delete_of_grant(tx, grant)?;
    tx.execute(
        "INSERT INTO deleted_grants (grant_id, application_id, deleted_at) VALUES ($1, $2, $3)",
        &[grant.into(), application.into(), now.into()],
    )?;
    Ok(true)
}

/// What one step of the removal did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// There may be more to remove.
    pub more: bool,
    /// Application and key of blobs whose rows are gone and whose bytes are in the blob store.
    pub external: Vec<(Key, Key)>,
}

/// Removes up to `limit` messages of the account that was deleted first.
pub fn remove_some(tx: &mut dyn Tx, limit: i64) -> Result<Step, StoreError> {
    let limit = limit.clamp(1, MESSAGES_PER_STEP_MAX);
    let oldest = tx.query_opt(
        "SELECT grant_id FROM deleted_grants ORDER BY deleted_at, grant_id LIMIT 1",
        &[],
        |row| row.key(0),
    )?;
    let Some(grant) = oldest else {
        return Ok(Step::default());
    };
    Dialect::lock_grant(tx, grant)?;
    outbound::drop_captured(tx, grant)?;
    sendings::drop_of_grant(tx, grant)?;
    if let Some(blobs) = schedules::remove_some(tx, grant, limit)? {
        let lock = tx.dialect().skip_locked();
        let external = blobs::remove_unreferenced(tx, &blobs, lock)?;
        return Ok(Step {
            more: true,
            external,
        });
    }
    if let Some(blobs) = holds::remove_some(tx, grant, limit)? {
        let lock = tx.dialect().skip_locked();
        let external = blobs::remove_unreferenced(tx, &blobs, lock)?;
        return Ok(Step {
            more: true,
            external,
        });
    }
    if remove_terms(tx, grant, limit * TERMS_PER_MESSAGE)? > 0 {
        return Ok(Step {
            more: true,
            external: Vec::new(),
        });
    }
    let external = remove_messages(tx, grant, limit)?;
    if let Some(external) = external {
        return Ok(Step {
            more: true,
            external,
        });
    }
    if let Some(external) = drafts::remove_some(tx, grant, limit)? {
        return Ok(Step {
            more: true,
            external,
        });
    }
    if contacts::remove_some(tx, grant, limit)? > 0
        || rule_evaluations::delete_of_grant(tx, grant, limit)? > 0
    {
        return Ok(Step {
            more: true,
            external: Vec::new(),
        });
    }
    for sql in [
        "DELETE FROM folders WHERE grant_id = $1",
        "DELETE FROM deleted_folders WHERE grant_id = $1",
        "DELETE FROM idempotency WHERE grant_id = $1",
        "DELETE FROM reply_counts WHERE grant_id = $1",
        "DELETE FROM reply_stops WHERE grant_id = $1",
        "DELETE FROM deleted_grants WHERE grant_id = $1",
    ] {
        tx.execute(sql, &[grant.into()])?;
    }
    Ok(Step {
        more: true,
        external: Vec::new(),
    })
}

fn remove_terms(tx: &mut dyn Tx, grant: Key, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM message_terms WHERE (grant_id, term, date_at, message_id) IN
           (SELECT grant_id, term, date_at, message_id FROM message_terms WHERE grant_id = $1 LIMIT $2)",
        &[grant.into(), limit.into()],
    )
}

/// Returns the external blobs that went with the messages, or `None` when there were no messages.
fn remove_messages(
    tx: &mut dyn Tx,
    grant: Key,
    limit: i64,
) -> Result<Option<Vec<(Key, Key)>>, StoreError> {
    let rows = tx.query(
        "SELECT id, blob_id FROM messages WHERE grant_id = $1 LIMIT $2",
        &[grant.into(), limit.into()],
        |row| Ok((row.key(0)?, row.key(1)?)),
    )?;
    if rows.is_empty() {
        return Ok(None);
    }
    let messages: Vec<Param<'_>> = rows.iter().map(|(id, _)| (*id).into()).collect();
    let list = placeholders(1, messages.len());
    for table in ["receipts WHERE message_id", "messages WHERE id"] {
        tx.execute(&format!("DELETE FROM {table} IN ({list})"), &messages)?;
    }
    let mut blobs: Vec<Key> = rows.iter().map(|(_, blob)| *blob).collect();
    blobs.sort_unstable();
    blobs.dedup();
    let lock = tx.dialect().skip_locked();
    blobs::remove_unreferenced(tx, &blobs, lock).map(Some)
}
