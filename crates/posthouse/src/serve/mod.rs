//! The composition root: opens the store, binds the listeners, starts doors and workers, and stops them in order.
//!
//! - [`start`]: puts the parts together
//! - [`crates`]: the configuration of each crate
//! - [`data_dir`], [`instance_key`], [`private_file`]: what is kept beside the database
//! - [`listeners`], [`tls`]: sockets and certificates
//! - [`peer_limits`]: what one network may take
//! - [`certificates`]: certificates that are ordered, and files that change
//! - [`outward`]: names, calls to strangers' addresses, and TLS to other mail servers
//! - [`parts`]: the running tasks, and how they end
//! - [`housekeeping`]: the jobs; [`search`]: the one that follows the change log
//! - [`local_mail`]: mail between mailboxes of this server; [`schedules`]: mail that is sent later
//! - [`health`], [`metrics`], [`logs`]: what operators look at
//! - [`ready`], [`first_key`], [`quick_start`]: what is told to supervisors and people once all listens
//! - [`domains`]: DNS of domains, looked at again every day
//! - [`dmarc_reports`]: what is counted of arriving mail, and reported to its domains
//! - [`admin`]: commands on the server's own store
//! - [`clock`]: the time, which tests of a debug build can move

mod admin;
mod arrivals;
mod certificates;
mod clock;
mod crates;
mod data_dir;
mod delivery;
mod dmarc_reports;
mod domains;
mod first_key;
mod health;
mod housekeeping;
mod instance_key;
mod listeners;
mod local_mail;
mod logs;
mod metrics;
mod outward;
mod parts;
mod peer_limits;
mod private_file;
mod quick_start;
mod ready;
mod schedules;
mod search;
mod spam;
mod start;
mod tls;

use std::process::ExitCode;

pub use admin::run as administer;

use crate::client::EXIT_USAGE;
use crate::config::{Config, ServeFlags};

/// Runs the server until it is told to stop.
pub fn run(flags: &ServeFlags) -> ExitCode {
    let config = match Config::load(flags) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    logs::start(&config);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start the runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(start::serve(config));
    // What still runs has had its time: a blocked thread must not hold the exit up.
    runtime.shutdown_timeout(parts::BLOCKED_THREAD_PATIENCE);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
