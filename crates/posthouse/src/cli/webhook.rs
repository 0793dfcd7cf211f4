//! `posthouse webhook`.

use clap::{Args, Subcommand};

use super::OutputArgs;

/// `posthouse webhook`.
#[derive(Debug, Args)]
pub struct WebhookArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: WebhookCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about webhook destinations.
#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// List all destinations
    List,
    /// Create a destination; it must answer the challenge at once
    Create {
        /// Where notifications are sent
        #[arg(long, value_name = "URL")]
        url: String,
        /// Trigger such as message.created; repeatable or comma-separated
        #[arg(
            long,
            visible_alias = "triggers",
            required = true,
            value_delimiter = ',',
            value_name = "TRIGGER"
        )]
        trigger: Vec<String>,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Send gzip-compressed bodies
        #[arg(long)]
        compressed: bool,
    },
    /// Delete a destination
    Delete {
        /// Its id
        webhook: String,
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
    },
}
