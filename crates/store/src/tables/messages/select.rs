//! Which messages a listing shows, in which order: conditions turned into one statement.

use posthouse_types::ids::Key;

use super::narrow;
use crate::sql::Tx;
use crate::tables::terms::Term;
use crate::{Param, StoreError};

/// The position of a message in listings: newest first, ties by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Unix seconds.
    pub date_at: i64,
    /// The message's key.
    pub id: Key,
}

/// Where a listing looks.
#[derive(Debug, Clone)]
pub enum Source {
    /// In these folders, one after the other merged by date.
    Folders,
    /// In one thread.
    Thread(Key),
    /// Among messages that have at least one of these terms.
    Terms(Vec<Term>),
}

/// Which messages of an account a listing wants; all conditions must hold.
#[derive(Debug, Clone)]
pub struct Selection {
    /// The account.
    pub grant: Key,
    /// Where to look; the narrowest condition the caller has.
    pub source: Source,
    /// Folders a message may be in.
    pub folders: Vec<Key>,
    /// Further terms: of each group a message has at least one.
    pub term_groups: Vec<Vec<Term>>,
    /// Unread or read only.
    pub unread: Option<bool>,
    /// Starred or not starred only.
    pub starred: Option<bool>,
    /// With or without attachments only.
    pub has_attachment: Option<bool>,
    /// One thread only.
    pub thread: Option<Key>,
    /// A lower-case text that the subject contains.
    pub subject: Option<String>,
    /// Accepted later than this, in Unix seconds.
    pub after: Option<i64>,
    /// Accepted earlier than this, in Unix seconds.
    pub before: Option<i64>,
    /// Only messages that come after this position in the listing.
    pub behind: Option<Position>,
    /// How many at most.
    pub limit: i64,
    /// How many to leave out first.
    pub offset: i64,
}

/// Returns the positions of the selected messages, newest first, walking along the narrowest condition.
pub fn select(tx: &mut dyn Tx, selection: &Selection) -> Result<Vec<Position>, StoreError> {
    let selection = narrow::narrowed(tx, selection)?;
    select_along(tx, &selection)
}

/// The same, walking along the selection's own source.
pub(in crate::tables) fn select_along(
    tx: &mut dyn Tx,
    selection: &Selection,
) -> Result<Vec<Position>, StoreError> {
    positions(tx, select_statement(selection))
}

fn positions(tx: &mut dyn Tx, statement: Option<Statement>) -> Result<Vec<Position>, StoreError> {
    let Some(statement) = statement else {
        return Ok(Vec::new());
    };
    tx.query(&statement.sql, &statement.params(), |row| {
        Ok(Position {
            date_at: row.int(0)?,
            id: row.key(1)?,
        })
    })
}

/// Seconds by which a message may have been accepted before it was stored, and so before its key was made: large ones are
/// first put away elsewhere.
const STORED_LATE_SECONDS_MAX: i64 = 600;

/// Returns the selected message that was stored first, of those that were stored after `newer_than`.
///
/// Keys are made in the transactions that store messages, which come one after the other in each mailbox: what becomes
/// visible later has a higher key. So reading on from the key of a former answer misses nothing.
pub fn oldest(
    tx: &mut dyn Tx,
    selection: &Selection,
    newer_than: Key,
) -> Result<Option<Position>, StoreError> {
    let stored_from = newer_than.unix_ms() / 1_000 - STORED_LATE_SECONDS_MAX;
    let mut wanted = selection.clone();
    wanted.after = selection.after.max(Some(stored_from - 1));
    wanted.limit = 1;
    let statement = statement(&wanted, Order::Earliest, Some(newer_than));
    let Some(earliest) = positions(tx, statement)?.pop() else {
        return Ok(None);
    };
    // What was accepted first need not be what was stored first: that was accepted soon after, if it is another.
    let soon = earliest.date_at + STORED_LATE_SECONDS_MAX + 1;
    wanted.before = Some(wanted.before.map_or(soon, |before| before.min(soon)));
    let statement = self::statement(&wanted, Order::FirstStored, Some(newer_than));
    Ok(positions(tx, statement)?.pop())
}

/// In which order positions come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Order {
    /// As listings show them.
    #[default]
    Newest,
    /// By the time of acceptance.
    Earliest,
    /// By key.
    FirstStored,
}

