//! `peers`: Posthouse, Postfix handing over to Dovecot's LMTP, and Dovecot's LMTP fed directly, under the same load
//! in one run. All sync before they answer.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::Bench;
use crate::latency::round;
use crate::limits::{DRAIN_WAIT_MAX, WINDOW_SECONDS_MAX};
use crate::report::Report;
use crate::server::dovecot::{self, Dovecot};
use crate::server::postfix::{self, Postfix};
use crate::server::posthouse::{Account, Posthouse};
use crate::server::process::{machine_cpu, own_cpu};
use crate::smtp::client::Dialect;
use crate::smtp::load::{self, Load, Until};
use crate::stop;
use crate::workload::{disk, smtp};

/// How long the disk alone is tried before each measurement: a shared disk is not always equally fast, and a figure
/// from a slow moment should be known as one.
const PROBE: Duration = Duration::from_millis(500);
const DOMAIN: &str = "bench.example";

/// Options of `peers`.
#[derive(Debug, Args, Clone)]
pub struct Options {
    /// Sessions at once
    #[arg(long, value_delimiter = ',', default_value = "1,8,32")]
    pub connections: Vec<u32>,
    /// Message sizes in bytes
    #[arg(long, value_delimiter = ',', default_value = "4096,51200")]
    pub sizes: Vec<usize>,
    /// Measured seconds of each run
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=WINDOW_SECONDS_MAX))]
    pub seconds: u64,
    /// Unmeasured seconds before them
    #[arg(long, default_value_t = 2)]
    pub warm_up: u64,
    /// Mailboxes that take the mail in turn, the same number on every server
    #[arg(long, default_value_t = 32)]
    pub mailboxes: u32,
    /// Which servers to measure
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "posthouse,postfix,dovecot"
    )]
    pub targets: Vec<Target>,
    /// Further lines for Postfix's main.cf, for example `in_flow_delay=0`
    #[arg(long, value_name = "NAME=VALUE")]
    pub postfix_set: Vec<String>,
}

/// A server or chain of servers to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// Posthouse by SMTP.
    Posthouse,
    /// Postfix by SMTP, which hands over to Dovecot by LMTP.
    Postfix,
    /// Dovecot by LMTP.
    Dovecot,
}

/// A started target.
trait Contender {
    fn name(&self) -> &'static str;
    fn address(&self) -> SocketAddr;
    fn dialect(&self) -> Dialect;
    fn recipients(&self) -> Arc<[String]>;
    /// Processor time of all its processes so far.
    fn cpu(&self) -> Result<Duration>;
    /// Messages in its mailboxes.
    fn delivered(&mut self) -> Result<u64>;
}

struct PosthouseAlone {
    server: Posthouse,
    accounts: Vec<Account>,
}

impl Contender for PosthouseAlone {
    fn name(&self) -> &'static str {
        "posthouse"
    }
    fn address(&self) -> SocketAddr {
        self.server.smtp
    }
    fn dialect(&self) -> Dialect {
        Dialect::Smtp
    }
    fn recipients(&self) -> Arc<[String]> {
        self.accounts
            .iter()
            .map(|account| account.email.clone())
            .collect()
    }
    fn cpu(&self) -> Result<Duration> {
        self.server.process.cpu()
    }
    fn delivered(&mut self) -> Result<u64> {
        // A connection kept from the last time may have been closed as idle.
        self.server
            .messages(&mut self.server.client()?, &self.accounts)
    }
}

struct PostfixToDovecot<'a> {
    postfix: &'a Postfix,
    dovecot: &'a Dovecot,
    boxes: Arc<[String]>,
}

impl Contender for PostfixToDovecot<'_> {
    fn name(&self) -> &'static str {
        "postfix+dovecot"
    }
    fn address(&self) -> SocketAddr {
        self.postfix.smtp
    }
    fn dialect(&self) -> Dialect {
        Dialect::Smtp
    }
    fn recipients(&self) -> Arc<[String]> {
        Arc::clone(&self.boxes)
    }
    fn cpu(&self) -> Result<Duration> {
        Ok(self.postfix.process.cpu()? + self.dovecot.process.cpu()?)
    }
    fn delivered(&mut self) -> Result<u64> {
        self.dovecot.messages()
    }
}

struct DovecotAlone<'a> {
    dovecot: &'a Dovecot,
    boxes: Arc<[String]>,
}

impl Contender for DovecotAlone<'_> {
    fn name(&self) -> &'static str {
        "dovecot-lmtp"
    }
    fn address(&self) -> SocketAddr {
        self.dovecot.lmtp
    }
    fn dialect(&self) -> Dialect {
        Dialect::Lmtp
    }
    fn recipients(&self) -> Arc<[String]> {
        Arc::clone(&self.boxes)
    }
    fn cpu(&self) -> Result<Duration> {
        self.dovecot.process.cpu()
    }
    fn delivered(&mut self) -> Result<u64> {
        self.dovecot.messages()
    }
}

