//! Threads: no rows of their own, but what the messages with one `thread_id` have in common.
//!
//! A thread stands in listings where its newest message stands. No index has threads in that order, and none is kept:
//! receiving would pay for it. A listing is found by two walks instead, both of which only read indexes that are there:
//! through the newest messages of all threads, of which those with a match are kept, and through all matches, whose
//! threads are then sorted. The first is short when many threads match, the second when few messages do. They take turns
//! in growing steps, and the one that ends first has the answer.

use std::collections::BTreeSet;

use posthouse_types::ids::Key;

use super::messages::{self, Position, Selection, Statement, compound, conditions};
use crate::sql::{Tx, placeholders};
use crate::{Param, StoreError};

/// Messages that the first step of a walk looks at; a page of twenty threads of two or three messages.
const STEP_MESSAGES_MIN: usize = 64;

/// Messages that one step of a walk looks at, at most.
const STEP_MESSAGES_MAX: usize = 1_024;

/// Messages whose threads one statement looks up.
const IDS_PER_STATEMENT_MAX: usize = 200;

/// Threads whose messages one statement reads.
pub const THREADS_PER_STATEMENT_MAX: usize = 20;

/// Which threads of an account a listing wants.
#[derive(Debug, Clone)]
pub struct ThreadSelection {
    /// What at least one message of the thread is like; its `behind`, `limit` and `offset` have no meaning here.
    pub message: Selection,
    /// All folders of the account that have messages.
    pub all_folders: Vec<Key>,
    /// The newest message is later than this, in Unix seconds.
    pub latest_after: Option<i64>,
    /// The newest message is earlier than this, in Unix seconds.
    pub latest_before: Option<i64>,
    /// The oldest message is not earlier than this, in Unix seconds.
    pub earliest_from: Option<i64>,
    /// Only threads whose newest message comes after this position.
    pub behind: Option<Position>,
    /// How many at most.
    pub limit: usize,
    /// How many to leave out first.
    pub offset: usize,
}

/// A thread and where it stands in listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// The position of its newest message.
    pub newest: Position,
    /// The thread.
    pub thread: Key,
}

/// Returns the selected threads, the one with the newest message first.
pub fn select(tx: &mut dyn Tx, selection: &ThreadSelection) -> Result<Vec<Head>, StoreError> {
    if selection.message.folders.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = selection.limit + selection.offset;
    let mut heads = (selection.message.thread.is_none()).then(|| HeadsWalk::new(selection));
    let mut matches = MatchesWalk::new(tx, selection)?;
    let mut step = (2 * wanted).clamp(STEP_MESSAGES_MIN, STEP_MESSAGES_MAX);
    let found = loop {
        if let Some(heads) = &mut heads {
            heads.step(tx, selection, step)?;
            if heads.is_at_end || heads.found.len() >= wanted {
                break std::mem::take(&mut heads.found);
            }
        }
        matches.step(tx, selection, step)?;
        if matches.is_at_end {
            break matches.found.iter().rev().copied().collect();
        }
        step = (2 * step).min(STEP_MESSAGES_MAX);
    };
    let page = found.into_iter().skip(selection.offset);
    Ok(page.take(selection.limit).collect())
}

/// The walk through the messages of all folders, newest first, that stops at each thread's newest.
struct HeadsWalk {
    behind: Option<Position>,
    found: Vec<Head>,
    is_at_end: bool,
}

impl HeadsWalk {
    fn new(selection: &ThreadSelection) -> Self {
        Self {
            behind: selection.start(),
            found: Vec::new(),
            is_at_end: false,
        }
    }

    fn step(
        &mut self,
        tx: &mut dyn Tx,
        selection: &ThreadSelection,
        messages: usize,
    ) -> Result<(), StoreError> {
        let statement = heads_statement(selection, self.behind, messages);
        let mut walked = 0;
        tx.for_each(&statement.sql, &statement.params(), &mut |row| {
            walked += 1;
            let newest = Position {
                date_at: row.int(0)?,
                id: row.key(1)?,
            };
            self.behind = Some(newest);
            if row.flag(3)? {
                self.found.push(Head {
                    newest,
                    thread: row.key(2)?,
                });
            }
            Ok(())
        })?;
        self.is_at_end = walked < messages;
        Ok(())
    }
}

