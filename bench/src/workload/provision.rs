//! `provision`: accounts created over the API, each with its six folders and its event.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;

use crate::Bench;
use crate::latency::{Latencies, round};
use crate::limits::{CONNECTIONS_MAX, THREAD_STACK_BYTES, WINDOW_SECONDS_MAX};
use crate::report::Report;
use crate::server::posthouse::Posthouse;
use crate::stop;

/// Options of `provision`.
#[derive(Debug, Args)]
pub struct Options {
    /// Keep-alive connections
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=i64::from(CONNECTIONS_MAX)))]
    pub clients: u32,
    /// Measured seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=WINDOW_SECONDS_MAX))]
    pub seconds: u64,
}

/// Runs the workload.
pub fn run(bench: &Bench, options: &Options) -> Result<Report> {
    let folder = bench.fresh_folder("provision")?;
    let server = Arc::new(Posthouse::start(
        bench.binary(),
        &folder.path().join("data"),
    )?);
    let cpu_before = server.process.cpu()?;
    let numbers = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let ends = begun + Duration::from_secs(options.seconds);
    let mut clients = Vec::new();
    for _ in 0..options.clients {
        let (server, numbers) = (Arc::clone(&server), Arc::clone(&numbers));
        let worker = thread::Builder::new().stack_size(THREAD_STACK_BYTES);
        clients.push(worker.spawn(move || -> Result<Latencies> {
            let mut client = server.client()?;
            let mut latencies = Latencies::default();
            while Instant::now() < ends && !stop::asked() {
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                let asked = Instant::now();
                server.create_account(&mut client, &format!("agent{number}"))?;
                latencies.record(asked.elapsed());
            }
            Ok(latencies)
        })?);
    }
    let mut latencies = Latencies::default();
    for client in clients {
        let Ok(worked) = client.join() else {
            bail!("a client panicked")
        };
        latencies.absorb(worked?);
    }
    let elapsed = begun.elapsed();
    let cpu = server.process.cpu()?.saturating_sub(cpu_before);
    let created = latencies.count();
    let mut row = latencies.summary();
    if let Some(row) = row.as_object_mut() {
        row.insert("clients".into(), json!(options.clients));
        row.insert("created".into(), json!(created));
        row.insert(
            "created_per_s".into(),
            json!(round(created as f64 / elapsed.as_secs_f64(), 1)),
        );
        row.insert(
            "server_cpu_ms_per_account".into(),
            json!(round(cpu.as_secs_f64() * 1000.0 / created.max(1) as f64, 3)),
        );
    }
    if let Some(server) = Arc::into_inner(server) {
        server.stop()?;
    }
    bench.report("provision", row)
}
