//! Messages: one wide row each, found through folders, threads and terms.

mod narrow;
mod organise;
mod select;

use bytes::Bytes;
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::Key;

use super::folders::Entry;
use super::terms::{self, Term};
use crate::blobs::{compress, decompress};
use crate::limits::{BODY_PLAIN_BYTES_MAX, SUBJECT_SEARCHED_CHARACTERS_MAX};
use crate::sql::{Row, Tx, placeholders};
use crate::{Param, StoreError};

pub(in crate::tables) use narrow::narrowed;
pub use organise::{
    InThread, Leaving, Placed, SetAside, documents, in_folder, in_thread, place, placed, remove,
    set_aside_before, set_metadata,
};
pub use select::{Position, Selection, Source, oldest, select};
pub(in crate::tables) use select::{Statement, compound, conditions, select_along};

/// Version of the columns `document` and `body_frame` that this release writes.
pub const DOCUMENT_VERSION: i64 = 2;

/// The version in which `body_frame` was a JSON string.
const DOCUMENT_VERSION_JSON_FRAMES: i64 = 1;

/// A message as it is first stored.
#[derive(Debug, Clone, Copy)]
pub struct NewMessage<'a> {
    /// Its key.
    pub id: Key,
    /// The application that owns the account.
    pub application: Key,
    /// The account.
    pub grant: Key,
    /// The folder it enters.
    pub folder: Key,
    /// Its numbers in that folder.
    pub entry: Entry,
    /// The key of its thread's first message: its own when it starts one.
    pub thread: Key,
    /// Its raw bytes.
    pub blob: Key,
    /// When it was accepted, in Unix seconds.
    pub date_at: i64,
    /// Not read yet; its folder has counted it so.
    pub unread: bool,
    /// Starred.
    pub starred: bool,
    /// A JSON object, if it has metadata.
    pub metadata: Option<&'a str>,
    /// Whether a person would see an attachment; inline images alone are none.
    pub has_attachment: bool,
    /// Bytes of trace and blob together.
    pub size_bytes: i64,
    /// Lower-case subject; of a long one the front is searched ([`SUBJECT_SEARCHED_CHARACTERS_MAX`]).
    pub subject: &'a str,
    /// The lines above the blob.
    pub trace: &'a [u8],
    /// The header section, when the blob is not in the database.
    pub header_section: Option<&'a [u8]>,
    /// Where the attachments are, as JSON.
    pub parts: Option<&'a str>,
    /// Who sent it as far as was found out, as JSON; `None` when nothing was checked.
    pub verdicts: Option<&'a str>,
    /// What every listing shows, as JSON members.
    pub document: &'a str,
    /// The body; `None` when the blob has it ([`super::blobs::KeptBlob::has_body`]).
    pub body: Option<&'a StoredBody>,
    /// What it can be found by.
    pub terms: &'a [Term],
}

/// A body as a row keeps it; made before the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredBody {
    /// A JSON string.
    Plain(String),
    /// The text in one compressed frame.
    Frame(Bytes),
}

impl StoredBody {
    /// Decides by its length how to keep a body: as `json` makes it of the text, or compressed.
    pub fn new(text: &str, json: impl FnOnce(&str) -> String) -> Result<Self, StoreError> {
        if text.len() <= BODY_PLAIN_BYTES_MAX {
            return Ok(Self::Plain(json(text)));
        }
        Ok(Self::Frame(compress(text.as_bytes())?.into()))
    }

    /// Returns how many bytes it takes up.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "an empty body is two quotes long"
    )]
    pub fn len(&self) -> usize {
        match self {
            Self::Plain(json) => json.len(),
            Self::Frame(frame) => frame.len(),
        }
    }

    /// Returns the columns `body` and `body_frame`, one of which is set.
    pub(in crate::tables) fn columns(&self) -> (Option<&str>, Option<&[u8]>) {
        match self {
            Self::Plain(json) => (Some(json), None),
            Self::Frame(frame) => (None, Some(frame)),
        }
    }
}

