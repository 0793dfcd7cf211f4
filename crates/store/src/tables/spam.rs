//! What workspaces learn of spam: lessons that wait, messages that were learned, and counts of features.

use std::collections::HashMap;

use posthouse_types::ids::Key;

use super::terms::Term;
use crate::sql::{Tx, placeholders};
use crate::{Param, StoreError};

/// Features in one statement: few sizes, so that few statements are kept prepared.
const PIECES: [usize; 3] = [64, 8, 1];
/// Features asked about in one statement are a multiple of this; the last one is asked about again to fill it up.
const ASKED_STEP: usize = 32;
/// Features that one message is looked up by at most.
pub const FEATURES_ASKED_MAX: usize = 192;
/// Messages of one author that are learned as one kind in a workspace: whoever writes most must not decide for all.
pub const LESSONS_PER_AUTHOR_MAX: i64 = 30;
/// Earlier messages of a sender that are looked at.
const EARLIER_MESSAGES_MAX: i64 = 20;

/// Accounts, or workspaces, asked about in one statement: SQLite takes no more than 500 parts of a union.
const ACCOUNTS_PER_STATEMENT_MAX: usize = 100;

/// What a message is called. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub enum Verdict {
    /// Unwanted.
    Spam = 1,
    /// Wanted.
    Ham = 2,
}

impl Verdict {
    fn from_stored(number: i64) -> Result<Self, StoreError> {
        match number {
            1 => Ok(Self::Spam),
            2 => Ok(Self::Ham),
            other => Err(StoreError::Fault(format!("unknown verdict {other}"))),
        }
    }

    /// Returns how much a message of this kind adds to the counts of spam and of wanted mail.
    fn shares(self) -> (i64, i64) {
        match self {
            Self::Spam => (1, 0),
            Self::Ham => (0, 1),
        }
    }
}

/// A move that is to be learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lesson {
    /// The message.
    pub message: Key,
    /// Its account.
    pub grant: Key,
    /// What it was called by moving it.
    pub verdict: Verdict,
    /// When, in microseconds since 1970.
    pub taught_us: i64,
}

/// What a message is learned by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Features {
    /// All of them, in ascending order, each once.
    pub all: Vec<i64>,
    /// The one among them that stands for its author.
    pub author: Option<i64>,
}

/// How many messages a workspace has learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Corpus {
    /// Unwanted ones.
    pub spam: i64,
    /// Wanted ones.
    pub ham: i64,
    /// Features that are known.
    pub features: i64,
}

/// Notes that a message is to be learned; a newer move takes the place of an older one.
pub fn teach(tx: &mut dyn Tx, lesson: &Lesson) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO spam_lessons (message_id, grant_id, verdict, taught_us) VALUES ($1, $2, $3, $4)
         ON CONFLICT (message_id) DO UPDATE SET verdict = excluded.verdict, taught_us = excluded.taught_us",
        &[
            lesson.message.into(),
            lesson.grant.into(),
            Param::Int(lesson.verdict as i64),
            lesson.taught_us.into(),
        ],
    )?;
    Ok(())
}

/// Returns up to `limit` lessons that wait, the oldest first.
pub fn lessons(tx: &mut dyn Tx, limit: i64) -> Result<Vec<Lesson>, StoreError> {
    tx.query(
        "SELECT message_id, grant_id, verdict, taught_us FROM spam_lessons ORDER BY taught_us, message_id LIMIT $1",
        &[limit.into()],
        |row| {
            Ok(Lesson {
                message: row.key(0)?,
                grant: row.key(1)?,
                verdict: Verdict::from_stored(row.int(2)?)?,
                taught_us: row.int(3)?,
            })
        },
    )
}

/// Returns the workspace of an account that is still there, and its address.
pub fn pupil(tx: &mut dyn Tx, grant: Key) -> Result<Option<(Key, String)>, StoreError> {
    tx.query_opt(
        "SELECT workspace_id, email FROM grants WHERE id = $1",
        &[grant.into()],
        |row| Ok((row.key(0)?, row.string(1)?)),
    )
}