/// Runs the workload.
pub fn run(bench: &Bench, options: &Options) -> Result<Report> {
    let folder = bench.fresh_folder("peers")?;
    let wanted = |target| options.targets.contains(&target);
    let boxes: Arc<[String]> = (0..options.mailboxes)
        .map(|number| format!("box{number:02}@{DOMAIN}"))
        .collect();
    // Each chain has a Dovecot of its own, so that no backlog of one falls into the other's window.
    let start_dovecot = |name: &str| Dovecot::start(&made(folder.path(), name)?);
    let behind = wanted(Target::Postfix)
        .then(|| start_dovecot("behind"))
        .transpose()?;
    let postfix = match &behind {
        Some(dovecot) => {
            let folder = made(folder.path(), "postfix")?;
            Some(Postfix::start(
                &folder,
                DOMAIN,
                &boxes,
                dovecot.lmtp,
                &options.postfix_set,
            )?)
        }
        None => None,
    };
    let alone = wanted(Target::Dovecot)
        .then(|| start_dovecot("alone"))
        .transpose()?;

    let mut contenders: Vec<Box<dyn Contender + '_>> = Vec::new();
    if wanted(Target::Posthouse) {
        let server = Posthouse::start(bench.binary(), &folder.path().join("posthouse"))?;
        let accounts = server.create_accounts("box", options.mailboxes)?;
        contenders.push(Box::new(PosthouseAlone { server, accounts }));
    }
    if let (Some(postfix), Some(dovecot)) = (&postfix, &behind) {
        contenders.push(Box::new(PostfixToDovecot {
            postfix,
            dovecot,
            boxes: Arc::clone(&boxes),
        }));
    }
    if let Some(dovecot) = &alone {
        contenders.push(Box::new(DovecotAlone {
            dovecot,
            boxes: Arc::clone(&boxes),
        }));
    }

    let mut rows = Vec::new();
    for size in &options.sizes {
        for connections in &options.connections {
            for contender in &mut contenders {
                stop::check()?;
                // What the previous contender left in the page cache is written now, not during this one's window.
                let _ = Command::new("sync").status();
                let syncs = disk::appends(&folder.path().join("probe"), disk::BLOCK_BYTES, PROBE)?;
                let mut row = measure(contender.as_mut(), options, *connections, *size)?;
                row.insert("disk_syncs_per_s_before".into(), json!(round(syncs, 0)));
                rows.push(Value::Object(row));
            }
        }
    }
    drop(contenders);
    if let Some(postfix) = postfix {
        postfix.stop()?;
    }
    for dovecot in behind.into_iter().chain(alone) {
        dovecot.stop()?;
    }
    let versions = versions(options)?;
    bench.report(
        "peers",
        json!({ "rows": rows, "versions": versions, "postfix_set": options.postfix_set }),
    )
}

fn versions(options: &Options) -> Result<Value> {
    if options.targets == [Target::Posthouse] {
        return Ok(json!({}));
    }
    Ok(json!({ "postfix": postfix::version()?, "dovecot": dovecot::version()? }))
}

fn made(folder: &Path, name: &str) -> Result<std::path::PathBuf> {
    let made = folder.join(name);
    std::fs::create_dir_all(&made)?;
    Ok(made)
}

/// Loads one contender, then waits until all it accepted is in the mailboxes. The processor time is that of the
/// whole of it, warm-up and draining included, per accepted message: a backlog is work not yet done, not saved.
fn measure(
    contender: &mut dyn Contender,
    options: &Options,
    connections: u32,
    size: usize,
) -> Result<Map<String, Value>> {
    let load = Load {
        address: contender.address(),
        dialect: contender.dialect(),
        recipients: contender.recipients(),
        connections,
        size,
        per_connection: None,
        until: Until::Elapsed {
            warm_up: Duration::from_secs(options.warm_up),
            window: Duration::from_secs(options.seconds),
        },
    };
    let delivered_before = contender.delivered()?;
    let (begun, machine_before, client_before) = (Instant::now(), machine_cpu()?, own_cpu()?);
    let server_before = contender.cpu()?;
    let outcome = load::run(&load, || contender.delivered())?;
    let client_cpu = own_cpu()?.saturating_sub(client_before);
    let sent = Instant::now();
    while contender.delivered()? < delivered_before + outcome.accepted {
        ensure!(
            sent.elapsed() < DRAIN_WAIT_MAX,
            "{} lost mail or is too slow to deliver it",
            contender.name()
        );
        stop::check()?;
        thread::sleep(Duration::from_millis(100));
    }
    let drain = sent.elapsed();
    let server_cpu = contender.cpu()?.saturating_sub(server_before);
    let own = own_cpu()?.saturating_sub(client_before);
    let elsewhere = machine_cpu()?
        .saturating_sub(machine_before)
        .saturating_sub(server_cpu)
        .saturating_sub(own);
    let accepted = outcome.accepted;
    let in_window = (outcome.observed.1 - outcome.observed.0) as f64 / outcome.window.as_secs_f64();
    let in_all = accepted as f64 / (sent.duration_since(begun) + drain).as_secs_f64();

    let mut row = Map::new();
    row.insert("server".into(), json!(contender.name()));
    row.extend(smtp::row(&load, outcome, client_cpu));
    row.insert("delivered_per_s".into(), json!(round(in_window, 1)));
    row.insert("delivered_with_drain_per_s".into(), json!(round(in_all, 1)));
    row.insert("drain_s".into(), json!(round(drain.as_secs_f64(), 2)));
    let cpu_per_message = server_cpu.as_secs_f64() * 1000.0 / accepted.max(1) as f64;
    row.insert(
        "server_cpu_ms_per_message".into(),
        json!(round(cpu_per_message, 3)),
    );
    row.insert(
        "elsewhere_cpu_share".into(),
        json!(round(
            elsewhere.as_secs_f64() / begun.elapsed().as_secs_f64(),
            2
        )),
    );
    Ok(row)
}
