//! All messages of a thread are marked or moved.

use posthouse_store::Tx;
use posthouse_store::engine::Dialect;
use posthouse_store::tables::messages::Position;
use posthouse_store::tables::{drafts, folders, threads};
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::{Key, Kind};

use crate::actor::GrantRef;
use crate::limits::THREAD_MESSAGES_PER_STEP_MAX;
use crate::organise::{MessageChanges, apply, destination};
use crate::{Mailroom, Refusal};

/// What an update of a thread says; `None` keeps.
#[derive(Debug, Clone, Default)]
pub struct ThreadUpdate {
    /// Not read yet.
    pub unread: Option<bool>,
    /// Starred.
    pub starred: Option<bool>,
    /// Names or ids of the one folder its messages move to; empty means Archive.
    pub folders: Option<Vec<String>>,
}

/// Where the messages of a thread go.
#[derive(Debug, Clone)]
pub(super) enum Destination {
    /// Each stays where it is.
    Stay,
    /// To the folder of these names.
    Named(Vec<String>),
    /// To Trash.
    Trash,
}

impl Mailroom {
    /// Changes every message of a thread and returns the thread's object. Its drafts stay as they are.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also when no message and no draft is left of it; [`Refusal::Invalid`] for a folder that is not there, and
    /// for several.
    pub async fn update_thread(
        &self,
        grant: &GrantRef,
        thread_id: &str,
        update: ThreadUpdate,
    ) -> Result<Vec<u8>, Refusal> {
        let changes = MessageChanges {
            unread: update.unread,
            starred: update.starred,
            ..MessageChanges::default()
        };
        let destination = update.folders.map_or(Destination::Stay, Destination::Named);
        let thread = self.open_id(Kind::Thread, thread_id)?;
        self.change_thread(grant, thread, changes, destination)
            .await?;
        self.get_thread(grant, thread_id).await
    }

    /// Applies changes to every message of a thread, oldest first and in steps, between which others may write.
    ///
    /// A step that fails leaves the earlier ones done; the same call again does the rest.
    pub(super) async fn change_thread(
        &self,
        grant: &GrantRef,
        thread: Key,
        changes: MessageChanges,
        destination: Destination,
    ) -> Result<(), Refusal> {
        let mut done = None;
        loop {
            let (mailroom, mailbox) = (self.clone(), grant.clone());
            let (changes, destination) = (changes.clone(), destination.clone());
            let step = move |tx: &mut dyn Tx| {
                step(tx, &mailroom, &mailbox, thread, done, changes, &destination)
            };
            let last = self.store().write(step).await?;
            if last.is_none() {
                return Ok(());
            }
            done = last;
        }
    }
}

/// Changes the next messages of a thread; returns the last one of them if there may be more.
fn step(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    thread: Key,
    done: Option<Position>,
    mut changes: MessageChanges,
    destined: &Destination,
) -> Result<Option<Position>, Refusal> {
    Dialect::lock_grant(tx, grant.grant)?;
    let limit = THREAD_MESSAGES_PER_STEP_MAX;
    let found = threads::messages_from(tx, grant.grant, thread, done, limit)?;
    if found.is_empty() && done.is_none() {
        let drafts = drafts::count_in_thread(tx, grant.grant, thread, 1)?;
        if drafts == 0 {
            return Err(Refusal::NotFound);
        }
    }
    changes.folder = match destined {
        Destination::Stay => None,
        Destination::Named(names) => Some(destination(tx, mailroom, grant, names)?),
        Destination::Trash => {
            let trash = folders::system_folder(tx, grant.grant, SystemFolder::Trash)?;
            Some(trash.ok_or(Refusal::NotFound)?)
        }
    };
    let ids: Vec<Key> = found.iter().map(|message| message.id).collect();
    apply(tx, mailroom, grant, &ids, &changes)?;
    Ok(found.last().copied().filter(|_| found.len() == limit))
}
