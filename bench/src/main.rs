//! Load generators and benchmarks of Posthouse: programs that print figures.
//!
//! Every workload starts the servers it measures itself, on loopback and on free ports, keeps to a bounded time and
//! number of messages, and ends what it started. `docs/performance.md` says what each figure means.

mod correspondence;
mod http;
mod imap;
mod latency;
mod limits;
mod machine;
mod message;
mod render;
mod report;
mod server;
mod smtp;
mod stop;
mod workload;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};

use crate::report::Report;
use crate::workload::{
    all, api_list, disk, fill, hook, idle, mailbox, outbound, peers, provision, smtp as smtp_in,
    start, wait,
};

/// Measures Posthouse on this machine, and its peers beside it.
#[derive(Debug, Parser)]
#[command(name = "posthouse-bench", version)]
struct Cli {
    #[command(flatten)]
    bench: Bench,
    #[command(subcommand)]
    command: Workload,
}

/// What all workloads share.
#[derive(Debug, Args)]
pub struct Bench {
    /// The Posthouse binary to measure.
    #[arg(long, global = true, default_value = "target/dist/posthouse")]
    pub posthouse: PathBuf,
    /// Where the servers keep their data: a folder on the disk to be measured.
    #[arg(long, global = true, default_value = "target/bench")]
    pub work_dir: PathBuf,
    /// Print one JSON line per workload instead of a table.
    #[arg(long, global = true)]
    pub json: bool,
}

impl Bench {
    /// Makes a fresh folder below the work folder, removed when dropped, that servers with users of their own can
    /// enter too.
    pub fn fresh_folder(&self, name: &str) -> Result<tempfile::TempDir> {
        use std::os::unix::fs::PermissionsExt;

        let work = self.work()?;
        let folder = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir_in(&work)?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        Ok(folder)
    }

    /// Returns the work folder's absolute path, making it first where needed.
    pub fn work(&self) -> Result<PathBuf> {
        std::fs::create_dir_all(&self.work_dir)?;
        self.work_dir
            .canonicalize()
            .with_context(|| format!("finding {}", self.work_dir.display()))
    }

    /// Returns the binary's path.
    pub fn binary(&self) -> &Path {
        &self.posthouse
    }

    fn report(&self, workload: &str, numbers: serde_json::Value) -> Result<Report> {
        Ok(Report::new(workload, &self.work()?, numbers))
    }
}

#[derive(Debug, Subcommand)]
enum Workload {
    /// Sends mail by SMTP or LMTP as a busy mail server does, and counts what is accepted
    Smtp(smtp_in::Options),
    /// Posthouse, Postfix with Dovecot, and Dovecot alone, one after the other under the same load
    Peers(peers::Options),
    /// Fills one mailbox by SMTP
    Fill(fill::Options),
    /// Lists 50 messages of a small and of a large mailbox over the API
    ApiList(api_list::Options),
    /// Everything an agent does with a mailbox, in a small and in a very large one, on both engines, beside Dovecot
    Mailbox(mailbox::Options),
    /// Creates accounts over the API
    Provision(provision::Options),
    /// From the receipt of a message to the arrival of its webhook
    Hook(hook::Options),
    /// From the queue to another mail server, with and without signatures, beside Postfix and beside a dead destination
    Outbound(outbound::Options),
    /// From the receipt of a message to the answer of the request that waits for it
    Wait(wait::Options),
    /// Resident memory of an idle server
    Idle(idle::Options),
    /// From the start of the process to its readiness, on an existing store
    Start(start::Options),
    /// What the disk can do at most
    Disk(disk::Options),
    /// Everything, in order, with the tables for docs/performance.md
    All(all::Options),
    /// Renders the tables from the JSON lines of an earlier run
    Render(render::Options),
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    stop::watch_signals()?;
    let bench = &cli.bench;
    let report = match &cli.command {
        Workload::Smtp(options) => smtp_in::run(bench, options)?,
        Workload::Peers(options) => peers::run(bench, options)?,
        Workload::Fill(options) => fill::run(bench, options)?,
        Workload::ApiList(options) => api_list::run(bench, options)?,
        Workload::Mailbox(options) => mailbox::run(bench, options)?,
        Workload::Provision(options) => provision::run(bench, options)?,
        Workload::Hook(options) => hook::run(bench, options)?,
        Workload::Outbound(options) => outbound::run(bench, options)?,
        Workload::Wait(options) => wait::run(bench, options)?,
        Workload::Idle(options) => idle::run(bench, options)?,
        Workload::Start(options) => start::run(bench, options)?,
        Workload::Disk(options) => disk::run(bench, options)?,
        Workload::All(options) => return all::run(bench, options),
        Workload::Render(options) => return render::run(options),
    };
    report.print(bench.json)
}
