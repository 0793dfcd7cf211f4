//! Along which of its conditions a listing walks: the one that the fewest messages fulfil, as far as a look at the newest
//! of each can tell.
//!
//! Whatever is walked along, every message on the way is checked for the rest. A listing that finds enough soon takes no
//! longer the wrong way; one that finds little goes through all of the walk, so it should be a short one.

use super::select::{Selection, Source, Statement, conditions};
use crate::StoreError;
use crate::sql::Tx;
use crate::tables::terms::Term;

/// Messages of each condition that are looked at.
const LOOKED_AT_MAX: i64 = 500;

/// Terms or folders of one condition, beyond which it is not looked at.
const ARMS_MAX: usize = 30;

/// Folders up to which a listing is taken to be for some of them only.
const SOME_FOLDERS_MAX: usize = 3;

/// How far back the newest messages of a condition reach. The fewer there are, or else the older they get, the shorter is
/// the walk along all of them: the smaller one is the narrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Reach {
    messages: i64,
    oldest_at: i64,
}

/// Returns the selection with the narrowest of its conditions as its source.
pub fn narrowed(tx: &mut dyn Tx, selection: &Selection) -> Result<Selection, StoreError> {
    let mut selection = selection.clone();
    let Source::Terms(terms) = &selection.source else {
        return Ok(selection);
    };
    if let Some(thread) = selection.thread {
        // A thread has few messages.
        selection.term_groups.push(terms.clone());
        selection.source = Source::Thread(thread);
        return Ok(selection);
    }
    if !is_combined(&selection) {
        return Ok(selection);
    }
    let mut groups = vec![terms.clone()];
    groups.append(&mut selection.term_groups);
    let mut reaches = Vec::new();
    if selection.folders.len() <= ARMS_MAX {
        let reach = reach(tx, &folders_statement(&selection))?;
        // Each folder is walked through until it has a page of its own: through all of it, where it has no match.
        if reach.messages < LOOKED_AT_MAX || selection.folders.len() <= SOME_FOLDERS_MAX {
            reaches.push((reach, None));
        }
    }
    for (place, terms) in groups.iter().enumerate() {
        if terms.len() <= ARMS_MAX {
            reaches.push((reach(tx, &terms_statement(&selection, terms))?, Some(place)));
        }
    }
    let narrowest = reaches.into_iter().min_by_key(|(reach, _)| *reach);
    selection.source = match narrowest {
        Some((_, None)) => Source::Folders,
        Some((_, Some(place))) => Source::Terms(groups.remove(place)),
        None => Source::Terms(groups.remove(0)),
    };
    selection.term_groups = groups;
    Ok(selection)
}

/// Tells whether there is anything to choose from.
fn is_combined(selection: &Selection) -> bool {
    let flags = [
        selection.unread,
        selection.starred,
        selection.has_attachment,
    ];
    !selection.term_groups.is_empty()
        || flags.contains(&Some(true))
        || selection.folders.len() <= SOME_FOLDERS_MAX
}

fn reach(tx: &mut dyn Tx, statement: &Statement) -> Result<Reach, StoreError> {
    tx.query_one(&statement.sql, &statement.params(), |row| {
        Ok(Reach {
            messages: row.int(0)?,
            oldest_at: row.int(1)?,
        })
    })
}

pub(super) fn terms_statement(selection: &Selection, terms: &[Term]) -> Statement {
    let bare = Selection {
        unread: None,
        starred: None,
        has_attachment: None,
        ..bare(selection)
    };
    let mut statement = Statement::default();
    let grant = statement.bind(selection.grant.0);
    let limit = statement.bind(LOOKED_AT_MAX);
    let arms = terms.iter().map(|term| {
        let term = statement.bind(term.0);
        let further = conditions(&mut statement, &bare, &grant, "t.date_at", "t.message_id");
        format!(
            "SELECT * FROM (SELECT t.date_at AS date_at FROM message_terms t
             WHERE t.grant_id = {grant} AND t.term = {term}{further}
             ORDER BY t.date_at DESC, t.message_id DESC LIMIT {limit}) AS arm"
        )
    });
    let arms: Vec<String> = arms.collect();
    statement.sql = newest_of(&arms, &limit);
    statement
}

pub(super) fn folders_statement(selection: &Selection) -> Statement {
    let bare = bare(selection);
    let mut statement = Statement::default();
    let grant = statement.bind(selection.grant.0);
    let limit = statement.bind(LOOKED_AT_MAX);
    let arms = selection.folders.iter().map(|folder| {
        let folder = statement.bind(folder.0);
        let further = conditions(&mut statement, &bare, &grant, "m.date_at", "m.id");
        format!(
            "SELECT * FROM (SELECT m.date_at AS date_at FROM messages m
             WHERE m.grant_id = {grant} AND m.folder_id = {folder}{further}
             ORDER BY m.date_at DESC, m.id DESC LIMIT {limit}) AS arm"
        )
    });
    let arms: Vec<String> = arms.collect();
    statement.sql = newest_of(&arms, &limit);
    statement
}

fn newest_of(arms: &[String], limit: &str) -> String {
    format!(
        "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(MIN(date_at), 0) AS BIGINT)
         FROM (SELECT date_at FROM ({}) AS arms ORDER BY date_at DESC LIMIT {limit}) AS newest",
        arms.join(" UNION ALL ")
    )
}

/// Keeps the conditions that an index has in it: where in time, and flags that are set.
fn bare(selection: &Selection) -> Selection {
    Selection {
        term_groups: Vec::new(),
        unread: selection.unread.filter(|wanted| *wanted),
        starred: selection.starred.filter(|wanted| *wanted),
        has_attachment: selection.has_attachment.filter(|wanted| *wanted),
        subject: None,
        thread: None,
        ..selection.clone()
    }
}
