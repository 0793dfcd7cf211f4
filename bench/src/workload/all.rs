//! `all`: every workload in order; the JSON lines go to a file, the tables to the document.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};

use crate::Bench;
use crate::render;
use crate::report::Report;
use crate::stop;
use crate::workload::{api_list, disk, hook, idle, peers, provision, start};

/// Options of `all`.
#[derive(Debug, Args)]
pub struct Options {
    /// Where the JSON lines go (default: `results.jsonl` in the work folder)
    #[arg(long)]
    pub results: Option<PathBuf>,
    /// Document whose figures are replaced, for example docs/performance.md (default: tables on standard output)
    #[arg(long)]
    pub document: Option<PathBuf>,
    /// Seconds of each measured window of the mail and listing workloads
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
}

/// The steps of a full run, as a person would call them: each has its documented defaults.
#[derive(Debug, Parser)]
struct Step {
    #[command(subcommand)]
    workload: StepWorkload,
}

#[derive(Debug, Subcommand)]
enum StepWorkload {
    Disk(disk::Options),
    Peers(peers::Options),
    ApiList(api_list::Options),
    Provision(provision::Options),
    Hook(hook::Options),
    Idle(idle::Options),
    Start(start::Options),
}

/// Runs everything. A result is written as soon as it is there, so that an interrupted run keeps what it has.
pub fn run(bench: &Bench, options: &Options) -> Result<()> {
    let seconds = options.seconds.to_string();
    // The listing comes before what looks at its store.
    let steps: [&[&str]; 7] = [
        &["disk"],
        &["peers", "--seconds", &seconds],
        &["api-list", "--seconds", &seconds],
        &["provision"],
        &["hook"],
        &["idle"],
        &["start"],
    ];
    let results = match &options.results {
        Some(path) => path.clone(),
        None => bench.work()?.join("results.jsonl"),
    };
    let mut lines =
        fs::File::create(&results).with_context(|| format!("creating {}", results.display()))?;
    for step in steps {
        stop::check()?;
        let words = std::iter::once("posthouse-bench").chain(step.iter().copied());
        let report = run_step(bench, &Step::try_parse_from(words)?.workload)?;
        report.print(bench.json)?;
        writeln!(lines, "{}", serde_json::to_string(&report)?)?;
    }
    publish(&results, options.document.as_deref())
}

fn run_step(bench: &Bench, workload: &StepWorkload) -> Result<Report> {
    match workload {
        StepWorkload::Disk(options) => disk::run(bench, options),
        StepWorkload::Peers(options) => peers::run(bench, options),
        StepWorkload::ApiList(options) => api_list::run(bench, options),
        StepWorkload::Provision(options) => provision::run(bench, options),
        StepWorkload::Hook(options) => hook::run(bench, options),
        StepWorkload::Idle(options) => idle::run(bench, options),
        StepWorkload::Start(options) => start::run(bench, options),
    }
}

fn publish(results: &Path, document: Option<&Path>) -> Result<()> {
    render::run(&render::Options {
        results: vec![results.to_owned()],
        document: document.map(Path::to_owned),
    })
}
