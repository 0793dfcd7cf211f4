//! What is typed of a message: by `send`, and by the commands about drafts.

use std::path::PathBuf;

use clap::Args;

/// A message, or what changes of one.
#[derive(Debug, Args)]
pub struct Compose {
    /// Recipient; repeatable or comma-separated
    #[arg(long, value_delimiter = ',', value_name = "ADDRESS")]
    pub to: Vec<String>,
    /// Recipient of a copy; repeatable or comma-separated
    #[arg(long, value_delimiter = ',', value_name = "ADDRESS")]
    pub cc: Vec<String>,
    /// Recipient of a copy that nobody else sees; repeatable or comma-separated
    #[arg(long, value_delimiter = ',', value_name = "ADDRESS")]
    pub bcc: Vec<String>,
    /// The subject
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub subject: Option<String>,
    /// The text; `-` reads it from standard input
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub body: Option<String>,
    /// The text is HTML
    #[arg(long)]
    pub html: bool,
    /// File to send along; repeatable
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
}
