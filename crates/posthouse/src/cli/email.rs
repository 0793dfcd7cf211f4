//! `posthouse email`.

use clap::{Args, Subcommand};

use super::{
    AttachmentsCommand, Compose, DraftsCommand, FoldersCommand, Mailbox, OutputArgs,
    ScheduledCommand, ThreadsCommand,
};

/// `posthouse email`.
#[derive(Debug, Args)]
pub struct EmailArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: EmailCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about mail.
#[derive(Debug, Subcommand)]
pub enum EmailCommand {
    /// List the newest messages of an account
    List(ListArgs),
    /// Find messages by their words, the most relevant first
    Search(SearchArgs),
    /// Send a message
    Send(SendArgs),
    /// Answer a message, in its thread
    Reply(ReplyArgs),
    /// Show one message: headers and text
    Read(ReadArgs),
    /// Show what the author of a message wrote: no quotes, no signature, no hidden text
    Clean(CleanArgs),
    /// Mark a message read or unread, with or without a star
    Mark(MarkArgs),
    /// Move a message to another folder
    Move(MoveArgs),
    /// Move a message to Trash; one that is there goes for good
    Delete(DeleteArgs),
    /// Wait for the next message and show it
    Wait(WaitArgs),
    /// Files that came with a message
    Attachments {
        /// What to do.
        #[command(subcommand)]
        command: AttachmentsCommand,
    },
    /// Messages that are being written
    Drafts {
        /// What to do.
        #[command(subcommand)]
        command: DraftsCommand,
    },
    /// Messages that will be sent later
    Scheduled {
        /// What to do.
        #[command(subcommand)]
        command: ScheduledCommand,
    },
    /// Folders of an account
    Folders {
        /// What to do.
        #[command(subcommand)]
        command: FoldersCommand,
    },
    /// Conversations of an account
    Threads {
        /// What to do.
        #[command(subcommand)]
        command: ThreadsCommand,
    },
}

/// What `list` takes.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// Folder by name or id; `all` for every folder
    #[arg(long, default_value = "inbox", value_name = "FOLDER")]
    pub folder: String,
    /// Only unread messages
    #[arg(long)]
    pub unread: bool,
    /// How many messages
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200), value_name = "COUNT")]
    pub limit: u32,
}

/// What `search` takes.
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// Words, "phrases", OR, -not, (groups), prefix*
    #[arg(allow_hyphen_values = true)]
    pub query: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// Folder by name or id; `all` for every folder; without it all but Junk and Trash
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<String>,
    /// Only unread messages
    #[arg(long)]
    pub unread: bool,
    /// How many messages
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200), value_name = "COUNT")]
    pub limit: u32,
}

/// What `send` takes.
#[derive(Debug, Args)]
pub struct SendArgs {
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// The message.
    #[command(flatten)]
    pub message: Compose,
    /// When to send it: +2h, 2027-01-04T09:00:00+01:00, "2027-01-04 09:00" in this machine's zone, or a Unix second;
    /// between a minute and 30 days ahead
    #[arg(long, value_name = "TIME", value_parser = super::when::unix_seconds)]
    pub at: Option<i64>,
}

/// What `reply` takes.
#[derive(Debug, Args)]
pub struct ReplyArgs {
    /// Id of the message
    pub message: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// The text; `-` reads it from standard input
    #[arg(long, value_name = "TEXT")]
    pub body: Option<String>,
    /// The text is HTML
    #[arg(long)]
    pub html: bool,
    /// Answer everybody who got the message
    #[arg(long)]
    pub all: bool,
}

/// What `read` takes.
#[derive(Debug, Args)]
pub struct ReadArgs {
    /// Id of the message
    pub message: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// Show all headers
    #[arg(long)]
    pub headers: bool,
}

/// What `clean` takes.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// Id of the message
    pub message: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// Write Markdown
    #[arg(long)]
    pub markdown: bool,
    /// Show where links lead
    #[arg(long)]
    pub links: bool,
}

/// What `mark` takes.
#[derive(Debug, Args)]
pub struct MarkArgs {
    /// Id of the message
    pub message: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// Which marks.
    #[command(flatten)]
    pub marks: Marks,
}

/// What `move` takes.
#[derive(Debug, Args)]
pub struct MoveArgs {
    /// Id of the message
    pub message: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// Folder by name, path or id
    #[arg(long, value_name = "FOLDER", required_unless_present = "archive")]
    pub folder: Option<String>,
    /// Move it to Archive
    #[arg(long, conflicts_with = "folder")]
    pub archive: bool,
}

/// What `delete` takes.
#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// Id of the message
    pub message: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// Do not ask before a message goes for good
    #[arg(long)]
    pub yes: bool,
}

/// What `wait` takes.
#[derive(Debug, Args)]
pub struct WaitArgs {
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// Seconds to wait at most
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=60), value_name = "SECONDS")]
    pub timeout: u32,
    /// Take messages from this Unix second on, or those after the message with this id; without it, from now on
    #[arg(long, value_name = "TIME_OR_ID")]
    pub since: Option<String>,
    /// Only from this address
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<String>,
    /// Only with this text in the subject
    #[arg(long, value_name = "TEXT")]
    pub subject: Option<String>,
    /// Folder by name or id; without it, every folder but Junk, Trash and Sent
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<String>,
}

/// Marks of a message; what is not named stays.
#[derive(Debug, Args)]
pub struct Marks {
    /// Mark it read
    #[arg(long, conflicts_with = "unread")]
    pub read: bool,
    /// Mark it unread
    #[arg(long)]
    pub unread: bool,
    /// Give it a star
    #[arg(long, conflicts_with = "unstar")]
    pub star: bool,
    /// Take its star away
    #[arg(long)]
    pub unstar: bool,
}