/// Ends a lesson; tells whether it was still the newest of its message, so that whoever ended it learns it, once.
pub fn end_lesson(tx: &mut dyn Tx, lesson: &Lesson) -> Result<bool, StoreError> {
    let ended = tx.execute(
        "DELETE FROM spam_lessons WHERE message_id = $1 AND verdict = $2 AND taught_us = $3",
        &[
            lesson.message.into(),
            Param::Int(lesson.verdict as i64),
            lesson.taught_us.into(),
        ],
    )?;
    Ok(ended > 0)
}

/// Learns what a message was called in a workspace: unlearns first what was learned of it before. Does nothing when that
/// was the same. Of an author who has taught [`LESSONS_PER_AUTHOR_MAX`] messages of this kind nothing more is learned.
/// Tells whether it was learned.
pub fn learn(
    tx: &mut dyn Tx,
    workspace: Key,
    lesson: &Lesson,
    features: &Features,
    now: i64,
) -> Result<bool, StoreError> {
    let author = features.author;
    let features = features.all.as_slice();
    let before = tx.query_opt(
        "SELECT workspace_id, verdict FROM spam_learned WHERE message_id = $1",
        &[lesson.message.into()],
        |row| Ok((row.key(0)?, Verdict::from_stored(row.int(1)?)?)),
    )?;
    if before == Some((workspace, lesson.verdict)) {
        return Ok(false);
    }
    if let Some((workspace, verdict)) = before {
        unlearn(tx, workspace, verdict, features)?;
    }
    if let Some(author) = author
        && has_taught_enough(tx, workspace, author, lesson.verdict)?
    {
        tx.execute(
            "DELETE FROM spam_learned WHERE message_id = $1",
            &[lesson.message.into()],
        )?;
        return Ok(false);
    }
    let (spam, ham) = lesson.verdict.shares();
    // First, because its row makes those who learn in one workspace wait for each other.
    tx.execute(
        "INSERT INTO spam_corpora (workspace_id, spam, ham, features) VALUES ($1, $2, $3, 0)
         ON CONFLICT (workspace_id) DO UPDATE SET spam = spam_corpora.spam + excluded.spam,
           ham = spam_corpora.ham + excluded.ham",
        &[workspace.into(), spam.into(), ham.into()],
    )?;
    let known = known(tx, workspace, features)?;
    for chunk in pieces(features) {
        add(tx, workspace, chunk, (spam, ham), now / 86_400)?;
    }
    tx.execute(
        "UPDATE spam_corpora SET features = features + $2 WHERE workspace_id = $1",
        &[workspace.into(), Param::Int(features.len() as i64 - known)],
    )?;
    tx.execute(
        "INSERT INTO spam_learned (message_id, workspace_id, verdict, learned_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (message_id) DO UPDATE SET workspace_id = excluded.workspace_id, verdict = excluded.verdict,
           learned_at = excluded.learned_at",
        &[
            lesson.message.into(),
            workspace.into(),
            Param::Int(lesson.verdict as i64),
            now.into(),
        ],
    )?;
    Ok(true)
}

fn has_taught_enough(
    tx: &mut dyn Tx,
    workspace: Key,
    author: i64,
    verdict: Verdict,
) -> Result<bool, StoreError> {
    let known = counts(tx, workspace, &[author])?;
    let taught = known.first().map_or(0, |(spam, ham)| match verdict {
        Verdict::Spam => *spam,
        Verdict::Ham => *ham,
    });
    Ok(taught >= LESSONS_PER_AUTHOR_MAX)
}

