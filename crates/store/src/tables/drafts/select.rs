//! Which drafts a listing shows: conditions turned into one statement.

use posthouse_types::ids::Key;

use crate::sql::{Tx, placeholders};
use crate::tables::terms::Term;
use crate::{Param, StoreError};

/// The place of a draft in listings: the newest change first, ties by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DraftPosition {
    /// When it was last changed, in Unix microseconds.
    pub changed_us: i64,
    /// The draft's key.
    pub id: Key,
}

/// Which drafts of an account a listing wants; all conditions must hold.
#[derive(Debug, Clone)]
pub struct DraftSelection {
    /// The account.
    pub grant: Key,
    /// Of each group a draft has at least one.
    pub term_groups: Vec<Vec<Term>>,
    /// A lower-case text that the subject contains.
    pub subject: Option<String>,
    /// Unread or read only.
    pub unread: Option<bool>,
    /// Starred or not starred only.
    pub starred: Option<bool>,
    /// With or without files only.
    pub has_attachment: Option<bool>,
    /// Of one thread only.
    pub thread: Option<Key>,
    /// Only drafts that come after this place.
    pub behind: Option<DraftPosition>,
    /// How many at most.
    pub limit: i64,
}

/// Returns the places of the selected drafts, the one that was changed last first.
pub fn select(
    tx: &mut dyn Tx,
    selection: &DraftSelection,
) -> Result<Vec<DraftPosition>, StoreError> {
    let pattern = selection
        .subject
        .as_deref()
        .map(|subject| format!("%{}%", crate::sql::like_escaped(subject)));
    let (sql, mut params) = statement(selection);
    if let Some(pattern) = &pattern {
        params.push(pattern.into());
    }
    tx.query(&sql, &params, |row| {
        Ok(DraftPosition {
            changed_us: row.int(0)?,
            id: row.key(1)?,
        })
    })
}

/// The pattern of the subject, if there is one, is the last parameter and still to be added.
pub(super) fn statement(selection: &DraftSelection) -> (String, Vec<Param<'static>>) {
    let mut sql = "SELECT d.changed_us, d.id FROM drafts d WHERE d.grant_id = $1".to_owned();
    let mut params: Vec<Param<'static>> = vec![selection.grant.into()];
    let mut and = |condition: &str, value: Param<'static>| {
        params.push(value);
        sql.push_str(&format!(" AND {condition} ${}", params.len()));
    };
    let flags = [
        ("d.unread =", selection.unread),
        ("d.starred =", selection.starred),
        ("d.has_attachment =", selection.has_attachment),
    ];
    for (condition, wanted) in flags {
        if let Some(wanted) = wanted {
            and(condition, wanted.into());
        }
    }
    if let Some(thread) = selection.thread {
        and("d.thread_id =", thread.into());
    }
    if let Some(behind) = selection.behind {
        params.push(behind.changed_us.into());
        params.push(behind.id.into());
        let (changed, id) = (params.len() - 1, params.len());
        sql.push_str(&format!(" AND (d.changed_us, d.id) < (${changed}, ${id})"));
    }
    for group in &selection.term_groups {
        let terms = placeholders(params.len() + 1, group.len());
        params.extend(group.iter().map(|term| Param::Int(term.0)));
        sql.push_str(&format!(
            " AND EXISTS (SELECT 1 FROM draft_terms t WHERE t.grant_id = $1 AND t.term IN ({terms}) AND t.draft_id = d.id)"
        ));
    }
    params.push(selection.limit.into());
    let limit = params.len();
    if selection.subject.is_some() {
        sql.push_str(&format!(" AND d.subject LIKE ${} ESCAPE '\\'", limit + 1));
    }
    sql.push_str(&format!(
        " ORDER BY d.changed_us DESC, d.id DESC LIMIT ${limit}"
    ));
    (sql, params)
}
