//! `posthouse email scheduled`.

use clap::{Args, Subcommand};

use super::Mailbox;

/// Commands about scheduled messages.
#[derive(Debug, Subcommand)]
pub enum ScheduledCommand {
    /// List what waits for its time, and what was sent or cancelled in the last three days
    List(ScheduledListArgs),
    /// Show one scheduled message
    Show(ScheduleArgs),
    /// Cancel one, up to ten seconds before its time
    Cancel(ScheduleArgs),
}

/// What `list` takes.
#[derive(Debug, Args)]
pub struct ScheduledListArgs {
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
}

/// Which scheduled message a command is about.
#[derive(Debug, Args)]
pub struct ScheduleArgs {
    /// Id of the schedule
    pub schedule: String,
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
}