impl Order {
    fn by(self, date: &str, id: &str) -> String {
        match self {
            Self::Newest => format!("{date} DESC, {id} DESC"),
            Self::Earliest => format!("{date}, {id}"),
            Self::FirstStored => id.to_owned(),
        }
    }
}

/// Merges one arm per place to look in, each of which ends as soon as it has enough; `None` when there is no place.
pub(super) fn select_statement(selection: &Selection) -> Option<Statement> {
    statement(selection, Order::Newest, None)
}

#[cfg(test)]
pub(super) fn earliest_statement(selection: &Selection) -> Option<Statement> {
    statement(selection, Order::Earliest, Some(Key(1)))
}

fn statement(selection: &Selection, order: Order, newer_than: Option<Key>) -> Option<Statement> {
    let mut statement = Statement {
        order,
        newer_than,
        ..Statement::default()
    };
    let grant = statement.bind(selection.grant.0);
    let arms: Vec<String> = match &selection.source {
        Source::Folders => selection
            .folders
            .iter()
            .map(|folder| folder_arm(&mut statement, selection, &grant, *folder))
            .collect(),
        Source::Thread(thread) => vec![thread_arm(&mut statement, selection, &grant, *thread)],
        Source::Terms(terms) => terms
            .iter()
            .map(|term| term_arm(&mut statement, selection, &grant, *term))
            .collect(),
    };
    if arms.is_empty() {
        return None;
    }
    let arms = compound(&arms, " UNION ", || {
        arm_end(&mut statement, selection, "date_at", "id")
    });
    let limit = statement.bind(selection.limit);
    let offset = statement.bind(selection.offset);
    statement.sql = format!(
        "SELECT date_at, id FROM ({arms}) AS found ORDER BY {} LIMIT {limit} OFFSET {offset}",
        order.by("date_at", "id")
    );
    Some(statement)
}

/// Arms of one compound. SQLite takes 500, by recursion; a listing has one for each folder of an account, of which there
/// may be a thousand.
const ARMS_PER_COMPOUND_MAX: usize = 100;

/// Joins arms to a compound, by way of compounds that are arms themselves where there are many; each of those ends as
/// `end` says.
pub(in crate::tables) fn compound(
    arms: &[String],
    union: &str,
    end: impl FnOnce() -> String,
) -> String {
    if arms.len() <= ARMS_PER_COMPOUND_MAX {
        return arms.join(union);
    }
    let end = end();
    let parts = arms.chunks(ARMS_PER_COMPOUND_MAX).map(|arms| {
        let arms = arms.join(union);
        format!("SELECT * FROM (SELECT date_at, id FROM ({arms}) AS arms {end}) AS part")
    });
    parts.collect::<Vec<_>>().join(union)
}

/// A statement while it is put together: values are numbered as they are bound.
#[derive(Default)]
pub(in crate::tables) struct Statement {
    pub(in crate::tables) sql: String,
    order: Order,
    newer_than: Option<Key>,
    ints: Vec<i64>,
    texts: Vec<(usize, String)>,
    lists: Vec<(Vec<i64>, String)>,
}

impl Statement {
    pub(in crate::tables) fn bind(&mut self, value: i64) -> String {
        self.ints.push(value);
        format!("${}", self.ints.len())
    }

    fn bind_text(&mut self, value: String) -> String {
        self.texts.push((self.ints.len(), value));
        self.bind(0)
    }

    pub(in crate::tables) fn bind_all(&mut self, values: impl Iterator<Item = i64>) -> String {
        let bound: Vec<String> = values.map(|value| self.bind(value)).collect();
        bound.join(", ")
    }

    /// Binds a list that several arms have in common once: they may be a hundred, and SQLite takes 32,766 values.
    fn bind_list(&mut self, values: impl Iterator<Item = i64>) -> String {
        let values: Vec<i64> = values.collect();
        let mut known = self.lists.iter();
        if let Some((_, bound)) = known.find(|(list, _)| *list == values) {
            return bound.clone();
        }
        let bound = self.bind_all(values.iter().copied());
        self.lists.push((values, bound.clone()));
        bound
    }

    pub(in crate::tables) fn params(&self) -> Vec<Param<'_>> {
        let mut params: Vec<Param<'_>> = self.ints.iter().map(|value| Param::Int(*value)).collect();
        for (place, text) in &self.texts {
            params[*place] = Param::Text(text);
        }
        params
    }
}

