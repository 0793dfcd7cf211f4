//! `posthouse suppression`.

use clap::{Args, Subcommand, ValueEnum};

use super::OutputArgs;

/// `posthouse suppression`.
#[derive(Debug, Args)]
pub struct SuppressionArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: SuppressionCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about addresses that nothing is sent to.
#[derive(Debug, Subcommand)]
pub enum SuppressionCommand {
    /// List addresses that nothing is sent to, newest first
    List {
        /// Only this address
        #[arg(long, value_name = "EMAIL")]
        address: Option<String>,
        /// Only for this reason
        #[arg(long, value_name = "REASON")]
        reason: Option<SuppressionReason>,
        /// Only those for mail of this workspace alone, by id
        #[arg(long, value_name = "ID")]
        workspace: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
    /// Send nothing to addresses from now on
    Add {
        /// The addresses
        #[arg(required = true, value_name = "EMAIL")]
        addresses: Vec<String>,
        /// Why
        #[arg(long, default_value = "manual", value_name = "REASON")]
        reason: SuppressionReason,
        /// Only mail of this workspace, by id
        #[arg(long, value_name = "ID")]
        workspace: Option<String>,
    },
    /// Send to an address again
    Remove {
        /// The address, or the id of one entry
        name: String,
    },
}

/// Why nothing is sent to an address.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum SuppressionReason {
    /// Mail for it came back for good
    HardBounce,
    /// Its owner complained
    Complaint,
    /// Its owner wants no more
    Unsubscribe,
    /// Somebody decided so
    Manual,
}

impl SuppressionReason {
    /// Returns the API's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::HardBounce => "hard_bounce",
            Self::Complaint => "complaint",
            Self::Unsubscribe => "unsubscribe",
            Self::Manual => "manual",
        }
    }
}
