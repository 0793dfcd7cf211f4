//! `posthouse admin`: what an operator does on the server's own store.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config::ServeFlags;

/// `posthouse admin`.
#[derive(Debug, Args)]
pub struct AdminArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AdminCommand,
}

/// Groups of commands on the server's own store.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Programs that sign their requests instead of showing an API key
    ServiceAccount {
        /// What to do.
        #[command(subcommand)]
        command: Box<ServiceAccountCommand>,
    },
}

/// Commands about service accounts. They read the same settings as `posthouse serve`, and may run beside it.
#[derive(Debug, Subcommand)]
pub enum ServiceAccountCommand {
    /// Make one and print its key file, this once
    Create {
        /// A name for people
        #[arg(long, value_name = "TEXT")]
        name: String,
        /// Write the key file here, readable by this user only, instead of printing it
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Where the store is.
        #[command(flatten)]
        store: ServeFlags,
    },
    /// List them as JSON, also those that were revoked
    List {
        /// Where the store is.
        #[command(flatten)]
        store: ServeFlags,
    },
    /// End one: none of its requests is answered any more
    Revoke {
        /// The private_key_id of its key file
        key_id: String,
        /// Where the store is.
        #[command(flatten)]
        store: ServeFlags,
    },
}