/// The walk through all matches, newest first, whose threads are sorted as far as the page goes.
struct MatchesWalk {
    matches: Selection,
    bound: Option<Position>,
    found: BTreeSet<Head>,
    is_at_end: bool,
}

impl MatchesWalk {
    fn new(tx: &mut dyn Tx, selection: &ThreadSelection) -> Result<Self, StoreError> {
        let bound = selection.start();
        let earliest = selection.earliest_from.map(|time| time - 1);
        let matches = Selection {
            // No message is newer than the newest of its thread.
            behind: bound,
            after: selection.message.after.max(earliest),
            offset: 0,
            ..selection.message.clone()
        };
        Ok(Self {
            matches: messages::narrowed(tx, &matches)?,
            bound,
            found: BTreeSet::new(),
            is_at_end: false,
        })
    }

    fn step(
        &mut self,
        tx: &mut dyn Tx,
        selection: &ThreadSelection,
        messages: usize,
    ) -> Result<(), StoreError> {
        self.matches.limit = messages as i64;
        let matches = messages::select_along(tx, &self.matches)?;
        for chunk in matches.chunks(IDS_PER_STATEMENT_MAX) {
            self.add_threads_of(tx, selection, chunk)?;
        }
        // All matches in one thread find the same thread.
        let one_is_enough = selection.message.thread.is_some();
        self.is_at_end = matches.len() < messages || one_is_enough;
        self.matches.behind = matches.last().copied().or(self.matches.behind);
        Ok(())
    }

    fn add_threads_of(
        &mut self,
        tx: &mut dyn Tx,
        selection: &ThreadSelection,
        matches: &[Position],
    ) -> Result<(), StoreError> {
        let Some(last) = matches.last() else {
            return Ok(());
        };
        let wanted = selection.limit + selection.offset;
        let mut params: Vec<Param<'_>> = vec![selection.message.grant.into()];
        params.extend(matches.iter().map(|found| Param::from(found.id)));
        params.resize(IDS_PER_STATEMENT_MAX + 1, last.id.into());
        params.push(selection.floor().into());
        params.push(selection.earliest_from.unwrap_or(i64::MIN).into());
        tx.for_each(&threads_of_statement(), &params, &mut |row| {
            let newest = Position {
                date_at: row.int(0)?,
                id: row.key(1)?,
            };
            if self.bound.is_none_or(|bound| newest < bound) {
                self.found.insert(Head {
                    newest,
                    thread: row.key(2)?,
                });
            }
            if self.found.len() > wanted {
                self.found.pop_first();
            }
            Ok(())
        })
    }
}

impl ThreadSelection {
    /// Tells whether a thread with this newest message may be in the listing, as far as its place says.
    #[must_use]
    pub fn takes(&self, newest: Position) -> bool {
        newest.date_at >= self.floor() && self.start().is_none_or(|start| newest < start)
    }

    /// Returns the position behind which newest messages are looked for.
    fn start(&self) -> Option<Position> {
        let before = self.latest_before.map(|date_at| Position {
            date_at,
            id: Key(i64::MIN),
        });
        match (self.behind, before) {
            (Some(behind), Some(before)) => Some(behind.min(before)),
            (behind, before) => behind.or(before),
        }
    }

    /// Returns the time from which on newest messages are looked for.
    fn floor(&self) -> i64 {
        let after = self
            .latest_after
            .map_or(i64::MIN, |time| time.saturating_add(1));
        after.max(self.earliest_from.unwrap_or(i64::MIN))
    }

    /// Tells whether every thread has a match, so that none needs to be looked for.
    fn matches_all(&self) -> bool {
        let message = &self.message;
        message.folders.len() == self.all_folders.len()
            && matches!(message.source, messages::Source::Folders)
            && message.term_groups.is_empty()
            && message.unread.is_none()
            && message.starred.is_none()
            && message.has_attachment.is_none()
            && message.thread.is_none()
            && message.subject.is_none()
            && message.after.is_none()
            && message.before.is_none()
    }
}

