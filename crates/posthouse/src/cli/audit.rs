//! `posthouse audit`.

use clap::{Args, Subcommand};

use super::OutputArgs;

/// `posthouse audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AuditCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about what was decided.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List what was decided, by whom and why, newest first
    List {
        /// Only about this account, by id or address
        #[arg(long)]
        account: Option<String>,
        /// Only about this object: a message, rule, policy and so on, by id
        #[arg(long, value_name = "ID")]
        object: Option<String>,
        /// Only this action, such as message.send
        #[arg(long)]
        action: Option<String>,
        /// Only of this actor, as entries name it
        #[arg(long)]
        actor: Option<String>,
        /// Not older than this: -2h, 2027-01-04, RFC 3339 or a Unix second
        #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = super::when::unix_seconds)]
        since: Option<i64>,
        /// Older than this, in the same forms
        #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = super::when::unix_seconds)]
        before: Option<i64>,
        /// How many, up to 200
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
}
