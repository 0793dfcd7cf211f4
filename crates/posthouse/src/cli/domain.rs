//! `posthouse domain`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::OutputArgs;

/// `posthouse domain`.
#[derive(Debug, Args)]
pub struct DomainArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DomainCommand,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Commands about domains of your own.
#[derive(Debug, Subcommand)]
pub enum DomainCommand {
    /// Register a domain
    Add {
        /// The domain, for example bots.example.org
        domain: String,
        /// A name for people; the domain itself when left out
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// Accounts may be at any name below the domain, too
        #[arg(long)]
        include_subdomains: bool,
        /// Every application may have accounts on it
        #[arg(long)]
        all_applications: bool,
    },
    /// List the registered domains
    List,
    /// Show a domain and what was found of its records
    Show {
        /// Its id or address
        domain: String,
    },
    /// Set how the domain's mail leaves
    Set {
        /// Its id or address
        domain: String,
        /// An address of this host that its mail leaves from; repeatable or comma-separated
        #[arg(long = "source-address", value_delimiter = ',', value_name = "ADDRESS")]
        source_addresses: Vec<IpAddr>,
        /// Leave from whatever address the host chooses
        #[arg(long, conflicts_with = "source_addresses")]
        no_source_address: bool,
        /// Send to so many recipients of other servers a day at first, for example 50,100,200; the usual numbers without any
        #[arg(long, value_delimiter = ',', value_name = "N,N…", num_args = 0.., require_equals = true)]
        warm_up: Option<Vec<i64>>,
        /// End the warm-up
        #[arg(long, conflicts_with = "warm_up")]
        no_warm_up: bool,
    },
    /// Print the records to publish, and what was found of each
    Dns {
        /// Its id or address
        domain: String,
    },
    /// Look for the records in DNS now
    Verify {
        /// Its id or address
        domain: String,
        /// Only this type of record, for example dkim; repeatable or comma-separated
        #[arg(long = "type", value_delimiter = ',', value_name = "TYPE")]
        types: Vec<String>,
    },
    /// Print the records as a zone file that name servers load
    Zone {
        /// Its id or address
        domain: String,
    },
    /// List what receivers reported about the domain: how its mail fared (dmarc), how its mail hosts did (tls)
    Reports {
        /// Its id or address
        domain: String,
        /// What about
        #[arg(long = "type", value_name = "TYPE", default_value = "dmarc")]
        kind: ReportType,
        /// How many at most
        #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
    /// Put the records that are missing into a zone by DNS UPDATE (RFC 2136), signed with a key (TSIG)
    Publish {
        /// Its id or address
        domain: String,
        /// The primary name server of the zone
        #[arg(long, value_name = "ADDR:PORT")]
        server: SocketAddr,
        /// File with the key: [hmac-sha256:]NAME:SECRET, as nsupdate takes it
        #[arg(long, value_name = "FILE")]
        key_file: PathBuf,
        /// The zone that the domain is in; the domain itself when left out
        #[arg(long, value_name = "NAME")]
        zone: Option<String>,
    },
    /// Make new signing keys, which take over once they are published and verified
    RotateDkim {
        /// Its id or address
        domain: String,
    },
    /// Give a domain up
    Remove {
        /// Its id or address
        domain: String,
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
    },
}

/// What reports are about.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ReportType {
    /// Who sent in the domain's name, as receivers judged it
    Dmarc,
    /// How TLS to the domain's mail hosts went
    Tls,
}

impl ReportType {
    /// Returns the API's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dmarc => "dmarc",
            Self::Tls => "tls",
        }
    }
}
