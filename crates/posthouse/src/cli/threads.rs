//! `posthouse email threads`.

use clap::{Args, Subcommand};

use super::{Mailbox, Marks};

/// Commands about threads.
#[derive(Debug, Subcommand)]
pub enum ThreadsCommand {
    /// List threads, the one with the newest message first
    List(ThreadsListArgs),
    /// Show one thread and a line for each of its newest messages
    Show(ThreadsShowArgs),
    /// Mark all messages of a thread read or unread, with or without a star
    Mark(ThreadsMarkArgs),
    /// Move all messages of a thread to Trash
    Delete(ThreadsDeleteArgs),
}

/// What `list` takes.
#[derive(Debug, Args)]
pub struct ThreadsListArgs {
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// Folder by name or id; `all` for every folder; without it all but Junk and Trash
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<String>,
    /// Only threads with unread messages
    #[arg(long)]
    pub unread: bool,
    /// How many threads
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200), value_name = "COUNT")]
    pub limit: u32,
}

/// What `show` takes.
#[derive(Debug, Args)]
pub struct ThreadsShowArgs {
    /// Id of the thread
    pub thread: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
}

/// What `mark` takes.
#[derive(Debug, Args)]
pub struct ThreadsMarkArgs {
    /// Id of the thread
    pub thread: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// Which marks.
    #[command(flatten)]
    pub marks: Marks,
}

/// What `delete` takes.
#[derive(Debug, Args)]
pub struct ThreadsDeleteArgs {
    /// Id of the thread
    pub thread: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
}
