//! `posthouse pauses`.

use clap::{Args, Subcommand};

use super::OutputArgs;

/// `posthouse pauses`.
#[derive(Debug, Args)]
pub struct PausesArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PausesCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about senders that are paused.
#[derive(Debug, Subcommand)]
pub enum PausesCommand {
    /// List who may not send because too much of their mail came back or was complained about
    List,
    /// Let a sender send again; its mail that was held goes out
    Lift {
        /// The pause's id
        pause: String,
    },
}
