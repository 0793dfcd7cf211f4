//! `posthouse otp`.

use clap::{Args, Subcommand};

use super::{Mailbox, OutputArgs};

/// `posthouse otp`.
#[derive(Debug, Args)]
pub struct OtpArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: OtpCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about one-time codes.
#[derive(Debug, Subcommand)]
pub enum OtpCommand {
    /// Print the code of the newest message that has one
    Get(OtpGetArgs),
}

/// What `get` takes.
#[derive(Debug, Args)]
pub struct OtpGetArgs {
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
}