/// Walks a number of messages and tells of each whether it is the newest of a thread that is selected.
fn heads_statement(
    selection: &ThreadSelection,
    behind: Option<Position>,
    messages: usize,
) -> Statement {
    let mut statement = Statement::default();
    let grant = statement.bind(selection.message.grant.0);
    let floor = statement.bind(selection.floor());
    let limit = statement.bind(messages as i64);
    let behind = behind.map_or(String::new(), |behind| {
        let date_at = statement.bind(behind.date_at);
        let id = statement.bind(behind.id.0);
        format!(" AND (m.date_at, m.id) < ({date_at}, {id})")
    });
    let arms: Vec<String> = (selection.all_folders.iter())
        .map(|folder| {
            let folder = statement.bind(folder.0);
            format!(
                "SELECT * FROM (SELECT m.date_at AS date_at, m.id AS id FROM messages m
                 WHERE m.grant_id = {grant} AND m.folder_id = {folder} AND m.date_at >= {floor}{behind}
                 ORDER BY m.date_at DESC, m.id DESC LIMIT {limit}) AS arm"
            )
        })
        .collect();
    let no_earlier = selection.earliest_from.map_or(String::new(), |time| {
        let time = statement.bind(time);
        format!(
            " WHEN EXISTS (SELECT 1 FROM messages e WHERE e.grant_id = {grant} AND e.thread_id = h.thread_id
               AND e.date_at < {time}) THEN 0"
        )
    });
    let has_match = if selection.matches_all() {
        "1".to_owned()
    } else {
        match_exists(&mut statement, selection, &grant)
    };
    let arms = compound(&arms, " UNION ALL ", || {
        format!("ORDER BY date_at DESC, id DESC LIMIT {limit}")
    });
    statement.sql = format!(
        "SELECT f.date_at, f.id, h.thread_id,
           CAST(CASE WHEN EXISTS (SELECT 1 FROM messages n WHERE n.grant_id = {grant} AND n.thread_id = h.thread_id
             AND (n.date_at, n.id) > (f.date_at, f.id)) THEN 0{no_earlier} ELSE {has_match} END AS BIGINT)
         FROM (SELECT date_at, id FROM ({arms}) AS found ORDER BY date_at DESC, id DESC LIMIT {limit}) AS f
         JOIN messages h ON h.id = f.id ORDER BY f.date_at DESC, f.id DESC"
    );
    statement
}

/// `+ 0` keeps the folders out of the choice of an index: the thread is the narrower way to the rows.
fn match_exists(statement: &mut Statement, selection: &ThreadSelection, grant: &str) -> String {
    let mut message = selection.message.clone();
    message.behind = None;
    if let messages::Source::Terms(terms) = &message.source {
        message.term_groups.push(terms.clone());
    }
    let folders = statement.bind_all(message.folders.iter().map(|folder| folder.0));
    let conditions = conditions(statement, &message, grant, "m.date_at", "m.id");
    format!(
        "CASE WHEN EXISTS (SELECT 1 FROM messages m WHERE m.grant_id = {grant} AND m.thread_id = h.thread_id
           AND m.folder_id + 0 IN ({folders}){conditions}) THEN 1 ELSE 0 END"
    )
}

/// Finds the threads of messages and the newest message of each.
fn threads_of_statement() -> String {
    let ids = placeholders(2, IDS_PER_STATEMENT_MAX);
    let (floor, earliest) = (IDS_PER_STATEMENT_MAX + 2, IDS_PER_STATEMENT_MAX + 3);
    format!(
        "SELECT h.date_at, h.id, h.thread_id
         FROM (SELECT DISTINCT m.thread_id AS thread_id FROM messages m
               WHERE m.id IN ({ids}) AND m.grant_id + 0 = $1) AS t
         JOIN messages h ON h.id = (SELECT n.id FROM messages n WHERE n.grant_id = $1 AND n.thread_id = t.thread_id
                                    ORDER BY n.date_at DESC, n.id DESC LIMIT 1)
         WHERE h.date_at >= ${floor}
           AND NOT EXISTS (SELECT 1 FROM messages e WHERE e.grant_id = $1 AND e.thread_id = t.thread_id
                           AND e.date_at < ${earliest})"
    )
}

