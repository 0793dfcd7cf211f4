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
    /// Print codes as they arrive, one a line, until interrupted
    Watch(OtpWatchArgs),
}

/// What `get` takes.
#[derive(Debug, Args)]
pub struct OtpGetArgs {
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
}

/// What `watch` takes.
#[derive(Debug, Args)]
pub struct OtpWatchArgs {
    /// Whose mailbox.
    #[command(flatten)]
    pub mailbox: Mailbox,
    /// Only from this address
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<String>,
    /// End after so many codes
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub count: Option<u32>,
    /// Give up when no code came for so many seconds; without it, wait on
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub timeout: Option<u32>,
}
