//! `posthouse email drafts`.

use clap::{Args, Subcommand};

use super::{Compose, Mailbox};

/// Commands about drafts.
#[derive(Debug, Subcommand)]
pub enum DraftsCommand {
    /// List drafts, the one changed last first
    List(DraftsListArgs),
    /// Show one draft
    Show(DraftArgs),
    /// Begin a draft; nothing is required
    Create(DraftsCreateArgs),
    /// Change a draft; what is not named stays, named lists and files replace the former ones
    Update(DraftsUpdateArgs),
    /// Send a draft; it leaves Drafts
    Send(DraftArgs),
    /// Delete a draft for good
    Delete(DraftsDeleteArgs),
}

/// What `list` takes.
#[derive(Debug, Args)]
pub struct DraftsListArgs {
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// How many drafts
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200), value_name = "COUNT")]
    pub limit: u32,
}

/// Which draft a command is about.
#[derive(Debug, Args)]
pub struct DraftArgs {
    /// Id of the draft
    pub draft: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
}

/// What `create` takes.
#[derive(Debug, Args)]
pub struct DraftsCreateArgs {
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// The message.
    #[command(flatten)]
    pub message: Compose,
    /// Id of the message that it answers
    #[arg(long, value_name = "MESSAGE")]
    pub answers: Option<String>,
}

/// What `update` takes.
#[derive(Debug, Args)]
pub struct DraftsUpdateArgs {
    /// Which one.
    #[command(flatten)]
    pub which: DraftArgs,
    /// What changes.
    #[command(flatten)]
    pub message: Compose,
}

/// What `delete` takes.
#[derive(Debug, Args)]
pub struct DraftsDeleteArgs {
    /// Which one.
    #[command(flatten)]
    pub which: DraftArgs,
    /// Do not ask
    #[arg(long, short = 'y')]
    pub yes: bool,
}