/// Returns the threads of messages of an account, each with the message; messages that are gone and those of threads that
/// start before `earliest_from` are left out.
pub fn of_messages(
    tx: &mut dyn Tx,
    grant: Key,
    ids: &[Key],
    earliest_from: Option<i64>,
) -> Result<Vec<(Key, Head)>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_PER_STATEMENT_MAX) {
        let last = chunk[chunk.len() - 1];
        let mut params: Vec<Param<'_>> = vec![grant.into()];
        params.extend(chunk.iter().map(|id| Param::from(*id)));
        params.resize(IDS_PER_STATEMENT_MAX + 1, last.into());
        params.push(earliest_from.unwrap_or(i64::MIN).into());
        found.extend(tx.query(&of_messages_statement(), &params, |row| {
            let newest = Position {
                date_at: row.int(1)?,
                id: row.key(2)?,
            };
            let thread = row.key(3)?;
            Ok((row.key(0)?, Head { newest, thread }))
        })?);
    }
    Ok(found)
}

fn of_messages_statement() -> String {
    let ids = placeholders(2, IDS_PER_STATEMENT_MAX);
    let earliest = IDS_PER_STATEMENT_MAX + 2;
    format!(
        "SELECT m.id, h.date_at, h.id, h.thread_id FROM messages m
         JOIN messages h ON h.id = (SELECT n.id FROM messages n WHERE n.grant_id = $1 AND n.thread_id = m.thread_id
                                    ORDER BY n.date_at DESC, n.id DESC LIMIT 1)
         WHERE m.id IN ({ids}) AND m.grant_id + 0 = $1
           AND NOT EXISTS (SELECT 1 FROM messages e WHERE e.grant_id = $1 AND e.thread_id = m.thread_id
                           AND e.date_at < ${earliest})"
    )
}

/// Returns the position of a thread's newest message, or `None` when no message is left of it.
pub fn newest(tx: &mut dyn Tx, grant: Key, thread: Key) -> Result<Option<Position>, StoreError> {
    tx.query_opt(
        "SELECT date_at, id FROM messages WHERE grant_id = $1 AND thread_id = $2
         ORDER BY date_at DESC, id DESC LIMIT 1",
        &[grant.into(), thread.into()],
        |row| {
            Ok(Position {
                date_at: row.int(0)?,
                id: row.key(1)?,
            })
        },
    )
}

/// Returns up to `limit` messages of a thread that come after a position, oldest first.
pub fn messages_from(
    tx: &mut dyn Tx,
    grant: Key,
    thread: Key,
    after: Option<Position>,
    limit: usize,
) -> Result<Vec<Position>, StoreError> {
    let after = after.unwrap_or(Position {
        date_at: i64::MIN,
        id: Key(i64::MIN),
    });
    tx.query(
        MESSAGES_FROM,
        &[
            grant.into(),
            thread.into(),
            after.date_at.into(),
            after.id.into(),
            Param::Int(limit as i64),
        ],
        |row| {
            Ok(Position {
                date_at: row.int(0)?,
                id: row.key(1)?,
            })
        },
    )
}

const MESSAGES_FROM: &str = "SELECT date_at, id FROM messages m
     WHERE grant_id = $1 AND thread_id = $2 AND (date_at, id) > ($3, $4) ORDER BY date_at, id LIMIT $5";

/// One message of a thread, without its texts.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// The thread.
    pub thread: Key,
    /// Where the message stands.
    pub position: Position,
    /// The folder it is in.
    pub folder: Key,
    /// Not read yet.
    pub unread: bool,
    /// Starred.
    pub starred: bool,
    /// With an attachment a person would see.
    pub has_attachment: bool,
}

/// Hands every message of up to [`THREADS_PER_STATEMENT_MAX`] threads to `each`: thread by thread, oldest first.
pub fn members(
    tx: &mut dyn Tx,
    grant: Key,
    threads: &[Key],
    each: &mut dyn FnMut(Member),
) -> Result<(), StoreError> {
    let Some(last) = threads.last() else {
        return Ok(());
    };
    let size = if threads.len() == 1 {
        1
    } else {
        threads.len().max(THREADS_PER_STATEMENT_MAX)
    };
    let mut params: Vec<Param<'_>> = vec![grant.into()];
    params.extend(threads.iter().map(|thread| Param::from(*thread)));
    params.resize(size + 1, (*last).into());
    tx.for_each(&members_statement(size), &params, &mut |row| {
        each(Member {
            thread: row.key(0)?,
            position: Position {
                date_at: row.int(1)?,
                id: row.key(2)?,
            },
            folder: row.key(3)?,
            unread: row.flag(4)?,
            starred: row.flag(5)?,
            has_attachment: row.flag(6)?,
        });
        Ok(())
    })
}

