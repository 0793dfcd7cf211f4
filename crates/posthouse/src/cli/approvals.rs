//! `posthouse approvals`.

use clap::{Args, Subcommand};

use super::OutputArgs;

/// `posthouse approvals`.
#[derive(Debug, Args)]
pub struct ApprovalsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ApprovalsCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about messages that wait for somebody to let them go.
#[derive(Debug, Subcommand)]
pub enum ApprovalsCommand {
    /// List messages that wait, newest first
    List {
        /// Only those of this account, by id or address
        #[arg(long)]
        account: Option<String>,
        /// Only those that are pending, approved, rejected or expired
        #[arg(long, default_value = "pending")]
        status: String,
        /// How many, up to 200
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
    /// Show one with its whole message
    Show {
        /// Its id
        hold: String,
    },
    /// Let a message go
    Approve {
        /// Its id
        hold: String,
        /// Why, for the record
        #[arg(long)]
        note: Option<String>,
    },
    /// Keep a message from leaving for good
    Reject {
        /// Its id
        hold: String,
        /// Why; the sender is told
        #[arg(long)]
        reason: Option<String>,
    },
}
