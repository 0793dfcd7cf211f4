//! `outbound`: from the queue to another mail server.
//!
//! Mail is queued first, by a server that delivers nothing; what is measured is the time from the start of delivery until
//! the queue is empty, against `smtp-sink`. Postfix does the same with the same sink. Then mail goes at a steady rate to a
//! sink that notes when it came, once alone and once with mail for a destination that is dead.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use posthouse_tests::dns::{NameServer, Zone};
use posthouse_tests::sink::{Manners, Sink};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::Bench;
use crate::http::Client;
use crate::latency::{Latencies, round};
use crate::limits::DRAIN_WAIT_MAX;
use crate::message::Writer;
use crate::report::Report;
use crate::server::free_port;
use crate::server::postfix::Postfix;
use crate::server::posthouse::{Account, Posthouse};
use crate::server::process::Process;
use crate::smtp::client::{Dialect, Sent, Session};
use crate::stop;

/// The domain that sends.
const OWN: &str = "bench.example";
/// The domain whose server is the sink.
const LIVING: &str = "shop.example";
/// The domain whose server does not answer.
const DEAD: &str = "dead.example";
/// How often the queue is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// What tells messages apart.
const TAG: &str = "outbound-tag-";

/// Options of `outbound`.
#[derive(Debug, Args)]
pub struct Options {
    /// Messages of each run from the queue
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub messages: u64,
    /// Size of each message in bytes
    #[arg(long, default_value_t = 4_096)]
    pub size: usize,
    /// Connections that fill the queue
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=64))]
    pub connections: u64,
    /// Messages a second beside a dead destination; 0 leaves that part out
    #[arg(long, default_value_t = 50)]
    pub rate: u64,
    /// Seconds of that part, for each of its two runs
    #[arg(long, default_value_t = 20)]
    pub seconds: u64,
    /// Leave Postfix out
    #[arg(long)]
    pub without_postfix: bool,
}

/// Runs the workload.
pub fn run(bench: &Bench, options: &Options) -> Result<Report> {
    let runtime = Runtime::new()?;
    let folder = bench.fresh_folder("outbound")?;
    let mut numbers = json!({"messages": options.messages, "size": options.size});
    for (name, signed) in [("plain", false), ("signed", true)] {
        let dns = runtime.block_on(NameServer::start(zone(Vec::new())));
        let place = folder.path().join(name);
        let rate = drain_posthouse(bench, options, &place, &dns, signed)?;
        numbers[format!("posthouse_{name}_per_s")] = round(rate, 1).into();
    }
    if !options.without_postfix {
        let rate = drain_postfix(options, &folder.path().join("postfix"))?;
        numbers["postfix_per_s"] = round(rate, 1).into();
    }
    if options.rate > 0 {
        for (name, beside_dead) in [("alone", false), ("beside_dead", true)] {
            let place = folder.path().join(name);
            let mut latencies = steady(bench, options, &place, &runtime, beside_dead)?;
            numbers[format!("{name}_p50_ms")] = round(latencies.quantile_ms(0.5), 2).into();
            numbers[format!("{name}_p99_ms")] = round(latencies.quantile_ms(0.99), 2).into();
            numbers[format!("{name}_arrived")] = latencies.count().into();
        }
    }
    bench.report("outbound", numbers)
}

/// What the name server knows: the far domains, and texts of the own one.
fn zone(texts: Vec<(String, String)>) -> Zone {
    let far = Zone::default()
        .mail_server(LIVING, 10, "mx.shop.example")
        .address("mx.shop.example", Ipv4Addr::LOCALHOST)
        .mail_server(DEAD, 10, "mx.dead.example")
        // Nobody listens there; connecting fails at once, as often as it is tried.
        .address("mx.dead.example", Ipv4Addr::new(127, 0, 0, 9));
    let texts = texts.iter();
    texts.fold(far, |zone, (name, text)| zone.text(name, text))
}

/// `smtp-sink` of Postfix's package.
fn start_sink(folder: &Path) -> Result<(Process, SocketAddr)> {
    fs::create_dir_all(folder)?;
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let mut command = Command::new("smtp-sink");
    // As shipped it may only change its user when it is root; without -u it stays what it is.
    command.args(["-u", "nobody"]);
    command.arg(address.to_string()).arg("256");
    let mut process = Process::start(command, &folder.join("sink.log"))?;
    process.wait_until(Duration::from_secs(10), || {
        Session::open(address, Dialect::Smtp).is_ok_and(|session| session.quit().is_ok())
    })?;
    Ok((process, address))
}