fn unlearn(
    tx: &mut dyn Tx,
    workspace: Key,
    verdict: Verdict,
    features: &[i64],
) -> Result<(), StoreError> {
    let (spam, ham) = verdict.shares();
    tx.execute(
        "UPDATE spam_corpora SET spam = CASE WHEN spam > $2 THEN spam - $2 ELSE 0 END,
           ham = CASE WHEN ham > $3 THEN ham - $3 ELSE 0 END WHERE workspace_id = $1",
        &[workspace.into(), spam.into(), ham.into()],
    )?;
    for chunk in pieces(features) {
        let sql = format!(
            "UPDATE spam_features SET spam = CASE WHEN spam > $2 THEN spam - $2 ELSE 0 END,
               ham = CASE WHEN ham > $3 THEN ham - $3 ELSE 0 END
             WHERE workspace_id = $1 AND feature IN ({})",
            placeholders(4, chunk.len())
        );
        let mut params = vec![workspace.into(), Param::Int(spam), Param::Int(ham)];
        params.extend(chunk.iter().map(|feature| Param::Int(*feature)));
        tx.execute(&sql, &params)?;
    }
    Ok(())
}

fn known(tx: &mut dyn Tx, workspace: Key, features: &[i64]) -> Result<i64, StoreError> {
    let mut known = 0;
    for chunk in pieces(features) {
        let sql = format!(
            "SELECT COUNT(*) FROM spam_features WHERE workspace_id = $1 AND feature IN ({})",
            placeholders(2, chunk.len())
        );
        let mut params = vec![workspace.into()];
        params.extend(chunk.iter().map(|feature| Param::Int(*feature)));
        known += tx.query_one(&sql, &params, |row| row.int(0))?;
    }
    Ok(known)
}

fn add(
    tx: &mut dyn Tx,
    workspace: Key,
    features: &[i64],
    (spam, ham): (i64, i64),
    day: i64,
) -> Result<(), StoreError> {
    let rows: Vec<String> = (0..features.len())
        .map(|place| format!("($1, ${}, $2, $3, $4)", place + 5))
        .collect();
    let sql = format!(
        "INSERT INTO spam_features (workspace_id, feature, spam, ham, taught_day) VALUES {}
         ON CONFLICT (workspace_id, feature) DO UPDATE SET spam = spam_features.spam + excluded.spam,
           ham = spam_features.ham + excluded.ham, taught_day = excluded.taught_day",
        rows.join(", ")
    );
    let mut params = vec![workspace.into(), spam.into(), ham.into(), day.into()];
    params.extend(features.iter().map(|feature| Param::Int(*feature)));
    tx.execute(&sql, &params)?;
    Ok(())
}

/// Returns how much a workspace has learned.
pub fn corpus(tx: &mut dyn Tx, workspace: Key) -> Result<Corpus, StoreError> {
    let found = tx.query_opt(
        "SELECT spam, ham, features FROM spam_corpora WHERE workspace_id = $1",
        &[workspace.into()],
        |row| {
            Ok(Corpus {
                spam: row.int(0)?,
                ham: row.int(1)?,
                features: row.int(2)?,
            })
        },
    )?;
    Ok(found.unwrap_or_default())
}

/// Returns what workspaces have learned; the caller bounds how many those are. Those that learned nothing are left out.
pub fn corpora(tx: &mut dyn Tx, workspaces: &[Key]) -> Result<HashMap<Key, Corpus>, StoreError> {
    let mut found = HashMap::new();
    for workspaces in workspaces.chunks(ACCOUNTS_PER_STATEMENT_MAX) {
        let sql = format!(
            "SELECT spam, ham, features, workspace_id FROM spam_corpora WHERE workspace_id IN ({})",
            placeholders(1, workspaces.len())
        );
        let params: Vec<Param<'_>> = workspaces.iter().map(|one| Param::from(*one)).collect();
        found.extend(tx.query(&sql, &params, |row| {
            let corpus = Corpus {
                spam: row.int(0)?,
                ham: row.int(1)?,
                features: row.int(2)?,
            };
            Ok((row.key(3)?, corpus))
        })?);
    }
    Ok(found)
}

