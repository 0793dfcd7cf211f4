//! `posthouse agent policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Commands about what accounts may send, receive and keep.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// List policies, and the workspaces they govern
    List,
    /// Show one policy with the limits that hold
    Get {
        /// Its id
        policy: String,
    },
    /// Create a policy; it governs nothing until a workspace has it
    Create {
        /// A name for people; may be in the data instead
        #[arg(long)]
        name: Option<String>,
        /// The rest of it.
        #[command(flatten)]
        data: DataArgs,
    },
    /// Change a policy; what is not named stays
    Update {
        /// Its id
        policy: String,
        /// New name
        #[arg(long)]
        name: Option<String>,
        /// The rest of it.
        #[command(flatten)]
        data: DataArgs,
    },
    /// Delete a policy; the workspaces that have it are left without one
    Delete {
        /// Its id
        policy: String,
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
    },
}

/// A JSON object as the API takes it.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// JSON as the API takes it
    #[arg(long, value_name = "JSON")]
    pub data: Option<String>,
    /// File with JSON as the API takes it, or `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    pub data_file: Option<PathBuf>,
}
