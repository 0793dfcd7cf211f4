//! The folder that `folders` of an update means.

use posthouse_store::Tx;
use posthouse_store::engine::Dialect;
use posthouse_store::tables::folders;
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::Key;

use crate::actor::GrantRef;
use crate::read::find_folder;
use crate::{Mailroom, Refusal};

/// Folders that one list may name: all names of a folder, of which there can be only one.
const NAMES_MAX: usize = 50;

/// Returns the folder that a list of ids or names moves messages to, under the account's lock; an empty list means Archive.
///
/// # Errors
/// [`Refusal::Invalid`] when there is no such folder or there are several; [`Refusal::NotFound`] when the account is gone.
pub(crate) fn destination(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    grant: &GrantRef,
    names: &[String],
) -> Result<Key, Refusal> {
    Dialect::lock_grant(tx, grant.grant)?;
    if names.is_empty() {
        let archive = folders::system_folder(tx, grant.grant, SystemFolder::Archive)?;
        return archive.ok_or(Refusal::NotFound);
    }
    if names.len() > NAMES_MAX {
        return Err(one_folder_only());
    }
    let all = folders::of_grant(tx, grant.grant)?;
    let mut meant = None;
    for (place, name) in names.iter().enumerate() {
        let field = format!("folders[{place}]");
        let found = find_folder(&all, mailroom.store().ids(), name, &field)?
            .ok_or_else(|| no_such_folder(&field))?;
        if meant.is_some_and(|other| other != found) {
            return Err(one_folder_only());
        }
        meant = Some(found);
    }
    meant.ok_or(Refusal::NotFound)
}

/// Makes the refusal of a folder that is not there.
pub(super) fn no_such_folder(field: &str) -> Refusal {
    Refusal::invalid(field, format!("{field}: there is no such folder"))
        .with_fix("give an id, a system name such as archive, or a path such as Clients/Acme")
}

fn one_folder_only() -> Refusal {
    Refusal::invalid("folders", "folders: a message is in exactly one folder")
        .with_fix("name one folder to move to, or give [] to archive")
}