fn flags<'a>(dns: &'a str, port: &'a str, roles: &'a str) -> Vec<&'a str> {
    vec![
        "--outbound",
        "direct",
        "--mx-port",
        port,
        "--dns",
        dns,
        "--roles",
        roles,
        "--hostname",
        "mail.bench.example",
        "--public-ip",
        "127.0.0.77",
    ]
}

fn drain_posthouse(
    bench: &Bench,
    options: &Options,
    folder: &Path,
    dns: &NameServer,
    signed: bool,
) -> Result<f64> {
    let (mut sink, address) = start_sink(folder)?;
    let (dns_address, port) = (dns.address().to_string(), address.port().to_string());
    let data = folder.join("data");
    let filler = Posthouse::start_with(
        bench.binary(),
        &data,
        &flags(&dns_address, &port, "api,smtp"),
    )?;
    let account = account(&filler, dns, signed)?;
    fill_posthouse(&filler, &account, options)?;
    filler.stop()?;
    let begun = Instant::now();
    let server = Posthouse::start_with(
        bench.binary(),
        &data,
        &flags(&dns_address, &port, "api,smtp,delivery"),
    )?;
    let mut client = server.client()?;
    let deadline = begun + DRAIN_WAIT_MAX;
    loop {
        let queue = client.get("/v3/admin/queue?limit=1")?;
        let rows: Value = serde_json::from_slice(&queue.body)?;
        if rows["data"].as_array().is_some_and(Vec::is_empty) {
            break;
        }
        ensure!(
            Instant::now() < deadline,
            "the queue does not empty: {rows}"
        );
        stop::check()?;
        thread::sleep(LOOK);
    }
    let took = begun.elapsed();
    server.stop()?;
    sink.stop()?;
    Ok(options.messages as f64 / took.as_secs_f64())
}

/// Makes an account: on the trial domain, or on a domain with keys, whose records the name server then has.
fn account(server: &Posthouse, dns: &NameServer, signed: bool) -> Result<Account> {
    let mut client = server.client()?;
    if !signed {
        return server.create_account(&mut client, "sender");
    }
    let body = json!({"name": OWN, "domain_address": OWN});
    post(&mut client, "/v3/admin/domains", &body)?;
    let path = format!("/v3/admin/domains/{OWN}");
    let mut texts = vec![(OWN.to_owned(), "v=spf1 ip4:127.0.0.77 -all".to_owned())];
    for kind in ["ownership", "dkim"] {
        let info = post(&mut client, &format!("{path}/info"), &json!({"type": kind}))?;
        let records = info["data"]["attempt"]["options"]["records"].clone();
        for record in records.as_array().context("records of the domain")? {
            let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
            let name = match text("host").as_str() {
                "@" | "" => OWN.to_owned(),
                host => format!("{host}.{OWN}"),
            };
            texts.push((name, text("value")));
        }
    }
    dns.publish(zone(texts));
    for kind in ["ownership", "spf", "dkim"] {
        let verified = post(
            &mut client,
            &format!("{path}/verify"),
            &json!({"type": kind}),
        )?;
        ensure!(verified["data"]["status"] == "done", "{kind}: {verified}");
    }
    let email = format!("sender@{OWN}");
    let body = json!({"provider": "nylas", "settings": {"email": email}});
    let made = post(&mut client, "/v3/connect/custom", &body)?;
    let id = made["data"]["id"]
        .as_str()
        .context("the account's id")?
        .to_owned();
    Ok(Account { id, email })
}

fn post(client: &mut Client, path: &str, body: &Value) -> Result<Value> {
    let answer = client.post(path, body)?;
    ensure!(answer.is_success(), "{path}: {}", answer.text());
    Ok(serde_json::from_slice(&answer.body)?)
}

fn fill_posthouse(server: &Posthouse, account: &Account, options: &Options) -> Result<()> {
    thread::scope(|scope| {
        let fillers: Vec<_> = (0..options.connections)
            .map(|lane| {
                scope.spawn(move || -> Result<()> {
                    let mut client = server.client()?;
                    for number in (lane..options.messages).step_by(options.connections as usize) {
                        stop::check()?;
                        send(&mut client, account, LIVING, number, options.size)?;
                    }
                    Ok(())
                })
            })
            .collect();
        for filler in fillers {
            match filler.join() {
                Ok(outcome) => outcome?,
                Err(_) => bail!("a filler panicked"),
            }
        }
        Ok(())
    })
}

fn send(client: &mut Client, from: &Account, to: &str, number: u64, size: usize) -> Result<()> {
    let body = json!({
        "to": [{"email": format!("r{number}@{to}")}],
        "subject": format!("{TAG}{number}."),
        "body": "lorem ipsum ".repeat(size / 12),
        "is_plaintext": true,
    });
    let path = format!("/v3/grants/{}/messages/send", from.id);
    post(client, &path, &body).map(drop)
}

