//! `hook`: from the receipt of a message to the arrival of its webhook, at a steady rate.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::json;

use crate::Bench;
use crate::latency::{Latencies, round};
use crate::limits::{BODY_BYTES_MAX, HEAD_BYTES_MAX, THREAD_STACK_BYTES, WINDOW_SECONDS_MAX};
use crate::message::Writer;
use crate::report::Report;
use crate::server::posthouse::Posthouse;
use crate::smtp::client::{Dialect, Sent, Session};
use crate::stop;

/// Longest wait for the last webhooks.
const LAST_WAIT: Duration = Duration::from_secs(10);
const TAG: &str = "hook-tag-";

/// Options of `hook`.
#[derive(Debug, Args)]
pub struct Options {
    /// Messages a second
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub rate: u32,
    /// Seconds to send
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=WINDOW_SECONDS_MAX))]
    pub seconds: u64,
    /// SMTP sessions that share the rate
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub connections: u32,
    /// Size of each message in bytes
    #[arg(long, default_value_t = 4096)]
    pub size: usize,
}

/// When the webhook of each message, by its number, arrived for the first time.
type Arrivals = Arc<Mutex<HashMap<u64, Instant>>>;

/// A message as its sender saw it.
pub(super) struct Receipt {
    /// Which one.
    pub(super) number: u64,
    dot: Instant,
    /// When its 250 had arrived.
    pub(super) reply: Instant,
}

/// Runs the workload.
pub fn run(bench: &Bench, options: &Options) -> Result<Report> {
    let folder = bench.fresh_folder("hook")?;
    let server = Posthouse::start(bench.binary(), &folder.path().join("data"))?;
    let account = server.create_accounts("hooked", 1)?.remove(0);
    let arrivals = Arrivals::default();
    let receiver = start_receiver(Arc::clone(&arrivals))?;
    let answer = server.client()?.post(
        "/v3/webhooks",
        &json!({
            "trigger_types": ["message.created"],
            "webhook_url": format!("http://{receiver}/hook"),
            "description": "latency benchmark",
        }),
    )?;
    ensure!(
        answer.is_success(),
        "registering the webhook: {}",
        answer.text()
    );

    let begun = Instant::now();
    let receipts = send_all(options, server.smtp, &account.email)?;
    let sending = begun.elapsed();
    let wait_until = Instant::now() + LAST_WAIT;
    while arrivals.lock().expect("no holder panics").len() < receipts.len()
        && Instant::now() < wait_until
    {
        stop::check()?;
        thread::sleep(Duration::from_millis(10));
    }
    server.stop()?;

    let arrivals = arrivals.lock().expect("no holder panics");
    let (mut from_reply, mut from_dot, mut receipt) = (
        Latencies::default(),
        Latencies::default(),
        Latencies::default(),
    );
    for sent in &receipts {
        receipt.record(sent.reply - sent.dot);
        let Some(arrival) = arrivals.get(&sent.number) else {
            continue;
        };
        from_reply.record_micros(micros_between(sent.reply, *arrival));
        from_dot.record_micros(micros_between(sent.dot, *arrival));
    }
    bench.report(
        "hook",
        json!({
            "sent": receipts.len(),
            "sent_per_s": round(receipts.len() as f64 / sending.as_secs_f64(), 1),
            "arrived": from_reply.count(),
            "missing": receipts.len() - from_reply.count(),
            "from_250_p50_ms": round(from_reply.quantile_ms(0.5), 2),
            "from_250_p99_ms": round(from_reply.quantile_ms(0.99), 2),
            "from_dot_p50_ms": round(from_dot.quantile_ms(0.5), 2),
            "from_dot_p99_ms": round(from_dot.quantile_ms(0.99), 2),
            "dot_to_250_p50_ms": round(receipt.quantile_ms(0.5), 2),
        }),
    )
}

pub(super) fn micros_between(from: Instant, to: Instant) -> i64 {
    let signed = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    if to >= from {
        signed(to - from)
    } else {
        -signed(from - to)
    }
}