/// Stores a message and makes it findable; its folder has counted it already.
pub fn insert(tx: &mut dyn Tx, message: &NewMessage<'_>) -> Result<(), StoreError> {
    let (body, body_frame) = message.body.map_or((None, None), StoredBody::columns);
    tx.execute(
        "INSERT INTO messages (id, application_id, grant_id, folder_id, thread_id, blob_id, date_at, created_at,
           unread, starred, answered, has_attachment, uid, modseq, size_bytes, subject, metadata, trace, header_section,
           parts, document_version, document, body, body_frame, verdicts)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $20, $21, 0, $8, $9, $10, $11, $12, $22, $13, $14, $15, $16, $17, $18, $19, $23)",
        &[
            message.id.into(),
            message.application.into(),
            message.grant.into(),
            message.folder.into(),
            message.thread.into(),
            message.blob.into(),
            message.date_at.into(),
            message.has_attachment.into(),
            message.entry.uid.into(),
            message.entry.modseq.into(),
            message.size_bytes.into(),
            searched(message.subject).into(),
            message.trace.into(),
            message.header_section.into(),
            message.parts.into(),
            DOCUMENT_VERSION.into(),
            message.document.into(),
            body.into(),
            body_frame.into(),
            message.unread.into(),
            message.starred.into(),
            message.metadata.into(),
            message.verdicts.into(),
        ],
    )?;
    terms::insert(
        tx,
        message.grant,
        message.id,
        message.date_at,
        message.terms,
    )
}

/// Returns what of a subject is searched for a part of it.
fn searched(subject: &str) -> &str {
    let end = subject
        .char_indices()
        .nth(SUBJECT_SEARCHED_CHARACTERS_MAX)
        .map_or(subject.len(), |(end, _)| end);
    &subject[..end]
}

/// The columns a listing shows, in the order in which [`show`] hands them on.
pub const SHOWN: &str = "m.id, m.thread_id, m.folder_id, m.date_at, m.created_at, m.unread, m.starred, m.answered, \
     m.metadata, m.document_version, m.document, m.body, \
     CASE WHEN m.body IS NULL THEN COALESCE(m.body_frame, (SELECT b.text_frame FROM blobs b WHERE b.id = m.blob_id)) END";

/// A message row as listings show it, borrowed from the engine.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The message's key.
    pub id: Key,
    /// Its thread.
    pub thread: Key,
    /// The folder it is in.
    pub folder: Key,
    /// When it was accepted, in Unix seconds.
    pub date_at: i64,
    /// When it was stored, in Unix seconds.
    pub created_at: i64,
    /// Not read yet.
    pub unread: bool,
    /// Starred.
    pub starred: bool,
    /// Answered by this account.
    pub answered: bool,
    /// A JSON object, if metadata was set.
    pub metadata: Option<&'a str>,
    /// JSON members, as [`NewMessage::document`].
    pub document: &'a str,
    /// The body.
    pub body: ShownBody<'a>,
}