fn drain_postfix(options: &Options, folder: &Path) -> Result<f64> {
    let (mut sink, address) = start_sink(folder)?;
    let settings = [
        format!("relayhost = [{}]:{}", address.ip(), address.port()),
        "smtpd_relay_restrictions = permit_mynetworks, reject".to_owned(),
        "smtp_tls_security_level = none".to_owned(),
        "defer_transports = smtp, relay".to_owned(),
    ];
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let postfix = Postfix::start(folder, "postfix.example", &[], nobody, &settings)?;
    fill_postfix(&postfix, options)?;
    let config = folder.join("etc");
    let run = |program: &str, arguments: &[&str]| -> Result<()> {
        let status = Command::new(program)
            .arg("-c")
            .arg(&config)
            .args(arguments)
            .status()?;
        ensure!(status.success(), "{program} {arguments:?}: {status}");
        Ok(())
    };
    run("postconf", &["-e", "defer_transports="])?;
    let begun = Instant::now();
    run("postfix", &["reload"])?;
    run("postqueue", &["-f"])?;
    let deadline = begun + DRAIN_WAIT_MAX;
    while queued(folder)? > 0 {
        ensure!(Instant::now() < deadline, "Postfix's queue does not empty");
        stop::check()?;
        thread::sleep(LOOK);
    }
    let took = begun.elapsed();
    postfix.stop()?;
    sink.stop()?;
    Ok(options.messages as f64 / took.as_secs_f64())
}

fn fill_postfix(postfix: &Postfix, options: &Options) -> Result<()> {
    let mut session = Session::open(postfix.smtp, Dialect::Smtp)?;
    let mut writer = Writer::new(0);
    let mut content = Vec::new();
    for number in 0..options.messages {
        stop::check()?;
        let to = format!("r{number}@{LIVING}");
        writer.compose(&to, options.size, None, &mut content);
        match session.send("sender@bench.example", &to, &mut content)? {
            Sent::Accepted { .. } => {}
            Sent::Refused(text) => bail!("refused: {}", text.trim_end()),
        }
    }
    session.quit()
}

/// Counts the files of Postfix's queue.
fn queued(folder: &Path) -> Result<usize> {
    let mut count = 0;
    for queue in ["maildrop", "incoming", "active", "deferred"] {
        count += files(&folder.join("queue").join(queue))?;
    }
    Ok(count)
}

fn files(folder: &Path) -> Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(folder)?.flatten() {
        count += match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path()).unwrap_or(0),
            Ok(_) => 1,
            // It went while it was looked at.
            Err(_) => 0,
        };
    }
    Ok(count)
}

/// From the answer of the API to the arrival, at a steady rate; `beside_dead` sends as much to a dead destination.
fn steady(
    bench: &Bench,
    options: &Options,
    folder: &Path,
    runtime: &Runtime,
    beside_dead: bool,
) -> Result<Latencies> {
    fs::create_dir_all(folder)?;
    let dns = runtime.block_on(NameServer::start(zone(Vec::new())));
    let sink = runtime.block_on(Sink::start(Manners::default()));
    let (dns_address, port) = (dns.address().to_string(), sink.address().port().to_string());
    let data = folder.join("data");
    let server = Posthouse::start_with(
        bench.binary(),
        &data,
        &flags(&dns_address, &port, "api,smtp,delivery"),
    )?;
    let account = account(&server, &dns, false)?;
    let mut client = server.client()?;
    let total = options.rate * options.seconds;
    let begun = Instant::now();
    let mut sent_at = Vec::new();
    for number in 0..total {
        stop::sleep_until(begun + Duration::from_secs_f64(number as f64 / options.rate as f64));
        stop::check()?;
        if beside_dead {
            send(&mut client, &account, DEAD, number, options.size)?;
        }
        send(&mut client, &account, LIVING, number, options.size)?;
        sent_at.push(Instant::now());
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while sink.captured().len() < sent_at.len() && Instant::now() < deadline {
        thread::sleep(LOOK);
    }
    let mut latencies = Latencies::default();
    for captured in sink.captured() {
        let text = captured.text();
        let number = text
            .split(TAG)
            .nth(1)
            .and_then(|rest| rest.split('.').next());
        let number: usize = number
            .and_then(|digits| digits.parse().ok())
            .context("a tag")?;
        latencies.record(captured.at.saturating_duration_since(sent_at[number]));
    }
    server.stop()?;
    Ok(latencies)
}
