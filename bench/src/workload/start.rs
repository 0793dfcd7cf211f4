//! `start`: from the start of the process to its readiness, on an existing store.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::Bench;
use crate::latency::Latencies;
use crate::report::Report;
use crate::server::posthouse::Posthouse;
use crate::stop;
use crate::workload::fill;

/// Options of `start`.
#[derive(Debug, Args)]
pub struct Options {
    /// Messages the store should have
    #[arg(long, default_value_t = 100_000)]
    pub messages: u64,
    /// Starts to measure
    #[arg(long, default_value_t = 5)]
    pub starts: u32,
    /// The data directory (default: `store` in the work folder); kept for a later run
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
}

/// Runs the workload: after polite stops, and after kills, when the store has a log to recover.
pub fn run(bench: &Bench, options: &Options) -> Result<Report> {
    let data = fill::data_dir(bench, options.data_dir.as_deref())?;
    let server = Posthouse::start(bench.binary(), &data)?;
    fill::mailbox(&server, "large", options.messages, 4096)?;
    server.stop()?;
    let mut rows: Vec<Value> = Vec::new();
    for (after, kill) in [("stop", false), ("kill -9", true)] {
        let mut latencies = Latencies::default();
        for _ in 0..options.starts.max(1) {
            stop::check()?;
            if kill {
                // Mail just before the kill leaves something to recover.
                let mut server = Posthouse::start(bench.binary(), &data)?;
                let account = fill::mailbox(&server, "large", options.messages, 4096)?;
                let present =
                    server.messages(&mut server.client()?, std::slice::from_ref(&account))?;
                fill::mailbox(&server, "large", present + 500, 4096)?;
                server.process.kill()?;
            }
            let server = Posthouse::start(bench.binary(), &data)?;
            latencies.record(server.start_time);
            server.stop()?;
        }
        rows.push(json!({
            "after": after,
            "starts": latencies.count(),
            "ready_p50_ms": latencies.quantile_ms(0.5),
            "ready_max_ms": latencies.quantile_ms(1.0),
        }));
    }
    bench.report(
        "start",
        json!({ "messages": options.messages, "rows": rows }),
    )
}
