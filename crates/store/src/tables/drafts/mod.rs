//! Drafts: what an account has begun to write, one row each, with the files that are to go along.
//!
//! Drafts are no messages: they have rows of their own, so that nothing that lists, searches, threads or waits for mail
//! has to leave them out (ADR 0008). Their folder counts them all the same.

pub mod files;
mod select;

use std::cmp::Reverse;

use posthouse_types::ids::Key;

use super::blobs;
use super::messages::StoredBody;
use super::terms::Term;
use super::threads::THREADS_PER_STATEMENT_MAX;
use crate::sql::{Row, Tx, placeholders};
use crate::{Param, StoreError};

pub use select::{DraftPosition, DraftSelection, select};

/// A draft as the store keeps it, but for its body and its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its key.
    pub id: Key,
    /// The folder it is in.
    pub folder: Key,
    /// The thread it belongs to, if it belongs to one.
    pub thread: Option<Key>,
    /// The message it answers, which may be gone.
    pub answers: Option<Key>,
    /// When it was last changed, in Unix microseconds.
    pub changed_us: i64,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// Not read yet.
    pub unread: bool,
    /// Starred.
    pub starred: bool,
    /// With a file a person would see.
    pub has_attachment: bool,
    /// Its number in its folder: another one whenever it says something else.
    pub uid: i64,
    /// Its folder's modification sequence of its last change, of whatever kind: no two of its states have the same.
    pub modseq: i64,
    /// Bytes of the body and the files.
    pub size_bytes: i64,
    /// Lower-case subject.
    pub subject: String,
    /// A JSON object, if metadata was set.
    pub metadata: Option<String>,
    /// What it is made of, but for the body and the files, as JSON.
    pub fields: String,
}

const COLUMNS: &str = "d.id, d.folder_id, d.thread_id, d.answers_id, d.changed_us, d.created_at, d.unread, d.starred, \
     d.has_attachment, d.uid, d.modseq, d.size_bytes, d.subject, d.metadata, d.fields, d.body, d.body_frame";

fn read(row: &dyn Row) -> Result<(Draft, StoredBody), StoreError> {
    let draft = Draft {
        id: row.key(0)?,
        folder: row.key(1)?,
        thread: row.opt_key(2)?,
        answers: row.opt_key(3)?,
        changed_us: row.int(4)?,
        created_at: row.int(5)?,
        unread: row.flag(6)?,
        starred: row.flag(7)?,
        has_attachment: row.flag(8)?,
        uid: row.int(9)?,
        modseq: row.int(10)?,
        size_bytes: row.int(11)?,
        subject: row.string(12)?,
        metadata: row.opt_string(13)?,
        fields: row.string(14)?,
    };
    let body = match row.opt_string(15)? {
        Some(json) => StoredBody::Plain(json),
        None => StoredBody::Frame(row.bytes(16)?.to_vec().into()),
    };
    Ok((draft, body))
}

/// Adds a draft, which its folder has counted; its files follow ([`files::replace`]).
pub fn insert(
    tx: &mut dyn Tx,
    application: Key,
    grant: Key,
    draft: &Draft,
    body: &StoredBody,
    terms: &[Term],
) -> Result<(), StoreError> {
    let (plain, frame) = body.columns();
    tx.execute(
        "INSERT INTO drafts (id, application_id, grant_id, folder_id, created_at, thread_id, answers_id, changed_us,
           unread, starred, has_attachment, uid, modseq, size_bytes, subject, metadata, fields, body, body_frame)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        &[
            draft.id.into(),
            application.into(),
            grant.into(),
            draft.folder.into(),
            draft.created_at.into(),
            draft.thread.into(),
            draft.answers.into(),
            draft.changed_us.into(),
            draft.unread.into(),
            draft.starred.into(),
            draft.has_attachment.into(),
            draft.uid.into(),
            draft.modseq.into(),
            draft.size_bytes.into(),
            (&draft.subject).into(),
            draft.metadata.as_ref().into(),
            (&draft.fields).into(),
            plain.into(),
            frame.into(),
        ],
    )?;
    insert_terms(tx, grant, draft.id, terms)
}