/// A body as a row has it.
#[derive(Debug, Clone, Copy)]
pub enum ShownBody<'a> {
    /// A JSON string.
    Plain(&'a str),
    /// The text in one compressed frame; see [`text_of`].
    Frame(&'a [u8]),
    /// A JSON string in one compressed frame, as an earlier release kept it.
    JsonFrame(&'a [u8]),
}

/// Returns the text, or the JSON string, in a frame.
pub fn text_of(frame: &[u8]) -> Result<String, StoreError> {
    String::from_utf8(decompress(frame)?)
        .map_err(|_| StoreError::Fault("a body is not UTF-8".to_owned()))
}

/// Reads the [`SHOWN`] columns from a row.
pub fn read_shown(row: &dyn Row) -> Result<Shown<'_>, StoreError> {
    let version = row.int(9)?;
    if !(DOCUMENT_VERSION_JSON_FRAMES..=DOCUMENT_VERSION).contains(&version) {
        return Err(StoreError::Fault(format!(
            "a message has document version {version}"
        )));
    }
    Ok(Shown {
        id: row.key(0)?,
        thread: row.key(1)?,
        folder: row.key(2)?,
        date_at: row.int(3)?,
        created_at: row.int(4)?,
        unread: row.flag(5)?,
        starred: row.flag(6)?,
        answered: row.flag(7)?,
        metadata: row.opt_text(8)?,
        document: row.text(10)?,
        body: match row.opt_text(11)? {
            Some(json) => ShownBody::Plain(json),
            None if version == DOCUMENT_VERSION_JSON_FRAMES => ShownBody::JsonFrame(row.bytes(12)?),
            None => ShownBody::Frame(row.bytes(12)?),
        },
    })
}

/// Sizes to which lists of ids are padded, so that few statements serve all listings.
/// Messages of one author that are looked at to find out whether that one has written before.
const AUTHORED_LOOKED_AT_MAX: i64 = 100;
const ID_LIST_SIZES: [usize; 5] = [1, 10, 50, 100, 200];

/// Hands the rows of up to 200 messages of an account to `each`, newest key first; missing ones are left out.
pub fn show(
    tx: &mut dyn Tx,
    grant: Key,
    ids: &[Key],
    each: &mut dyn FnMut(Shown<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let Some(last) = ids.last() else {
        return Ok(());
    };
    let size = ID_LIST_SIZES
        .into_iter()
        .find(|size| *size >= ids.len())
        .unwrap_or(ids.len());
    let sql = show_statement(size);
    let mut params: Vec<Param<'_>> = vec![grant.into()];
    params.extend(ids.iter().map(|id| Param::from(*id)));
    params.resize(size + 1, (*last).into());
    tx.for_each(&sql, &params, &mut |row| each(read_shown(row)?))
}

/// `+ 0` keeps the account out of the choice of an index: the list of keys is the narrower way to the rows.
fn show_statement(size: usize) -> String {
    let ids = placeholders(2, size);
    format!(
        "SELECT {SHOWN} FROM messages m WHERE m.id IN ({ids}) AND m.grant_id + 0 = $1 ORDER BY m.id DESC"
    )
}

/// What is needed to give out a message's source, or a part of it.
#[derive(Debug, Clone)]
pub struct SourceRow {
    /// The message's key.
    pub id: Key,
    /// The lines above the blob.
    pub trace: Vec<u8>,
    /// The header section, when the blob is not in the database.
    pub header_section: Option<Vec<u8>>,
    /// Where the attachments are, as JSON.
    pub parts: Option<String>,
    /// Who sent it as far as was found out, as JSON; `None` when nothing was checked.
    pub verdicts: Option<String>,
    /// The blob.
    pub blob: super::blobs::BlobPlace,
}

/// Returns the sources of up to 200 messages of an account, in no particular order; missing ones are left out.
pub fn sources(tx: &mut dyn Tx, grant: Key, ids: &[Key]) -> Result<Vec<SourceRow>, StoreError> {
    let sql = sources_statement(ids.len());
    let mut params: Vec<Param<'_>> = vec![grant.into()];
    params.extend(ids.iter().map(|id| Param::from(*id)));
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.query(&sql, &params, |row| {
        Ok(SourceRow {
            id: row.key(0)?,
            trace: row.bytes(1)?.to_vec(),
            header_section: row.opt_bytes(2)?.map(ToOwned::to_owned),
            parts: row.opt_string(3)?,
            verdicts: row.opt_string(4)?,
            blob: super::blobs::read_place(row, 5)?,
        })
    })
}

fn sources_statement(size: usize) -> String {
    format!(
        "SELECT m.id, m.trace, m.header_section, m.parts, m.verdicts, b.location, b.application_id, b.id, b.data,
           b.text_at, b.text_frame
         FROM messages m JOIN blobs b ON b.id = m.blob_id WHERE m.id IN ({}) AND m.grant_id + 0 = $1",
        placeholders(2, size)
    )
}

/// Returns the `parts` of a message, or `None` when there is no such message.
pub fn parts(
    tx: &mut dyn Tx,
    grant: Key,
    message: Key,
) -> Result<Option<Option<String>>, StoreError> {
    tx.query_opt(
        "SELECT parts FROM messages WHERE id = $1 AND grant_id = $2",
        &[message.into(), grant.into()],
        |row| row.opt_string(0),
    )
}

/// A message that another may belong to the thread of.
#[derive(Debug, Clone)]
pub struct ThreadCandidate {
    /// The thread it is in.
    pub thread: Key,
    /// Its JSON members, for the addresses in it.
    pub document: String,
}

/// Returns the newest messages of an account with a term, not older than `since`, up to `limit`.
pub fn by_term(
    tx: &mut dyn Tx,
    grant: Key,
    term: Term,
    since: i64,
    limit: i64,
) -> Result<Vec<ThreadCandidate>, StoreError> {
    tx.query(
        "SELECT m.thread_id, m.document FROM message_terms t JOIN messages m ON m.id = t.message_id
         WHERE t.grant_id = $1 AND t.term = $2 AND t.date_at >= $3 ORDER BY t.date_at DESC, t.message_id DESC LIMIT $4",
        &[grant.into(), Param::Int(term.0), since.into(), limit.into()],
        |row| Ok(ThreadCandidate { thread: row.key(0)?, document: row.string(1)? }),
    )
}

/// Returns the thread of the newest message of an account with a term.
pub fn thread_by_term(tx: &mut dyn Tx, grant: Key, term: Term) -> Result<Option<Key>, StoreError> {
    tx.query_opt(
        "SELECT m.thread_id FROM message_terms t JOIN messages m ON m.id = t.message_id
         WHERE t.grant_id = $1 AND t.term = $2 ORDER BY t.date_at DESC, t.message_id DESC LIMIT 1",
        &[grant.into(), Param::Int(term.0)],
        |row| row.key(0),
    )
}

/// Tells whether a message with a term of its author has come to an account and is not in Junk. Looks at the newest ones
/// only: who writes to Junk a thousand times is asked about as fast as everybody.
pub fn has_arrived_from(tx: &mut dyn Tx, grant: Key, author: Term) -> Result<bool, StoreError> {
    let found = tx.query_opt(
        "SELECT 1 FROM (SELECT message_id FROM message_terms WHERE grant_id = $1 AND term = $2
           ORDER BY date_at DESC LIMIT $3) t
         JOIN messages m ON m.id = t.message_id JOIN folders f ON f.id = m.folder_id WHERE f.role <> $4 LIMIT 1",
        &[
            grant.into(),
            Param::Int(author.0),
            AUTHORED_LOOKED_AT_MAX.into(),
            Param::Int(SystemFolder::Junk as i64),
        ],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// Notes since when a message is in Trash or Junk, in the transaction that stores it there.
pub fn set_aside(tx: &mut dyn Tx, message: Key, at: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE messages SET set_aside_at = $2 WHERE id = $1",
        &[message.into(), at.into()],
    )?;
    Ok(())
}

/// Tells whether a thread has at least `count` messages.
pub fn thread_has(
    tx: &mut dyn Tx,
    grant: Key,
    thread: Key,
    count: i64,
) -> Result<bool, StoreError> {
    let last = tx.query_opt(
        "SELECT 1 FROM messages WHERE grant_id = $1 AND thread_id = $2 LIMIT 1 OFFSET $3",
        &[grant.into(), thread.into(), Param::Int(count - 1)],
        |_| Ok(()),
    )?;
    Ok(last.is_some())
}

#[cfg(test)]
mod tests {
    use super::organise::{SET_ASIDE_BEFORE, in_folder_statement, placed_statement};
    use super::select::select_statement;
    use super::*;
    use crate::migrations::sqlite_plan as plan;

    fn selection(source: Source) -> Selection {
        Selection {
            grant: Key(1),
            source,
            folders: vec![Key(2), Key(3)],
            term_groups: vec![vec![Term(7), Term(8)]],
            unread: Some(true),
            starred: None,
            has_attachment: None,
            thread: None,
            subject: None,
            after: Some(5),
            before: None,
            behind: Some(Position {
                date_at: 9,
                id: Key(9),
            }),
            limit: 51,
            offset: 0,
        }
    }

    #[test]
    fn filters_on_flags_walk_through_messages_with_the_flag_only() {
        let flags = [
            ("messages_unread", Some(true), None, None),
            ("messages_starred", None, Some(true), None),
            ("messages_with_attachment", None, None, Some(true)),
            ("messages_of_folder", Some(false), None, None),
        ];
        for (index, unread, starred, has_attachment) in flags {
            for behind in [None, selection(Source::Folders).behind] {
                let selection = Selection {
                    unread,
                    starred,
                    has_attachment,
                    term_groups: Vec::new(),
                    after: None,
                    behind,
                    ..selection(Source::Folders)
                };
                let plan = plan(&select_statement(&selection).unwrap().sql);
                let expected = format!("SEARCH m USING COVERING INDEX {index} (grant_id=?");
                assert!(plan.contains(&expected), "{index}: {plan}");
            }
        }
    }

    #[test]
    fn a_listing_is_one_statement_however_many_folders_and_addresses_it_has() {
        let groups = [125, 100, 100, 100].map(|terms| (0..terms).map(Term).collect());
        let listing = |source, folders: i64, term_groups| Selection {
            folders: (1..=folders).map(Key).collect(),
            term_groups,
            ..selection(source)
        };
        let addresses = || Source::Terms((0..100).map(Term).collect());
        for selection in [
            listing(Source::Folders, 1_000, Vec::new()),
            listing(addresses(), 1_000, Vec::new()),
            listing(addresses(), 5, groups.to_vec()),
        ] {
            let statement = select_statement(&selection).unwrap();
            assert!(!plan(&statement.sql).is_empty());
        }
    }

    #[test]
    fn filters_on_subjects_walk_through_the_index_and_not_through_rows() {
        let selection = Selection {
            subject: Some("x".to_owned()),
            unread: None,
            term_groups: Vec::new(),
            ..selection(Source::Folders)
        };
        let plan = plan(&select_statement(&selection).unwrap().sql);
        let expected = "SEARCH m USING COVERING INDEX messages_of_folder (grant_id=?";
        assert!(plan.contains(expected), "{plan}");
    }

    #[test]
    fn of_a_long_subject_the_front_is_searched() {
        let long = "ä".repeat(SUBJECT_SEARCHED_CHARACTERS_MAX + 1);
        assert_eq!(searched(&long), "ä".repeat(SUBJECT_SEARCHED_CHARACTERS_MAX));
        assert_eq!(searched("short"), "short");
    }

    #[test]
    fn a_look_at_the_newest_of_each_condition_reads_an_index_in_its_order() {
        let selection = selection(Source::Terms(vec![Term(1), Term(2)]));
        let terms = plan(&narrow::terms_statement(&selection, &[Term(1), Term(2)]).sql);
        let expected = "SEARCH t USING PRIMARY KEY (grant_id=? AND term=? AND ";
        assert!(terms.contains(expected), "{terms}");
        let folders = plan(&narrow::folders_statement(&selection).sql);
        let expected = "SEARCH m USING COVERING INDEX messages_unread (grant_id=? AND folder_id=? AND date_at>? AND date_at<?)";
        assert!(folders.contains(expected), "{folders}");
        for plan in [terms, folders] {
            assert!(
                !plan.contains("SCAN m") && !plan.contains("SCAN t"),
                "{plan}"
            );
        }
    }

    #[test]
    fn the_oldest_message_is_found_without_sorting_a_mailbox() {
        let statement = select::earliest_statement(&selection(Source::Folders)).unwrap();
        let plan = plan(&statement.sql);
        assert!(
            plan.contains(
                "SEARCH m USING COVERING INDEX messages_unread (grant_id=? AND folder_id=? AND date_at>?"
            ),
            "{plan}"
        );
        let arm = plan.split("COMPOUND").next().unwrap_or_default();
        assert!(!arm.contains("SCAN m"), "{plan}");
    }

    #[test]
    fn listings_go_straight_to_their_rows_and_never_walk_through_a_mailbox() {
        for sql in [
            show_statement(50),
            sources_statement(50),
            placed_statement(50),
        ] {
            let plan = plan(&sql);
            assert!(
                plan.contains("SEARCH m USING INTEGER PRIMARY KEY"),
                "{plan}"
            );
        }
        let set_aside = plan(SET_ASIDE_BEFORE);
        assert!(
            set_aside.contains(
                "SEARCH m USING INDEX messages_set_aside (set_aside_at>? AND set_aside_at<?)"
            ),
            "{set_aside}"
        );
        let in_folder = plan(&in_folder_statement());
        assert!(
            in_folder.contains("USING INDEX messages_of_folder (grant_id=? AND folder_id=?)")
                && !in_folder.contains("TEMP B-TREE"),
            "{in_folder}"
        );
        let sources = [
            (
                Source::Folders,
                "SEARCH m USING COVERING INDEX messages_unread (grant_id=? AND folder_id=? AND ",
            ),
            (
                Source::Thread(Key(4)),
                "SEARCH m USING COVERING INDEX messages_of_thread (grant_id=? AND thread_id=? AND ",
            ),
            (
                Source::Terms(vec![Term(1)]),
                "SEARCH t USING PRIMARY KEY (grant_id=? AND term=? AND ",
            ),
        ];
        for (source, expected) in sources {
            let statement = select_statement(&selection(source)).unwrap();
            let plan = plan(&statement.sql);
            assert!(plan.contains(expected), "{plan}");
            assert!(
                plan.contains(
                    "USING PRIMARY KEY (grant_id=? AND term=? AND date_at=? AND message_id=?)"
                ),
                "{plan}"
            );
            assert!(
                !plan.contains("SCAN m") && !plan.contains("SCAN t"),
                "{plan}"
            );
        }
    }
}
