//! `posthouse search`.

use clap::{Args, Subcommand};

use super::OutputArgs;

/// `posthouse search`.
#[derive(Debug, Args)]
pub struct SearchIndexArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: SearchIndexCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about the search index of a server.
#[derive(Debug, Subcommand)]
pub enum SearchIndexCommand {
    /// Show how far the index is
    Status,
    /// Index all messages anew, while searches go on
    Rebuild {
        /// Do not wait until it is done
        #[arg(long)]
        no_wait: bool,
    },
}
