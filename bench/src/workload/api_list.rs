//! `api-list`: the first page of a mailbox, full objects with bodies, by many clients at once.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::Bench;
use crate::latency::{Latencies, round};
use crate::limits::{CONNECTIONS_MAX, THREAD_STACK_BYTES, WINDOW_SECONDS_MAX};
use crate::report::Report;
use crate::server::posthouse::Posthouse;
use crate::server::process::own_cpu;
use crate::stop;
use crate::workload::fill;

/// Options of `api-list`.
#[derive(Debug, Args)]
pub struct Options {
    /// Mailbox sizes in messages
    #[arg(long, value_delimiter = ',', default_value = "1000,100000")]
    pub messages: Vec<u64>,
    /// Size of each message in bytes
    #[arg(long, default_value_t = 4096)]
    pub size: usize,
    /// Messages per page
    #[arg(long, default_value_t = 50)]
    pub limit: usize,
    /// Keep-alive connections
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=i64::from(CONNECTIONS_MAX)))]
    pub clients: u32,
    /// Measured seconds per mailbox
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=WINDOW_SECONDS_MAX))]
    pub seconds: u64,
    /// Unmeasured seconds before them
    #[arg(long, default_value_t = 2)]
    pub warm_up: u64,
    /// The data directory (default: `store` in the work folder); kept for a later run
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
}

/// Runs the workload.
pub fn run(bench: &Bench, options: &Options) -> Result<Report> {
    let data = fill::data_dir(bench, options.data_dir.as_deref())?;
    let server = Posthouse::start(bench.binary(), &data)?;
    let mut mailboxes = Vec::new();
    for messages in &options.messages {
        let name = if *messages == 100_000 {
            "large".to_owned()
        } else {
            format!("box{messages}")
        };
        mailboxes.push((
            *messages,
            fill::mailbox(&server, &name, *messages, options.size)?,
        ));
    }
    let mut rows = Vec::new();
    for (messages, account) in &mailboxes {
        stop::check()?;
        let path = format!("/v3/grants/{}/messages?limit={}", account.id, options.limit);
        rows.push(measure(&server, options, *messages, &path)?);
    }
    server.stop()?;
    bench.report("api-list", json!({ "rows": rows }))
}

fn measure(server: &Posthouse, options: &Options, messages: u64, path: &str) -> Result<Value> {
    let (server_before, client_before) = (server.process.cpu()?, own_cpu()?);
    let opens = Instant::now() + Duration::from_secs(options.warm_up);
    let closes = opens + Duration::from_secs(options.seconds);
    let mut clients = Vec::new();
    for _ in 0..options.clients {
        let mut client = server.client()?;
        // The first answer is read in full: what is counted later must be what was asked for.
        let first = client.get(path)?;
        ensure!(first.is_success(), "listing: {}", first.text());
        let body: Value = serde_json::from_slice(&first.body)?;
        let length = body["data"].as_array().map_or(0, Vec::len);
        ensure!(
            length == options.limit.min(messages as usize),
            "a page has {length} messages, not {}",
            options.limit
        );
        let request = client.get_request(path);
        let worker = thread::Builder::new().stack_size(THREAD_STACK_BYTES);
        clients.push(worker.spawn(move || -> Result<(Latencies, u64, u64)> {
            let (mut latencies, mut bytes, mut requests) = (Latencies::default(), 0, 0);
            loop {
                let begun = Instant::now();
                if begun >= closes || stop::asked() {
                    return Ok((latencies, bytes, requests));
                }
                let length = client.exchange_discarding(&request)?;
                requests += 1;
                let ended = Instant::now();
                if ended >= opens && ended < closes {
                    latencies.record(ended - begun);
                    bytes += length as u64;
                }
            }
        })?);
    }
    let (mut latencies, mut bytes, mut requests) = (Latencies::default(), 0, 0);
    for client in clients {
        let Ok(worked) = client.join() else {
            bail!("a client panicked")
        };
        let worked = worked?;
        latencies.absorb(worked.0);
        bytes += worked.1;
        requests += worked.2;
    }
    let server_cpu = server
        .process
        .cpu()?
        .saturating_sub(server_before)
        .as_secs_f64();
    let client_cpu = own_cpu()?.saturating_sub(client_before).as_secs_f64();
    let count = latencies.count();
    let mut row = json!({
        "messages": messages,
        "clients": options.clients,
        "requests_per_s": round(count as f64 / options.seconds as f64, 1),
    });
    if let (Some(row), Some(summary)) = (row.as_object_mut(), latencies.summary().as_object()) {
        row.extend(summary.clone());
        row.insert(
            "kib_per_answer".into(),
            json!(round(bytes as f64 / 1024.0 / count.max(1) as f64, 1)),
        );
        row.insert(
            "server_cpu_ms_per_request".into(),
            json!(round(server_cpu * 1000.0 / requests.max(1) as f64, 3)),
        );
        row.insert(
            "client_cpu_ms_per_request".into(),
            json!(round(client_cpu * 1000.0 / requests.max(1) as f64, 3)),
        );
    }
    Ok(row)
}
