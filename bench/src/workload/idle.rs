//! `idle`: memory of a server that has nothing to do.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::Bench;
use crate::latency::round;
use crate::report::Report;
use crate::server::posthouse::Posthouse;
use crate::server::process::status_kib;
use crate::stop;
use crate::workload::fill;

/// Options of `idle`.
#[derive(Debug, Args)]
pub struct Options {
    /// Seconds to leave the server alone before looking
    #[arg(long, default_value_t = 5)]
    pub settle: u64,
    /// A data directory with mail in it (default: `store` in the work folder, where it exists)
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
}

/// Runs the workload: on an empty store, and on one with mail where there is one.
pub fn run(bench: &Bench, options: &Options) -> Result<Report> {
    let folder = bench.fresh_folder("idle")?;
    let mut rows = vec![measure(
        bench,
        options,
        "empty",
        &folder.path().join("data"),
    )?];
    let filled = fill::data_dir(bench, options.data_dir.as_deref())?;
    if filled.is_dir() {
        rows.push(measure(bench, options, "filled", &filled)?);
    }
    bench.report("idle", json!({ "rows": rows }))
}

fn measure(bench: &Bench, options: &Options, store: &str, data: &Path) -> Result<Value> {
    let server = Posthouse::start(bench.binary(), data)?;
    stop::sleep_until(Instant::now() + Duration::from_secs(options.settle));
    stop::check()?;
    let id = server.process.id();
    let mib = |field| -> Result<f64> { Ok(round(status_kib(id, field)? as f64 / 1024.0, 1)) };
    let row = json!({
        "store": store,
        "resident_mib": mib("VmRSS")?,
        "resident_anonymous_mib": mib("RssAnon")?,
        "resident_file_mib": mib("RssFile")?,
        "threads": status_kib(id, "Threads")?,
    });
    server.stop()?;
    Ok(row)
}