fn members_statement(size: usize) -> String {
    format!(
        "SELECT m.thread_id, m.date_at, m.id, m.folder_id, m.unread, m.starred, m.has_attachment FROM messages m
         WHERE m.grant_id = $1 AND m.thread_id IN ({}) ORDER BY m.thread_id, m.date_at, m.id",
        placeholders(2, size)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::sqlite_plan as plan;
    use crate::tables::messages::Source;
    use crate::tables::terms::Term;

    fn selection() -> ThreadSelection {
        ThreadSelection {
            message: Selection {
                grant: Key(1),
                source: Source::Terms(vec![Term(1)]),
                folders: vec![Key(2), Key(3)],
                term_groups: vec![vec![Term(7), Term(8)]],
                unread: Some(true),
                starred: None,
                has_attachment: None,
                thread: None,
                subject: None,
                after: None,
                before: None,
                behind: None,
                limit: 0,
                offset: 0,
            },
            all_folders: vec![Key(2), Key(3), Key(4)],
            latest_after: Some(3),
            latest_before: None,
            earliest_from: Some(5),
            behind: None,
            limit: 21,
            offset: 0,
        }
    }

    #[test]
    fn walks_for_threads_go_from_index_to_index_and_never_through_a_mailbox() {
        let behind = Some(Position {
            date_at: 9,
            id: Key(9),
        });
        let heads = plan(&heads_statement(&selection(), behind, 64).sql);
        let expected = [
            "SEARCH m USING COVERING INDEX messages_of_folder (grant_id=? AND folder_id=? AND ",
            "SEARCH h USING INTEGER PRIMARY KEY",
            "SEARCH n USING COVERING INDEX messages_of_thread (grant_id=? AND thread_id=? AND ",
            "SEARCH e USING COVERING INDEX messages_of_thread (grant_id=? AND thread_id=? AND ",
            "SEARCH m USING COVERING INDEX messages_of_thread (grant_id=? AND thread_id=?)",
            "USING PRIMARY KEY (grant_id=? AND term=? AND date_at=? AND message_id=?)",
        ];
        for step in expected {
            assert!(heads.contains(step), "{step} is not in\n{heads}");
        }
        let threads = plan(&threads_of_statement());
        let of_messages = plan(&of_messages_statement());
        let expected = [
            "SEARCH m USING INTEGER PRIMARY KEY",
            "SEARCH h USING INTEGER PRIMARY KEY",
            "SEARCH n USING COVERING INDEX messages_of_thread (grant_id=? AND thread_id=?)",
            "SEARCH e USING COVERING INDEX messages_of_thread (grant_id=? AND thread_id=? AND ",
        ];
        for step in expected {
            assert!(threads.contains(step), "{step} is not in\n{threads}");
            assert!(
                of_messages.contains(step),
                "{step} is not in\n{of_messages}"
            );
        }
        for plan in [&heads, &threads, &of_messages] {
            let mut steps = plan.lines().map(str::trim);
            let tables = ["SCAN m", "SCAN h", "SCAN n", "SCAN e", "SCAN g"];
            assert!(
                steps.all(|step| !tables
                    .iter()
                    .any(|scan| step == *scan || step.starts_with(&format!("{scan} ")))),
                "{plan}"
            );
        }
    }

    #[test]
    fn a_walk_is_one_statement_however_many_folders_there_are() {
        let all_folders = (1..=1_000).map(Key).collect();
        let selection = ThreadSelection {
            all_folders,
            ..selection()
        };
        assert!(!plan(&heads_statement(&selection, None, 64).sql).is_empty());
    }

    #[test]
    fn the_messages_of_a_page_of_threads_are_read_in_the_order_of_the_index() {
        let members = plan(&members_statement(THREADS_PER_STATEMENT_MAX));
        assert!(
            members.contains(
                "SEARCH m USING COVERING INDEX messages_of_thread (grant_id=? AND thread_id=?)"
            ),
            "{members}"
        );
        assert!(!members.contains("TEMP B-TREE"), "{members}");
        let some = plan(MESSAGES_FROM);
        let expected =
            "SEARCH m USING COVERING INDEX messages_of_thread (grant_id=? AND thread_id=? AND ";
        assert!(
            some.contains(expected) && !some.contains("TEMP B-TREE"),
            "{some}"
        );
    }
}