/// Returns what the workspace has learned whose rarer kind is the most frequent of all.
pub fn most_learned(tx: &mut dyn Tx) -> Result<Corpus, StoreError> {
    let found = tx.query_opt(
        "SELECT spam, ham, features FROM spam_corpora ORDER BY CASE WHEN spam < ham THEN spam ELSE ham END DESC LIMIT 1",
        &[],
        |row| {
            Ok(Corpus {
                spam: row.int(0)?,
                ham: row.int(1)?,
                features: row.int(2)?,
            })
        },
    )?;
    Ok(found.unwrap_or_default())
}

/// Returns in how many learned messages of each kind the features were: those that were in any, of at most
/// [`FEATURES_ASKED_MAX`], in one look.
pub fn counts(
    tx: &mut dyn Tx,
    workspace: Key,
    features: &[i64],
) -> Result<Vec<(i64, i64)>, StoreError> {
    let features = &features[..features.len().min(FEATURES_ASKED_MAX)];
    if features.is_empty() {
        return Ok(Vec::new());
    }
    let asked = features.len().next_multiple_of(ASKED_STEP);
    let last = features[features.len() - 1];
    let features = features.iter().copied().chain(std::iter::repeat(last));
    let mut params = vec![workspace.into()];
    params.extend(features.take(asked).map(Param::Int));
    tx.query(&counts_statement(asked), &params, |row| {
        Ok((row.int(0)?, row.int(1)?))
    })
}

/// Cuts a list into pieces of few sizes.
fn pieces(mut rest: &[i64]) -> impl Iterator<Item = &[i64]> {
    std::iter::from_fn(move || {
        let size = PIECES.into_iter().find(|size| *size <= rest.len())?;
        let (piece, behind) = rest.split_at(size);
        rest = behind;
        Some(piece)
    })
}

fn counts_statement(size: usize) -> String {
    format!(
        "SELECT spam, ham FROM spam_features WHERE workspace_id = $1 AND feature IN ({})",
        placeholders(2, size)
    )
}

/// Returns the folders, as the numbers of their roles, of the newest messages of accounts with a term, with whose they are.
pub fn roles_by_term(
    tx: &mut dyn Tx,
    grants: &[Key],
    term: Term,
) -> Result<Vec<(Key, i64)>, StoreError> {
    let mut roles = Vec::new();
    for grants in grants.chunks(ACCOUNTS_PER_STATEMENT_MAX) {
        let mut params = vec![Param::Int(term.0), Param::Int(EARLIER_MESSAGES_MAX)];
        params.extend(grants.iter().map(|grant| Param::from(*grant)));
        let sql = roles_statement(grants.len());
        roles.extend(tx.query(&sql, &params, |row| Ok((row.key(0)?, row.int(1)?)))?);
    }
    Ok(roles)
}

fn roles_statement(accounts: usize) -> String {
    let each = (3..accounts + 3).map(|place| {
        format!(
            "SELECT m.grant_id, f.role FROM (SELECT message_id, date_at FROM message_terms WHERE grant_id = ${place} AND term = $1
               ORDER BY date_at DESC, message_id DESC LIMIT $2) t
             JOIN messages m ON m.id = t.message_id JOIN folders f ON f.id = m.folder_id"
        )
    });
    let each: Vec<String> = each.collect();
    each.join(" UNION ALL ")
}

/// Returns the workspaces behind `after` that have learned anything, in order.
pub fn workspaces_that_learned(
    tx: &mut dyn Tx,
    after: Key,
    limit: i64,
) -> Result<Vec<(Key, i64)>, StoreError> {
    tx.query(
        "SELECT workspace_id, features FROM spam_corpora WHERE workspace_id > $1 ORDER BY workspace_id LIMIT $2",
        &[after.into(), limit.into()],
        |row| Ok((row.key(0)?, row.int(1)?)),
    )
}

