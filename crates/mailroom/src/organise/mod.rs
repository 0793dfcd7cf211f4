//! Mailboxes are kept in order: messages are marked, moved, labelled and deleted; folders are made, renamed and deleted.
//!
//! Everything that changes messages goes through [`apply()`] or [`remove()`]: one transaction under the account's lock in
//! which the messages' rows, their folders' counters and numbers, their terms and the change log stay in step.

mod apply;
mod create_folder;
mod delete_folder;
mod delete_message;
mod destination;
mod expire;
mod folder_tree;
mod metadata;
mod remove;
mod update_folder;
mod update_message;

pub use create_folder::NewFolder;
pub use metadata::{
    METADATA_KEY_CHARACTERS_MAX, METADATA_PAIRS_MAX, METADATA_VALUE_CHARACTERS_MAX, Metadata,
};
pub use update_folder::FolderUpdate;
pub use update_message::MessageUpdate;

pub(crate) use apply::{MessageChanges, apply};
pub(crate) use create_folder::{check_folder_path, ensure_folder_path};
pub(crate) use destination::destination;
pub(crate) use remove::remove;