/// Writes all of a draft but its body and its files.
pub fn update(
    tx: &mut dyn Tx,
    grant: Key,
    draft: &Draft,
    terms: &[Term],
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE drafts SET thread_id = $3, answers_id = $4, changed_us = $5, unread = $6, starred = $7,
           has_attachment = $8, uid = $9, modseq = $10, size_bytes = $11, subject = $12, metadata = $13, fields = $14
         WHERE id = $1 AND grant_id = $2",
        &[
            draft.id.into(),
            grant.into(),
            draft.thread.into(),
            draft.answers.into(),
            draft.changed_us.into(),
            draft.unread.into(),
            draft.starred.into(),
            draft.has_attachment.into(),
            draft.uid.into(),
            draft.modseq.into(),
            draft.size_bytes.into(),
            (&draft.subject).into(),
            draft.metadata.as_ref().into(),
            (&draft.fields).into(),
        ],
    )?;
    remove_terms(tx, draft.id)?;
    insert_terms(tx, grant, draft.id, terms)
}

/// Writes the body of a draft.
pub fn set_body(tx: &mut dyn Tx, draft: Key, body: &StoredBody) -> Result<(), StoreError> {
    let (plain, frame) = body.columns();
    tx.execute(
        "UPDATE drafts SET body = $2, body_frame = $3 WHERE id = $1",
        &[draft.into(), plain.into(), frame.into()],
    )?;
    Ok(())
}

/// Removes a draft with its files, which its folder has counted out; returns application and key of blobs whose rows are
/// gone and whose bytes are in the blob store.
pub fn delete(tx: &mut dyn Tx, draft: Key) -> Result<Vec<(Key, Key)>, StoreError> {
    let blobs = files::remove_rows(tx, draft)?;
    remove_terms(tx, draft)?;
    tx.execute("DELETE FROM drafts WHERE id = $1", &[draft.into()])?;
    // Passing over what others hold, who keep or remove it: whoever kept files in one order would otherwise wait for who
    // removes them in another. What is left over the housekeeping finds.
    let lock = tx.dialect().skip_locked();
    blobs::remove_unreferenced(tx, &blobs, lock)
}

/// Returns a draft of an account, and its body.
pub fn find(
    tx: &mut dyn Tx,
    grant: Key,
    id: Key,
) -> Result<Option<(Draft, StoredBody)>, StoreError> {
    let mut found = None;
    show(tx, grant, &[id], &mut |draft, body| {
        found = Some((draft, body));
        Ok(())
    })?;
    Ok(found)
}

/// Hands up to 200 drafts of an account to `each`, in no particular order; missing ones are left out.
pub fn show(
    tx: &mut dyn Tx,
    grant: Key,
    ids: &[Key],
    each: &mut dyn FnMut(Draft, StoredBody) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM drafts d WHERE d.id IN ({}) AND d.grant_id + 0 = $1",
        placeholders(2, ids.len())
    );
    let mut params: Vec<Param<'_>> = vec![grant.into()];
    params.extend(ids.iter().map(|id| Param::from(*id)));
    tx.for_each(&sql, &params, &mut |row| {
        let (draft, body) = read(row)?;
        each(draft, body)
    })
}

/// Returns the drafts of some threads of an account as (thread, place), the one that was changed last first.
pub fn of_threads(
    tx: &mut dyn Tx,
    grant: Key,
    threads: &[Key],
) -> Result<Vec<(Key, DraftPosition)>, StoreError> {
    let Some(last) = threads.last() else {
        return Ok(Vec::new());
    };
    // Two lengths, so that two statements serve all listings.
    let size = match threads.len() {
        1 => 1,
        more => more.max(THREADS_PER_STATEMENT_MAX),
    };
    let mut params: Vec<Param<'_>> = vec![grant.into()];
    params.extend(threads.iter().map(|thread| Param::from(*thread)));
    params.resize(size + 1, (*last).into());
    let mut found = tx.query(&of_threads_statement(size), &params, |row| {
        let position = DraftPosition {
            changed_us: row.int(1)?,
            id: row.key(2)?,
        };
        Ok((row.key(0)?, position))
    })?;
    found.sort_unstable_by_key(|(_, position)| Reverse(*position));
    Ok(found)
}