/// Forgets up to `limit` features of a workspace that were not taught since a day, or however young where `before_day` is
/// `None`: the oldest. Returns how many.
pub fn forget(
    tx: &mut dyn Tx,
    workspace: Key,
    before_day: Option<i64>,
    limit: i64,
) -> Result<u64, StoreError> {
    let oldest = tx.query(
        "SELECT feature FROM spam_features WHERE workspace_id = $1 AND taught_day < $2 ORDER BY taught_day LIMIT $3",
        &[
            workspace.into(),
            Param::Int(before_day.unwrap_or(i64::MAX)),
            limit.into(),
        ],
        |row| row.int(0),
    )?;
    if oldest.is_empty() {
        return Ok(0);
    }
    let mut forgotten = 0;
    for chunk in pieces(&oldest) {
        let sql = format!(
            "DELETE FROM spam_features WHERE workspace_id = $1 AND feature IN ({})",
            placeholders(2, chunk.len())
        );
        let mut params = vec![workspace.into()];
        params.extend(chunk.iter().map(|feature| Param::Int(*feature)));
        forgotten += tx.execute(&sql, &params)?;
    }
    tx.execute(
        "UPDATE spam_corpora SET features = CASE WHEN features > $2 THEN features - $2 ELSE 0 END WHERE workspace_id = $1",
        &[workspace.into(), Param::Int(forgotten as i64)],
    )?;
    Ok(forgotten)
}

/// Tells whether [`forget`] or [`drop_corpus`] has anything to do in a workspace that knows so many features.
pub fn is_to_forget(
    tx: &mut dyn Tx,
    (workspace, features): (Key, i64),
    features_max: i64,
    before_day: i64,
) -> Result<bool, StoreError> {
    if features > features_max || !is_there(tx, workspace)? {
        return Ok(true);
    }
    let old = tx.query_opt(
        "SELECT 1 FROM spam_features WHERE workspace_id = $1 AND taught_day < $2 LIMIT 1",
        &[workspace.into(), before_day.into()],
        |_| Ok(()),
    )?;
    Ok(old.is_some())
}

/// Removes what a deleted workspace had learned, but for its features: those go by [`forget`] before.
pub fn drop_corpus(tx: &mut dyn Tx, workspace: Key) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM spam_corpora WHERE workspace_id = $1",
        &[workspace.into()],
    )?;
    Ok(())
}

/// Tells whether a workspace is still there.
pub fn is_there(tx: &mut dyn Tx, workspace: Key) -> Result<bool, StoreError> {
    let found = tx.query_opt(
        "SELECT 1 FROM workspaces WHERE id = $1",
        &[workspace.into()],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Forgets of up to `limit` messages that they were learned before a time in seconds: moving one back later teaches it anew.
pub fn expire_learned(tx: &mut dyn Tx, before: i64, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM spam_learned WHERE message_id IN
           (SELECT message_id FROM spam_learned WHERE learned_at < $1 ORDER BY learned_at LIMIT $2)",
        &[before.into(), limit.into()],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::sqlite_plan as plan;

    #[test]
    fn pieces_have_few_sizes_and_lose_nothing() {
        for count in [0, 1, 7, 8, 63, 64, 65, 137, 512] {
            let all: Vec<i64> = (0..count).collect();
            let cut: Vec<&[i64]> = pieces(&all).collect();
            assert!(cut.iter().all(|piece| PIECES.contains(&piece.len())));
            assert_eq!(cut.concat(), all);
        }
    }

    #[test]
    fn features_and_senders_are_found_through_an_index() {
        for sql in [counts_statement(3), roles_statement(3)] {
            let plan = plan(&sql);
            assert!(plan.contains("SEARCH"), "{sql}: {plan}");
            assert!(!plan.contains("SCAN spam"), "{sql}: {plan}");
            assert!(!plan.contains("SCAN message"), "{sql}: {plan}");
        }
    }
}
