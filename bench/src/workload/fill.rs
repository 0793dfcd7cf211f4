//! `fill`: a mailbox of a given number of messages, sent by SMTP like all mail.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::json;

use crate::Bench;
use crate::latency::round;
use crate::limits::FILL_MESSAGES_MAX;
use crate::report::Report;
use crate::server::posthouse::{Account, Posthouse};
use crate::smtp::client::Dialect;
use crate::smtp::load::{self, Load, Until};

/// Options of `fill`.
#[derive(Debug, Args)]
pub struct Options {
    /// The data directory (default: `store` in the work folder); kept, and topped up by a later run
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
    /// Local part of the mailbox
    #[arg(long, default_value = "large")]
    pub name: String,
    /// Messages it should have
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=FILL_MESSAGES_MAX))]
    pub messages: u64,
    /// Size of each in bytes
    #[arg(long, default_value_t = 4096)]
    pub size: usize,
}

/// Runs the workload.
pub fn run(bench: &Bench, options: &Options) -> Result<Report> {
    let data = data_dir(bench, options.data_dir.as_deref())?;
    let server = Posthouse::start(bench.binary(), &data)?;
    let begun = Instant::now();
    let account = mailbox(&server, &options.name, options.messages, options.size)?;
    let seconds = begun.elapsed().as_secs_f64();
    server.stop()?;
    bench.report(
        "fill",
        json!({ "mailbox": account.email, "messages": options.messages, "seconds": round(seconds, 2), "data_dir": data }),
    )
}

/// Returns the data directory that `fill`, `api-list` and `start` share.
pub fn data_dir(bench: &Bench, given: Option<&Path>) -> Result<PathBuf> {
    match given {
        Some(given) => Ok(given.to_owned()),
        None => Ok(bench.work()?.join("store")),
    }
}

/// Returns the mailbox `name` with at least `messages` messages, made and filled as far as needed.
pub fn mailbox(server: &Posthouse, name: &str, messages: u64, size: usize) -> Result<Account> {
    let mut client = server.client()?;
    let account = match server.find_account(&mut client, name)? {
        Some(account) => account,
        None => server.create_account(&mut client, name)?,
    };
    let present = server.messages(&mut client, std::slice::from_ref(&account))?;
    if present < messages {
        let load = Load {
            address: server.smtp,
            dialect: Dialect::Smtp,
            recipients: [account.email.clone()].into(),
            connections: 32,
            size,
            per_connection: None,
            until: Until::Count(messages - present),
        };
        load::run(&load, || Ok(0)).with_context(|| format!("filling {}", account.email))?;
        // A connection that was idle while the mailbox was filled may have been closed.
        let now = server.messages(&mut server.client()?, std::slice::from_ref(&account))?;
        ensure!(
            now >= messages,
            "{} has {now} messages, not {messages}",
            account.email
        );
    }
    Ok(account)
}
