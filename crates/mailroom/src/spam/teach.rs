//! A move to or from Junk teaches: it is noted in the move's own transaction, one narrow row, and learned later.

use posthouse_store::tables::folders;
use posthouse_store::tables::messages::Placed;
use posthouse_store::tables::spam::{self, Lesson, Verdict};
use posthouse_store::{StoreError, Tx};
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::Key;

/// A change of one message.
#[derive(Debug)]
pub(crate) struct Taught<'a> {
    /// How the message was.
    pub(crate) before: &'a Placed,
    /// How it is.
    pub(crate) after: &'a Placed,
}

/// Notes what these changes of one account's messages teach.
///
/// Into Junk: spam. Out of Junk, but not into Trash, where people throw spam away: wanted. Marked as answered outside of Junk:
/// wanted, too.
pub(crate) fn teach<'a>(
    tx: &mut dyn Tx,
    grant: Key,
    changes: impl Iterator<Item = Taught<'a>>,
    now_us: i64,
) -> Result<(), StoreError> {
    let mut changes = changes
        .filter(|change| {
            change.before.folder != change.after.folder
                || (change.after.answered && !change.before.answered)
        })
        .peekable();
    if changes.peek().is_none() {
        return Ok(());
    }
    let (Some(junk), Some(trash)) = (
        folders::system_folder(tx, grant, SystemFolder::Junk)?,
        folders::system_folder(tx, grant, SystemFolder::Trash)?,
    ) else {
        return Ok(());
    };
    for change in changes {
        let Some(verdict) = verdict(&change, junk, trash) else {
            continue;
        };
        let lesson = Lesson {
            message: change.after.id,
            grant,
            verdict,
            taught_us: now_us,
        };
        spam::teach(tx, &lesson)?;
    }
    Ok(())
}

fn verdict(change: &Taught<'_>, junk: Key, trash: Key) -> Option<Verdict> {
    let (from, to) = (change.before.folder, change.after.folder);
    if to == junk {
        return (from != junk).then_some(Verdict::Spam);
    }
    if from == junk {
        return (to != trash).then_some(Verdict::Ham);
    }
    let is_answered = change.after.answered && !change.before.answered;
    (is_answered && to != trash).then_some(Verdict::Ham)
}
