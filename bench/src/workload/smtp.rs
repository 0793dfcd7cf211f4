//! `smtp`: how much mail one server accepts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value, json};

use crate::Bench;
use crate::latency::round;
use crate::limits::WINDOW_SECONDS_MAX;
use crate::report::Report;
use crate::server::posthouse::Posthouse;
use crate::server::process::own_cpu;
use crate::smtp::client::Dialect;
use crate::smtp::load::{self, Load, Outcome, Until};

/// Options of `smtp`.
#[derive(Debug, Args)]
pub struct Options {
    /// Sessions at once; several values make several runs
    #[arg(long, value_delimiter = ',', default_value = "1,8,32")]
    pub connections: Vec<u32>,
    /// Message sizes in bytes
    #[arg(long, value_delimiter = ',', default_value = "4096,51200")]
    pub sizes: Vec<usize>,
    /// Messages per session before it is opened anew (default: one session for the whole run)
    #[arg(long)]
    pub per_connection: Option<u32>,
    /// Measured seconds of each run
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=WINDOW_SECONDS_MAX))]
    pub seconds: u64,
    /// Unmeasured seconds before them
    #[arg(long, default_value_t = 2)]
    pub warm_up: u64,
    /// Mailboxes that take the mail in turn
    #[arg(long, default_value_t = 32)]
    pub mailboxes: u32,
    /// Load this running server instead of starting Posthouse (loopback only); needs --recipients
    #[arg(long, requires = "recipients")]
    pub to: Option<SocketAddr>,
    /// Speak LMTP to it
    #[arg(long, requires = "to")]
    pub lmtp: bool,
    /// Recipients there
    #[arg(long, value_delimiter = ',')]
    pub recipients: Vec<String>,
}

/// Runs the workload.
pub fn run(bench: &Bench, options: &Options) -> Result<Report> {
    let rows = match options.to {
        Some(address) => {
            let dialect = if options.lmtp {
                Dialect::Lmtp
            } else {
                Dialect::Smtp
            };
            measure(options, address, dialect, options.recipients.clone().into())?
        }
        None => {
            let folder = bench.fresh_folder("smtp")?;
            let server = Posthouse::start(bench.binary(), &folder.path().join("data"))?;
            let accounts = server.create_accounts("box", options.mailboxes)?;
            let recipients = accounts.into_iter().map(|account| account.email).collect();
            let rows = measure(options, server.smtp, Dialect::Smtp, recipients)?;
            server.stop()?;
            rows
        }
    };
    bench.report("smtp", json!({ "rows": rows }))
}

fn measure(
    options: &Options,
    address: SocketAddr,
    dialect: Dialect,
    recipients: Arc<[String]>,
) -> Result<Vec<Value>> {
    let mut rows = Vec::new();
    for size in &options.sizes {
        for connections in &options.connections {
            let load = Load {
                address,
                dialect,
                recipients: Arc::clone(&recipients),
                connections: *connections,
                size: *size,
                per_connection: options.per_connection,
                until: Until::Elapsed {
                    warm_up: Duration::from_secs(options.warm_up),
                    window: Duration::from_secs(options.seconds),
                },
            };
            let client_before = own_cpu()?;
            let outcome = load::run(&load, || Ok(0))?;
            let client_cpu = own_cpu()?.saturating_sub(client_before);
            rows.push(Value::Object(row(&load, outcome, client_cpu)));
        }
    }
    Ok(rows)
}

/// Returns the figures every SMTP run has.
pub fn row(load: &Load, mut outcome: Outcome, client_cpu: Duration) -> Map<String, Value> {
    let per_message = client_cpu.as_secs_f64() * 1000.0 / outcome.accepted.max(1) as f64;
    let mut row = Map::new();
    row.insert("connections".into(), json!(load.connections));
    row.insert("size_bytes".into(), json!(load.size));
    row.insert("accepted_per_s".into(), json!(round(outcome.rate(), 1)));
    row.extend(
        outcome
            .latencies
            .summary()
            .as_object()
            .cloned()
            .unwrap_or_default(),
    );
    row.insert("accepted".into(), json!(outcome.accepted));
    row.insert("refused".into(), json!(outcome.refused));
    if let Some(text) = outcome.first_refusal {
        row.insert("first_refusal".into(), json!(text.trim_end()));
    }
    row.insert(
        "client_cpu_ms_per_message".into(),
        json!(round(per_message, 3)),
    );
    row
}
