//! A folder is made, with those above it that are missing.

use posthouse_store::changes::{self, ChangeKind, NewChange};
use posthouse_store::engine::Dialect;
use posthouse_store::tables::folders::{self, Folder};
use posthouse_store::tables::grants;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::destination::no_such_folder;
use super::folder_tree::{check_colour, check_depth, check_free, child, split, wrong_name};
use crate::actor::GrantRef;
use crate::limits::{FOLDER_DEPTH_MAX, FOLDERS_MAX};
use crate::read::{FolderView, find_folder, view_folder};
use crate::{Mailroom, Refusal};

/// What a client asks for.
#[derive(Debug, Clone, Default)]
pub struct NewFolder {
    /// Its name, or a path whose elements are joined by `/`.
    pub name: String,
    /// Id or name of the folder it is put below.
    pub parent_id: Option<String>,
    /// Shown as given.
    pub text_color: Option<String>,
    /// Shown as given.
    pub background_color: Option<String>,
}

impl Mailroom {
    /// Makes a folder and returns it; folders of its path that are not there are made too.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a name that is malformed, reserved or taken, a parent that is not there, and an account
    /// that has too many folders; [`Refusal::NotFound`] when the account is gone.
    pub async fn create_folder(
        &self,
        grant: &GrantRef,
        new: NewFolder,
    ) -> Result<FolderView, Refusal> {
        check_colour("text_color", new.text_color.as_deref())?;
        check_colour("background_color", new.background_color.as_deref())?;
        split(&new.name)?;
        let (mailroom, grant) = (self.clone(), grant.clone());
        self.store()
            .write(move |tx: &mut dyn Tx| {
                let mut all = lock_folders(tx, &grant)?;
                let (above, leaf) = split(&new.name)?;
                let parent = find_parent(&all, &mailroom, new.parent_id.as_deref())?;
                let parent = ensure_path(tx, &mailroom, &grant, &mut all, parent, &above)?;
                check_free(&all, parent, leaf, None)?;
                let wanted = Folder {
                    text_color: new.text_color,
                    background_color: new.background_color,
                    ..unnamed(&mailroom, parent, leaf)
                };
                let made = make(tx, &mailroom, &grant, &mut all, wanted)?;
                Ok(view_folder(mailroom.store().ids(), &all, &made))
            })
            .await
    }
}

/// Refuses what no folder may be called, its path included.
pub(crate) fn check_folder_path(name: &str) -> Result<(), Refusal> {
    let (above, _) = split(name)?;
    if above.len() >= FOLDER_DEPTH_MAX {
        let message = format!("folders nest at most {FOLDER_DEPTH_MAX} deep");
        return Err(wrong_name(message));
    }
    Ok(())
}

/// Makes the folders of a path that an account does not have yet.
pub(crate) fn ensure_folder_path(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    name: &str,
) -> Result<(), Refusal> {
    let mut all = lock_folders(tx, grant)?;
    let (mut names, leaf) = split(name)?;
    names.push(leaf);
    ensure_path(tx, mailroom, grant, &mut all, None, &names)?;
    Ok(())
}

/// Returns the folders of a live account, which nobody else changes until the transaction ends.
pub(super) fn lock_folders(tx: &mut dyn Tx, grant: &GrantRef) -> Result<Vec<Folder>, Refusal> {
    Dialect::lock_grant(tx, grant.grant)?;
    if grants::find(tx, grant.application, grant.grant)?.is_none() {
        return Err(Refusal::NotFound);
    }
    Ok(folders::of_grant(tx, grant.grant)?)
}

/// Finds the folder that a `parent_id` names.
pub(super) fn find_parent(
    all: &[Folder],
    mailroom: &Mailroom,
    name: Option<&str>,
) -> Result<Option<Key>, Refusal> {
    let Some(name) = name else { return Ok(None) };
    match find_folder(all, mailroom.store().ids(), name, "parent_id")? {
        None => Err(no_such_folder("parent_id")),
        found => Ok(found),
    }
}

/// Returns the last folder of a path below `parent`; makes those that are missing.
pub(super) fn ensure_path(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    all: &mut Vec<Folder>,
    mut parent: Option<Key>,
    names: &[&str],
) -> Result<Option<Key>, Refusal> {
    for name in names {
        let there = child(all, parent, name).map(|folder| folder.id);
        parent = match there {
            Some(there) => Some(there),
            None => {
                let wanted = unnamed(mailroom, parent, name);
                Some(make(tx, mailroom, grant, all, wanted)?.id)
            }
        };
    }
    Ok(parent)
}

fn unnamed(mailroom: &Mailroom, parent: Option<Key>, name: &str) -> Folder {
    Folder {
        id: mailroom.store().new_key(),
        parent,
        name: name.to_owned(),
        system: None,
        total_count: 0,
        unread_count: 0,
        total_bytes: 0,
        text_color: None,
        background_color: None,
    }
}

fn make(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    all: &mut Vec<Folder>,
    wanted: Folder,
) -> Result<Folder, Refusal> {
    if all.len() >= FOLDERS_MAX {
        let message = format!("an account has at most {FOLDERS_MAX} folders");
        return Err(wrong_name(message));
    }
    check_depth(all, wanted.parent, 1)?;
    let now = mailroom.now_seconds();
    folders::insert(tx, grant.application, grant.grant, &wanted, now)?;
    note(tx, mailroom, grant, ChangeKind::FolderCreated, &wanted)?;
    all.push(wanted.clone());
    Ok(wanted)
}

/// Notes what happened to a folder, with all that a notification shows of it.
pub(super) fn note(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    kind: ChangeKind,
    folder: &Folder,
) -> Result<(), StoreError> {
    let data = serde_json::json!({
        "v": 1,
        "name": folder.name,
        "system_folder": folder.system.is_some(),
    });
    changes::append(
        tx,
        &NewChange {
            application: grant.application,
            grant: Some(grant.grant),
            kind,
            object: folder.id,
            at_us: mailroom.clock().unix_us(),
            data: Some(&data.to_string()),
        },
    )
}