/// Sends at the wanted rate: session `n` of `k` sends the messages `n`, `n + k`, … each at its own time.
pub(super) fn send_all(options: &Options, address: SocketAddr, to: &str) -> Result<Vec<Receipt>> {
    let total = u64::from(options.rate) * options.seconds;
    let begun = Instant::now() + Duration::from_millis(200);
    let mut senders = Vec::new();
    for lane in 0..options.connections {
        let (to, size, rate, lanes) = (
            to.to_owned(),
            options.size,
            options.rate,
            options.connections,
        );
        let worker = thread::Builder::new().stack_size(THREAD_STACK_BYTES);
        senders.push(worker.spawn(move || -> Result<Vec<Receipt>> {
            let mut session = Session::open(address, Dialect::Smtp)?;
            let mut writer = Writer::new(lane);
            let (mut content, mut receipts) = (Vec::new(), Vec::new());
            for number in (u64::from(lane)..total).step_by(lanes as usize) {
                stop::sleep_until(begun + Duration::from_secs_f64(number as f64 / f64::from(rate)));
                stop::check()?;
                writer.compose(&to, size, Some(&format!("{TAG}{number}.")), &mut content);
                match session.send("bounces@sender.example", &to, &mut content)? {
                    Sent::Accepted { dot, reply } => receipts.push(Receipt { number, dot, reply }),
                    Sent::Refused(text) => bail!("refused: {}", text.trim_end()),
                }
            }
            session.quit()?;
            Ok(receipts)
        })?);
    }
    let mut receipts = Vec::new();
    for sender in senders {
        let Ok(sent) = sender.join() else {
            bail!("a sender panicked")
        };
        receipts.extend(sent?);
    }
    Ok(receipts)
}

/// Starts a webhook receiver: echoes the challenge, notes when each message's notification had fully arrived. Its
/// threads end with the program.
fn start_receiver(arrivals: Arrivals) -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    thread::Builder::new()
        .name("receiver".into())
        .spawn(move || {
            for stream in listener.incoming().flatten() {
                let arrivals = Arc::clone(&arrivals);
                // A broken connection is the server's to notice: it retries.
                let _ = thread::Builder::new().spawn(move || serve(stream, &arrivals));
            }
        })?;
    Ok(address)
}

fn serve(mut stream: TcpStream, arrivals: &Arrivals) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut unread = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut unread)? {
        let arrived = Instant::now();
        if let Some(number) = tag_number(&request.body) {
            arrivals
                .lock()
                .expect("no holder panics")
                .entry(number)
                .or_insert(arrived);
        }
        let challenge = challenge(&request.target).unwrap_or_default();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{challenge}",
            challenge.len()
        );
        stream.write_all(answer.as_bytes())?;
    }
    Ok(())
}

struct Request {
    target: String,
    body: Vec<u8>,
}

/// Reads the next request of a connection, `None` at its end.
fn read_request(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Result<Option<Request>> {
    let mut block = [0; 8192];
    let head_end = loop {
        if let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        ensure!(
            unread.len() < HEAD_BYTES_MAX,
            "the head of a request is too long"
        );
        let count = stream.read(&mut block)?;
        if count == 0 {
            return Ok(None);
        }
        unread.extend_from_slice(&block[..count]);
    };
    let head = String::from_utf8_lossy(&unread[..head_end]).into_owned();
    unread.drain(..head_end + 4);
    let mut lines = head.split("\r\n");
    let target = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .context("no request line")?
        .to_owned();
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    let length = length.unwrap_or(0);
    ensure!(
        length <= BODY_BYTES_MAX,
        "the body of a request is too long"
    );
    while unread.len() < length {
        let count = stream.read(&mut block)?;
        ensure!(count > 0, "the connection ended within a body");
        unread.extend_from_slice(&block[..count]);
    }
    let rest = unread.split_off(length);
    let body = std::mem::replace(unread, rest);
    Ok(Some(Request { target, body }))
}

fn challenge(target: &str) -> Option<&str> {
    let (_, query) = target.split_once('?')?;
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("challenge="))
}

/// Returns the number in a subject that [`send_all`] wrote.
pub(super) fn tag_number(body: &[u8]) -> Option<u64> {
    let at = body
        .windows(TAG.len())
        .position(|window| window == TAG.as_bytes())?;
    let digits: String = body[at + TAG.len()..]
        .iter()
        .map(|byte| char::from(*byte))
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenge_is_found_among_other_parameters() {
        assert_eq!(challenge("/hook?a=b&challenge=0190-x"), Some("0190-x"));
        assert_eq!(challenge("/hook"), None);
    }

    #[test]
    fn tag_is_read_from_a_notification() {
        assert_eq!(
            tag_number(br#"{"subject":"hook-tag-17. the of"}"#),
            Some(17)
        );
        assert_eq!(tag_number(b"{}"), None);
    }
}
