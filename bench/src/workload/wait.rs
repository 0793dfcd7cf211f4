//! `wait`: from the receipt of a message to the answer of the request that waits for it, at a steady rate.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use super::hook::{self, Receipt, micros_between, send_all, tag_number};
use crate::Bench;
use crate::http::Client;
use crate::latency::{Latencies, round};
use crate::limits::{THREAD_STACK_BYTES, WINDOW_SECONDS_MAX};
use crate::report::Report;
use crate::server::posthouse::Posthouse;
use crate::stop;

/// Options of `wait`.
#[derive(Debug, Args)]
pub struct Options {
    /// Messages a second
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rate: u32,
    /// Seconds to send
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=WINDOW_SECONDS_MAX))]
    pub seconds: u64,
    /// Requests that wait at the same time, each for every message
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub waiting: u32,
    /// Size of each message in bytes
    #[arg(long, default_value_t = 4096)]
    pub size: usize,
    /// Further parameters of the request, for example `from=bounces@sender.example`
    #[arg(long, default_value = "")]
    pub filters: String,
}

/// When the answer with each message, by its number, had arrived.
type Arrivals = HashMap<u64, Instant>;

/// Runs the workload.
pub fn run(bench: &Bench, options: &Options) -> Result<Report> {
    let folder = bench.fresh_folder("wait")?;
    let server = Posthouse::start(bench.binary(), &folder.path().join("data"))?;
    let account = server.create_accounts("waiting", 1)?.remove(0);
    let total = u64::from(options.rate) * options.seconds;
    let begun = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let base = format!(
        "/v3/grants/{}/messages/wait?timeout=5&select=id,subject&{}",
        account.id, options.filters
    );
    let mut waiting = Vec::new();
    for _ in 0..options.waiting {
        let (client, base) = (server.client()?, base.clone());
        let worker = thread::Builder::new().stack_size(THREAD_STACK_BYTES);
        waiting.push(worker.spawn(move || wait_for_all(client, &base, begun, total))?);
    }
    let pace = hook::Options {
        rate: options.rate,
        seconds: options.seconds,
        connections: 1,
        size: options.size,
    };
    let receipts = send_all(&pace, server.smtp, &account.email)?;
    let mut latencies = Latencies::default();
    let mut missing = 0;
    for waiter in waiting {
        let Ok(arrivals) = waiter.join() else {
            bail!("a waiting thread panicked")
        };
        missing += record(&receipts, &arrivals?, &mut latencies);
    }
    server.stop()?;
    bench.report(
        "wait",
        json!({
            "waiting": options.waiting,
            "filters": options.filters,
            "sent": receipts.len(),
            "answered": latencies.count(),
            "missing": missing,
            "from_250_p50_ms": round(latencies.quantile_ms(0.5), 2),
            "from_250_p99_ms": round(latencies.quantile_ms(0.99), 2),
            "from_250_max_ms": round(latencies.quantile_ms(1.0), 2),
        }),
    )
}

/// Waits on and on, each time behind the last message, until all have come or none comes any more.
fn wait_for_all(mut client: Client, base: &str, begun: u64, total: u64) -> Result<Arrivals> {
    let mut arrivals = Arrivals::new();
    let mut since = begun.to_string();
    let mut patience = Instant::now() + Duration::from_secs(10);
    while (arrivals.len() as u64) < total && Instant::now() < patience {
        stop::check()?;
        let answer = client.get(&format!("{base}&since={since}"))?;
        let arrived = Instant::now();
        ensure!(answer.is_success(), "waiting: {}", answer.text());
        let body: Value = serde_json::from_slice(&answer.body)?;
        since = body["next_since"]
            .as_str()
            .context("no next_since")?
            .to_owned();
        if let Some(number) = tag_number(&answer.body) {
            arrivals.insert(number, arrived);
            patience = arrived + Duration::from_secs(10);
        }
    }
    Ok(arrivals)
}

/// Notes how long each message took; returns how many never came.
fn record(receipts: &[Receipt], arrivals: &Arrivals, latencies: &mut Latencies) -> usize {
    let mut missing = 0;
    for receipt in receipts {
        match arrivals.get(&receipt.number) {
            Some(arrived) => latencies.record_micros(micros_between(receipt.reply, *arrived)),
            None => missing += 1,
        }
    }
    missing
}
