//! A folder is renamed, moved or coloured.

use posthouse_store::Tx;
use posthouse_store::changes::ChangeKind;
use posthouse_store::tables::folders::{self, Folder};
use posthouse_types::ids::Key;

use super::create_folder::{ensure_path, find_parent, lock_folders, note};
use super::folder_tree::{
    check_colour, check_depth, check_free, check_not_below, child, height, split, wrong_name,
};
use crate::actor::GrantRef;
use crate::read::{FolderView, find_folder, view_folder};
use crate::{Mailroom, Refusal};

/// What an update of a folder says; `None` keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct FolderUpdate {
    /// Its new name; with a `/` in it, its path below `parent_id` or from the top.
    pub name: Option<String>,
    /// Id or name of the folder it moves below; none for the top.
    pub parent_id: Option<Option<String>>,
    /// Shown as given.
    pub text_color: Option<Option<String>>,
    /// Shown as given.
    pub background_color: Option<Option<String>>,
}

impl Mailroom {
    /// Changes a folder and returns it; a change that changes nothing leaves no trace.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] for a system folder, and for a name or a place it cannot have.
    pub async fn update_folder(
        &self,
        grant: &GrantRef,
        folder: &str,
        update: FolderUpdate,
    ) -> Result<FolderView, Refusal> {
        for (field, colour) in [
            ("text_color", &update.text_color),
            ("background_color", &update.background_color),
        ] {
            check_colour(field, colour.as_ref().and_then(Option::as_deref))?;
        }
        let (mailroom, grant, folder) = (self.clone(), grant.clone(), folder.to_owned());
        self.store()
            .write(move |tx: &mut dyn Tx| {
                let mut all = lock_folders(tx, &grant)?;
                let codec = mailroom.store().ids();
                let id =
                    find_folder(&all, codec, &folder, "folder_id")?.ok_or(Refusal::NotFound)?;
                let found = all.iter().find(|row| row.id == id);
                let before = found.cloned().ok_or(Refusal::NotFound)?;
                let place = place(tx, &mailroom, &grant, &mut all, &before, &update)?;
                let mut after = before.clone();
                if let Some((parent, name)) = place {
                    after.parent = parent;
                    after.name = name;
                }
                if let Some(colour) = update.text_color {
                    after.text_color = colour;
                }
                if let Some(colour) = update.background_color {
                    after.background_color = colour;
                }
                if after != before {
                    folders::update(tx, &after)?;
                    note(tx, &mailroom, &grant, ChangeKind::FolderUpdated, &after)?;
                    all.retain(|row| row.id != id);
                    all.push(after.clone());
                }
                Ok(view_folder(codec, &all, &after))
            })
            .await
    }
}

/// Returns the parent and name that an update asks for, if they are others than now; makes folders above it that are
/// missing.
fn place(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    all: &mut Vec<Folder>,
    folder: &Folder,
    update: &FolderUpdate,
) -> Result<Option<(Option<Key>, String)>, Refusal> {
    if update.name.is_none() && update.parent_id.is_none() {
        return Ok(None);
    }
    let (above, name) = split(update.name.as_deref().unwrap_or(&folder.name))?;
    let start = match &update.parent_id {
        Some(parent) => find_parent(all, mailroom, parent.as_deref())?,
        // A path counts from the top.
        None if !above.is_empty() => None,
        None => folder.parent,
    };
    if above.is_empty() && start == folder.parent && name == folder.name {
        return Ok(None);
    }
    if folder.system.is_some() {
        return Err(wrong_name("a system folder cannot be renamed or moved"));
    }
    check_path_avoids(all, start, &above, folder.id)?;
    let parent = ensure_path(tx, mailroom, grant, all, start, &above)?;
    check_free(all, parent, name, Some(folder.id))?;
    check_depth(all, parent, height(all, folder.id))?;
    Ok(Some((parent, name.to_owned())))
}

/// Refuses a path that leads through the folder itself, before anything is made on it.
fn check_path_avoids(
    all: &[Folder],
    mut parent: Option<Key>,
    names: &[&str],
    folder: Key,
) -> Result<(), Refusal> {
    check_not_below(all, parent, folder)?;
    for name in names {
        let Some(there) = child(all, parent, name) else {
            break;
        };
        parent = Some(there.id);
        check_not_below(all, parent, folder)?;
    }
    Ok(())
}
