//! `posthouse agent list`.

use clap::{Subcommand, ValueEnum};

/// Commands about lists that rules look into.
#[derive(Debug, Subcommand)]
pub enum ListCommand {
    /// List lists, and the rules that look into them
    List,
    /// Show one list
    Get {
        /// Its id
        list: String,
    },
    /// Create a list
    Create {
        /// A name for people
        #[arg(long)]
        name: String,
        /// What it holds
        #[arg(long = "type", value_name = "TYPE")]
        kind: ListKind,
        /// A text for people
        #[arg(long)]
        description: Option<String>,
    },
    /// Change the name or description of a list
    Update {
        /// Its id
        list: String,
        /// New name
        #[arg(long)]
        name: Option<String>,
        /// New description
        #[arg(long)]
        description: Option<String>,
    },
    /// Delete a list with its items; rules that name it find nothing in it any more
    Delete {
        /// Its id
        list: String,
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Show what is on a list, newest first
    Items {
        /// Its id
        list: String,
        /// How many at most
        #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
        /// All of them, whatever their number
        #[arg(long, conflicts_with = "limit")]
        all: bool,
    },
    /// Put items on a list
    Add {
        /// Its id
        list: String,
        /// Items, or `-` to read one a line from standard input
        #[arg(required = true, value_name = "ITEM")]
        items: Vec<String>,
    },
    /// Take items off a list
    Remove {
        /// Its id
        list: String,
        /// Items, or `-` to read one a line from standard input
        #[arg(required = true, value_name = "ITEM")]
        items: Vec<String>,
    },
}

/// What a list holds.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ListKind {
    /// Domains, each for itself and not for what is below it
    Domain,
    /// Endings of domains, such as co.uk
    Tld,
    /// Whole addresses
    Address,
}

impl ListKind {
    /// Returns the API's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::Tld => "tld",
            Self::Address => "address",
        }
    }
}