/// Without an order: SQLite would rather walk through all drafts of the account than sort those few.
fn of_threads_statement(count: usize) -> String {
    format!(
        "SELECT d.thread_id, d.changed_us, d.id FROM drafts d WHERE d.grant_id = $1 AND d.thread_id IN ({})",
        placeholders(2, count)
    )
}

/// Returns how many drafts a thread of an account has, counted no further than `count_max`.
pub fn count_in_thread(
    tx: &mut dyn Tx,
    grant: Key,
    thread: Key,
    count_max: i64,
) -> Result<i64, StoreError> {
    tx.query_one(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM
           (SELECT 1 FROM drafts WHERE grant_id = $1 AND thread_id = $2 LIMIT $3) AS counted",
        &[grant.into(), thread.into(), count_max.into()],
        |row| row.int(0),
    )
}

/// Removes up to `limit` drafts of an account that is gone; `None` when there were none, else what [`delete`] returns.
pub fn remove_some(
    tx: &mut dyn Tx,
    grant: Key,
    limit: i64,
) -> Result<Option<Vec<(Key, Key)>>, StoreError> {
    let keys = tx.query(
        "SELECT id FROM drafts WHERE grant_id = $1 LIMIT $2",
        &[grant.into(), limit.into()],
        |row| row.key(0),
    )?;
    if keys.is_empty() {
        return Ok(None);
    }
    let mut blobs = Vec::new();
    for key in &keys {
        blobs.extend(files::remove_rows(tx, *key)?);
        remove_terms(tx, *key)?;
        tx.execute("DELETE FROM drafts WHERE id = $1", &[(*key).into()])?;
    }
    blobs.sort_unstable();
    blobs.dedup();
    let lock = tx.dialect().skip_locked();
    blobs::remove_unreferenced(tx, &blobs, lock).map(Some)
}

fn insert_terms(tx: &mut dyn Tx, grant: Key, draft: Key, terms: &[Term]) -> Result<(), StoreError> {
    for term in terms {
        tx.execute(
            "INSERT INTO draft_terms (grant_id, term, draft_id) VALUES ($1, $2, $3)",
            &[grant.into(), Param::Int(term.0), draft.into()],
        )?;
    }
    Ok(())
}

fn remove_terms(tx: &mut dyn Tx, draft: Key) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM draft_terms WHERE draft_id = $1",
        &[draft.into()],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::sqlite_plan as plan;
    use crate::tables::terms::Term;

    #[test]
    fn listings_of_drafts_follow_an_index_and_sort_nothing() {
        let selection = DraftSelection {
            grant: Key(1),
            term_groups: vec![vec![Term(1), Term(2)]],
            subject: Some("x".to_owned()),
            unread: Some(false),
            starred: None,
            has_attachment: None,
            thread: None,
            behind: Some(DraftPosition {
                changed_us: 5,
                id: Key(5),
            }),
            limit: 51,
        };
        let (sql, _) = select::statement(&selection);
        let listing = plan(&sql);
        assert!(
            listing.contains("SEARCH d USING INDEX drafts_in_order (grant_id=? AND "),
            "{listing}"
        );
        assert!(!listing.contains("TEMP B-TREE"), "{listing}");
        let of_threads = plan(&of_threads_statement(20));
        let expected =
            "SEARCH d USING COVERING INDEX drafts_of_thread (grant_id=? AND thread_id=?)";
        assert!(of_threads.contains(expected), "{of_threads}");
    }
}
