//! Folders: listed, found by id or name.

use std::borrow::Cow;

use posthouse_store::Tx;
use posthouse_store::tables::folders::{self, Folder};
use posthouse_types::folders::SystemFolder;
use posthouse_types::ids::{IdCodec, Key, Kind};

use super::query::FolderFilter;
use crate::actor::GrantRef;
use crate::limits::FOLDER_DEPTH_MAX;
use crate::{Mailroom, Refusal};

/// A folder as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderView {
    /// Public id.
    pub id: String,
    /// Public id of the folder above it.
    pub parent_id: Option<String>,
    /// The last element of its path.
    pub name: String,
    /// The whole path, elements joined by `/`.
    pub path: String,
    /// Folders directly below it.
    pub child_count: i64,
    /// Messages in it.
    pub total_count: i64,
    /// Unread messages in it.
    pub unread_count: i64,
    /// Which system folder it is, if it is one.
    pub system: Option<SystemFolder>,
    /// Shown as given.
    pub text_color: Option<String>,
    /// Shown as given.
    pub background_color: Option<String>,
}

impl Mailroom {
    /// Lists an account's folders: system folders in their order, then custom ones by path.
    ///
    /// `parent` keeps the children of one folder, given by id or name.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store cannot answer.
    pub async fn list_folders(
        &self,
        grant: &GrantRef,
        parent: Option<&str>,
        top_level_only: bool,
    ) -> Result<Vec<FolderView>, Refusal> {
        let all = self.folder_rows(grant).await?;
        let codec = self.store().ids();
        let parent = match parent {
            None => None,
            Some(name) => match find(&all, codec, name, "parent_id")? {
                None => return Ok(Vec::new()),
                found => found,
            },
        };
        let wanted = |folder: &&Folder| {
            (!top_level_only || folder.parent.is_none())
                && parent.is_none_or(|parent| folder.parent == Some(parent))
        };
        let mut views: Vec<FolderView> = all
            .iter()
            .filter(wanted)
            .map(|folder| view(codec, &all, folder))
            .collect();
        views.sort_by(|one, other| {
            let rank = |view: &FolderView| view.system.map_or(i64::MAX, |system| system as i64);
            rank(one)
                .cmp(&rank(other))
                .then_with(|| one.path.cmp(&other.path))
        });
        Ok(views)
    }

    /// Returns one folder of an account by id, system name or alias, path or unique leaf name.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_folder(&self, grant: &GrantRef, name: &str) -> Result<FolderView, Refusal> {
        let all = self.folder_rows(grant).await?;
        let codec = self.store().ids();
        let key = find(&all, codec, name, "folder_id")?.ok_or(Refusal::NotFound)?;
        let folder = all
            .iter()
            .find(|folder| folder.id == key)
            .ok_or(Refusal::NotFound)?;
        Ok(view(codec, &all, folder))
    }

    async fn folder_rows(&self, grant: &GrantRef) -> Result<Vec<Folder>, Refusal> {
        let grant = grant.grant;
        self.store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                Ok(folders::of_grant(tx, grant)?)
            })
            .await
    }
}

/// Returns a folder as it is shown, among all of its account.
pub(crate) fn view(codec: &IdCodec, all: &[Folder], folder: &Folder) -> FolderView {
    let id = |key| codec.seal(Kind::Folder, key).to_string();
    FolderView {
        id: id(folder.id),
        parent_id: folder.parent.map(id),
        name: folder.name.clone(),
        path: path(all, folder),
        child_count: all
            .iter()
            .filter(|other| other.parent == Some(folder.id))
            .count() as i64,
        total_count: folder.total_count,
        unread_count: folder.unread_count,
        system: folder.system,
        text_color: folder.text_color.clone(),
        background_color: folder.background_color.clone(),
    }
}

fn path(all: &[Folder], folder: &Folder) -> String {
    let mut names = vec![folder.name.as_str()];
    let mut above = folder.parent;
    while let Some(parent) = above.and_then(|key| all.iter().find(|other| other.id == key)) {
        if names.len() > FOLDER_DEPTH_MAX {
            break;
        }
        names.push(&parent.name);
        above = parent.parent;
    }
    names.reverse();
    names.join("/")
}

/// Finds a folder by id, then system name or alias, then full path, then unique leaf name; `None` when there is none.
///
/// # Errors
/// [`Refusal::Invalid`] about `field` for a leaf name that several folders have.
pub(crate) fn find(
    all: &[Folder],
    codec: &IdCodec,
    name: &str,
    field: &str,
) -> Result<Option<Key>, Refusal> {
    if let Some(key) = codec.open(Kind::Folder, name) {
        return Ok(all.iter().any(|folder| folder.id == key).then_some(key));
    }
    if let Some(system) = SystemFolder::from_name(name) {
        return Ok(all
            .iter()
            .find(|folder| folder.system == Some(system))
            .map(|folder| folder.id));
    }
    let wanted = with_system_name(name).to_lowercase();
    let custom = || all.iter().filter(|folder| folder.system.is_none());
    if let Some(folder) = custom().find(|folder| path(all, folder).to_lowercase() == wanted) {
        return Ok(Some(folder.id));
    }
    let mut leaves = custom().filter(|folder| folder.name.to_lowercase() == wanted);
    match (leaves.next(), leaves.next()) {
        (found, None) => Ok(found.map(|folder| folder.id)),
        (_, Some(_)) => Err(Refusal::invalid(
            field,
            format!("{field}: several folders have this name"),
        )
        .with_fix("give the whole path, such as Clients/Acme, or the folder's id")),
    }
}

/// Returns a path with the name of the system folder for the alias that it may begin with.
fn with_system_name(path: &str) -> Cow<'_, str> {
    let system = path
        .split_once('/')
        .and_then(|(first, rest)| Some((SystemFolder::from_name(first)?, rest)));
    match system {
        Some((system, rest)) => Cow::Owned(format!("{}/{rest}", system.name())),
        None => Cow::Borrowed(path),
    }
}

/// Returns the folders a filter stands for; those without messages are left out, since nothing in them can match.
pub(crate) fn filtered(
    all: &[Folder],
    codec: &IdCodec,
    filter: &FolderFilter,
) -> Result<Vec<Key>, Refusal> {
    let with_messages = || all.iter().filter(|folder| folder.total_count > 0);
    let hidden = |folder: &Folder| folder.system.is_some_and(SystemFolder::is_hidden);
    Ok(match filter {
        FolderFilter::All => with_messages().map(|folder| folder.id).collect(),
        FolderFilter::Visible => with_messages()
            .filter(|folder| !hidden(folder))
            .map(|folder| folder.id)
            .collect(),
        FolderFilter::Incoming => with_messages()
            .filter(|folder| !hidden(folder) && folder.system != Some(SystemFolder::Sent))
            .map(|folder| folder.id)
            .collect(),
        FolderFilter::Named(names) => {
            let mut named = Vec::with_capacity(names.len());
            for name in names {
                named.extend(find(all, codec, name, "in")?);
            }
            with_messages()
                .map(|folder| folder.id)
                .filter(|id| named.contains(id))
                .collect()
        }
    })
}
