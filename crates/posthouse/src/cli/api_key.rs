//! `posthouse api-key`.

use clap::{Args, Subcommand};

use super::OutputArgs;

/// `posthouse api-key`.
#[derive(Debug, Args)]
pub struct ApiKeyArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ApiKeyCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about API keys.
#[derive(Debug, Subcommand)]
pub enum ApiKeyCommand {
    /// Create a key; it is shown once
    Create {
        /// What it is for
        #[arg(required_unless_present = "name_flag")]
        name: Option<String>,
        /// The same as a flag
        #[arg(
            id = "name_flag",
            long = "name",
            value_name = "NAME",
            conflicts_with = "name"
        )]
        name_flag: Option<String>,
        /// Days until it expires; without it, never
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        expires_in: Option<u32>,
        /// Reach one account only, by id
        #[arg(long, value_name = "ID", conflicts_with = "workspace")]
        account: Option<String>,
        /// Reach the accounts of one workspace only, by id
        #[arg(long, value_name = "ID")]
        workspace: Option<String>,
        /// Allow reading only
        #[arg(long, conflicts_with = "admin")]
        read_only: bool,
        /// Give the operator's permission
        #[arg(long, conflicts_with_all = ["account", "workspace"])]
        admin: bool,
    },
    /// List all keys
    List,
    /// Revoke a key at once
    Revoke {
        /// Its id
        key: String,
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
    },
}