fn folder_arm(
    statement: &mut Statement,
    selection: &Selection,
    grant: &str,
    folder: Key,
) -> String {
    let folder = statement.bind(folder.0);
    let conditions = conditions(statement, selection, grant, "m.date_at", "m.id");
    let end = arm_end(statement, selection, "m.date_at", "m.id");
    format!(
        "SELECT * FROM (SELECT m.date_at AS date_at, m.id AS id FROM messages m
         WHERE m.grant_id = {grant} AND m.folder_id = {folder}{conditions} {end}) AS arm"
    )
}

fn thread_arm(
    statement: &mut Statement,
    selection: &Selection,
    grant: &str,
    thread: Key,
) -> String {
    let thread = statement.bind(thread.0);
    let folders = statement.bind_all(selection.folders.iter().map(|folder| folder.0));
    let conditions = conditions(statement, selection, grant, "m.date_at", "m.id");
    let end = arm_end(statement, selection, "m.date_at", "m.id");
    format!(
        "SELECT * FROM (SELECT m.date_at AS date_at, m.id AS id FROM messages m
         WHERE m.grant_id = {grant} AND m.thread_id = {thread} AND m.folder_id IN ({folders}){conditions} {end}) AS arm"
    )
}

fn term_arm(statement: &mut Statement, selection: &Selection, grant: &str, term: Term) -> String {
    let term = statement.bind(term.0);
    let folders = statement.bind_list(selection.folders.iter().map(|folder| folder.0));
    let conditions = conditions(statement, selection, grant, "t.date_at", "t.message_id");
    let end = arm_end(statement, selection, "t.date_at", "t.message_id");
    format!(
        "SELECT * FROM (SELECT t.date_at AS date_at, t.message_id AS id FROM message_terms t
         JOIN messages m ON m.id = t.message_id
         WHERE t.grant_id = {grant} AND t.term = {term} AND m.folder_id IN ({folders}){conditions} {end}) AS arm"
    )
}

fn arm_end(statement: &mut Statement, selection: &Selection, date: &str, id: &str) -> String {
    let limit = statement.bind(selection.limit + selection.offset);
    format!("ORDER BY {} LIMIT {limit}", statement.order.by(date, id))
}

/// Returns what a message must be like beyond its place, as conditions on the row `m`, each behind an AND.
pub(in crate::tables) fn conditions(
    statement: &mut Statement,
    selection: &Selection,
    grant: &str,
    date: &str,
    id: &str,
) -> String {
    let mut sql = String::new();
    let mut and = |condition: String| {
        sql.push_str(" AND ");
        sql.push_str(&condition);
    };
    if let Some(behind) = selection.behind {
        and(format!(
            "({date}, {id}) < ({}, {})",
            statement.bind(behind.date_at),
            statement.bind(behind.id.0)
        ));
    }
    if let Some(newer_than) = statement.newer_than {
        and(format!("{id} > {}", statement.bind(newer_than.0)));
    }
    if let Some(after) = selection.after {
        and(format!("{date} > {}", statement.bind(after)));
    }
    if let Some(before) = selection.before {
        and(format!("{date} < {}", statement.bind(before)));
    }
    let flags = [
        ("unread", selection.unread),
        ("starred", selection.starred),
        ("has_attachment", selection.has_attachment),
    ];
    for (column, wanted) in flags {
        // Not bound: there is an index for each flag that is set, which the planner takes for this text only.
        if let Some(wanted) = wanted {
            and(format!("m.{column} = {}", i64::from(wanted)));
        }
    }
    if let Some(thread) = selection.thread {
        and(format!("m.thread_id = {}", statement.bind(thread.0)));
    }
    if let Some(subject) = &selection.subject {
        let pattern = statement.bind_text(format!("%{}%", crate::sql::like_escaped(subject)));
        and(format!("m.subject LIKE {pattern} ESCAPE '\\'"));
    }
    for group in &selection.term_groups {
        let terms = statement.bind_list(group.iter().map(|term| term.0));
        and(format!(
            "EXISTS (SELECT 1 FROM message_terms g WHERE g.grant_id = {grant} AND g.term IN ({terms})
               AND g.date_at = {date} AND g.message_id = {id})"
        ));
    }
    sql
}
