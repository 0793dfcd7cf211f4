//! `posthouse queue`.

use clap::{Args, Subcommand};

use super::OutputArgs;

/// `posthouse queue`.
#[derive(Debug, Args)]
pub struct QueueArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: QueueCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about outgoing mail that is not finished.
#[derive(Debug, Subcommand)]
pub enum QueueCommand {
    /// List outgoing mail, newest first
    List {
        /// Only mail that is queued, active, deferred, held or captured
        #[arg(long)]
        state: Option<String>,
        /// Only mail for this domain
        #[arg(long)]
        domain: Option<String>,
        /// How many, up to 200
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show mail for one recipient
    Show {
        /// Its id
        mail: String,
        /// Print the message as it goes out
        #[arg(long)]
        source: bool,
    },
    /// Deliver now, whether it waits or is held
    Retry {
        /// Its id
        mail: String,
    },
    /// Keep it until it is retried
    Hold {
        /// Its id
        mail: String,
    },
    /// Take it off the queue; it counts as bounced
    Drop {
        /// Its id
        mail: String,
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
    },
}
