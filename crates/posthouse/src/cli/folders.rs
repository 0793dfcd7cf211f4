//! `posthouse email folders`.

use clap::{Args, Subcommand};

use super::Mailbox;

/// Commands about folders.
#[derive(Debug, Subcommand)]
pub enum FoldersCommand {
    /// List all folders with their counts
    List(FoldersListArgs),
    /// Create a folder; missing folders of its path are created too
    Create(FoldersCreateArgs),
    /// Rename or move a folder
    Rename(FoldersRenameArgs),
    /// Delete a folder with all folders and messages in it, for good
    Delete(FoldersDeleteArgs),
}

/// What `list` takes.
#[derive(Debug, Args)]
pub struct FoldersListArgs {
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
}

/// What `create` takes.
#[derive(Debug, Args)]
pub struct FoldersCreateArgs {
    /// Name, or path such as Clients/Acme
    pub path: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
}

/// What `rename` takes.
#[derive(Debug, Args)]
pub struct FoldersRenameArgs {
    /// Name, path or id
    pub folder: String,
    /// New name below the same folder, or new path such as Clients/Acme
    pub path: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
}

/// What `delete` takes.
#[derive(Debug, Args)]
pub struct FoldersDeleteArgs {
    /// Name, path or id
    pub folder: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}
