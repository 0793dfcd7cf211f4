//! Where rules move a message.

use posthouse_rules::rule::Action;
use posthouse_store::tables::folders::{self, Folder};
use posthouse_store::{StoreError, Tx};
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::{IdCodec, Key};

use super::evaluations::Moved;
use crate::read::find_folder;

/// Returns where the first move goes that can be done; a folder that is missing is passed over.
pub(crate) fn destination(
    tx: &mut dyn Tx,
    codec: &IdCodec,
    grant: Key,
    moves: &[Action],
) -> Result<Option<Moved>, StoreError> {
    let mut all: Option<Vec<Folder>> = None;
    for action in moves {
        let folder = match action {
            Action::MarkAsSpam => folders::system_folder(tx, grant, SystemFolder::Junk)?,
            Action::Archive => folders::system_folder(tx, grant, SystemFolder::Archive)?,
            Action::Trash => folders::system_folder(tx, grant, SystemFolder::Trash)?,
            Action::AssignToFolder(name) => {
                let all = match &mut all {
                    Some(all) => all,
                    None => all.insert(folders::of_grant(tx, grant)?),
                };
                named(all, codec, name)
            }
            _ => None,
        };
        if let Some(folder) = folder {
            return Ok(Some(Moved {
                by: action.clone(),
                folder,
            }));
        }
    }
    Ok(None)
}

/// Finds a folder by id, system name, name or path; a slash in front of a path is allowed.
pub(crate) fn named(all: &[Folder], codec: &IdCodec, name: &str) -> Option<Key> {
    let name = name.strip_prefix('/').unwrap_or(name);
    // A name that fits several folders is none: the message stays where it would be.
    find_folder(all, codec, name, "value").ok().flatten()
}
