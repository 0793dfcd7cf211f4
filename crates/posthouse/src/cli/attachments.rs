//! `posthouse email attachments`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Mailbox;

/// Commands about attachments.
#[derive(Debug, Subcommand)]
pub enum AttachmentsCommand {
    /// List the attachments of a message or draft
    List(AttachmentsListArgs),
    /// Show one attachment: name, type and size
    Show(AttachmentArgs),
    /// Save one attachment
    Download(AttachmentsDownloadArgs),
}

/// What `list` takes.
#[derive(Debug, Args)]
pub struct AttachmentsListArgs {
    /// Id of the message or draft
    pub message: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
}

/// Which attachment a command is about.
#[derive(Debug, Args)]
pub struct AttachmentArgs {
    /// Id of the message or draft
    pub message: String,
    /// Id of the attachment
    pub attachment: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
}

/// What `download` takes.
#[derive(Debug, Args)]
pub struct AttachmentsDownloadArgs {
    /// Which one.
    #[command(flatten)]
    pub which: AttachmentArgs,
    /// Where to save it: a file, a directory, or `-` for standard output; without it under its own name here
    #[arg(long, short = 'o', value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
}
