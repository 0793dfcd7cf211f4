//! Many sessions at once, for a time or for a count, and what came of it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::latency::Latencies;
use crate::limits::{
    CONNECTIONS_MAX, MESSAGE_BYTES_MAX, REFUSALS_IN_A_ROW_MAX, THREAD_STACK_BYTES,
};
use crate::message::Writer;
use crate::smtp::client::{Dialect, Sent, Session};
use crate::stop;

const SENDER: &str = "bounces@sender.example";

/// What to send, where, and until when.
#[derive(Debug, Clone)]
pub struct Load {
    /// The server.
    pub address: SocketAddr,
    /// Its protocol.
    pub dialect: Dialect,
    /// The mailboxes, taken in turn.
    pub recipients: Arc<[String]>,
    /// Sessions at once.
    pub connections: u32,
    /// Size of each message in bytes, header included.
    pub size: usize,
    /// Messages per session before it is closed and opened anew; `None` keeps it.
    pub per_connection: Option<u32>,
    /// When to end.
    pub until: Until,
}

/// The end of a run.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// Sends for `warm_up` unmeasured, then for `window` measured.
    Elapsed {
        /// Unmeasured time at the start.
        warm_up: Duration,
        /// Measured time.
        window: Duration,
    },
    /// Sends exactly this many messages; all are measured.
    Count(u64),
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// All messages answered `250`, warm-up included.
    pub accepted: u64,
    /// Those answered within the window.
    pub accepted_in_window: u64,
    /// Length of the window.
    pub window: Duration,
    /// From MAIL to the `250`, within the window.
    pub latencies: Latencies,
    /// Messages refused, and the first reason.
    pub refused: u64,
    /// The first refusal's text.
    pub first_refusal: Option<String>,
    /// What the observer saw at the start and at the end of the window.
    pub observed: (u64, u64),
}

impl Outcome {
    /// Returns accepted messages per second of the window.
    pub fn rate(&self) -> f64 {
        self.accepted_in_window as f64 / self.window.as_secs_f64().max(f64::EPSILON)
    }
}

struct Shared {
    load: Load,
    opens: Mutex<Option<(Instant, Instant)>>,
    left: AtomicI64,
    accepted: AtomicU64,
    failed: AtomicBool,
    ready: AtomicU64,
}

#[derive(Default)]
struct Worked {
    latencies: Latencies,
    refused: u64,
    first_refusal: Option<String>,
}

/// Runs the load to its end. `observe` is asked once when the window opens and once when it closes, for example
/// for the number of messages in the mailboxes.
///
/// Fails when sessions break or are refused again and again; a few of them are only counted.
pub fn run(load: &Load, mut observe: impl FnMut() -> Result<u64>) -> Result<Outcome> {
    ensure!(
        (1..=CONNECTIONS_MAX).contains(&load.connections),
        "connections must be 1 to {CONNECTIONS_MAX}"
    );
    ensure!(
        load.size <= MESSAGE_BYTES_MAX,
        "messages may be at most {MESSAGE_BYTES_MAX} bytes"
    );
    ensure!(!load.recipients.is_empty(), "no recipients");
    let count = match load.until {
        Until::Count(count) => i64::try_from(count)?,
        Until::Elapsed { .. } => i64::MAX,
    };
    let shared = Arc::new(Shared {
        load: load.clone(),
        opens: Mutex::new(None),
        left: AtomicI64::new(count),
        accepted: AtomicU64::new(0),
        failed: AtomicBool::new(false),
        ready: AtomicU64::new(0),
    });
    let mut workers = Vec::new();
    for number in 0..load.connections {
        let shared = Arc::clone(&shared);
        let worker = thread::Builder::new()
            .name(format!("smtp-{number}"))
            .stack_size(THREAD_STACK_BYTES);
        workers.push(worker.spawn(move || {
            let worked = work(number, &shared);
            if worked.is_err() {
                shared.failed.store(true, Ordering::Relaxed);
            }
            worked
        })?);
    }
    while shared.ready.load(Ordering::Relaxed) < u64::from(load.connections)
        && !shared.failed.load(Ordering::Relaxed)
    {
        thread::sleep(Duration::from_millis(1));
    }
    let begun = Instant::now();
    let (opens, closes) = match load.until {
        Until::Elapsed { warm_up, window } => (begun + warm_up, begun + warm_up + window),
        Until::Count(_) => (begun, begun + Duration::from_secs(24 * 3600)),
    };
    *shared.opens.lock().expect("no holder panics") = Some((opens, closes));
    let mut observed = (0, 0);
    if matches!(load.until, Until::Elapsed { .. }) {
        stop::sleep_until(opens);
        observed.0 = observe()?;
        stop::sleep_until(closes);
        observed.1 = observe()?;
    }
    let mut outcome = Outcome {
        observed,
        ..Outcome::default()
    };
    for worker in workers {
        let Ok(worked) = worker.join() else {
            bail!("a sender panicked")
        };
        let worked = worked?;
        outcome.accepted_in_window += worked.latencies.count() as u64;
        outcome.latencies.absorb(worked.latencies);
        outcome.refused += worked.refused;
        outcome.first_refusal = outcome.first_refusal.or(worked.first_refusal);
    }
    outcome.accepted = shared.accepted.load(Ordering::Relaxed);
    outcome.window = match load.until {
        Until::Elapsed { window, .. } => window,
        Until::Count(_) => begun.elapsed(),
    };
    stop::check()?;
    Ok(outcome)
}

fn work(number: u32, shared: &Shared) -> Result<Worked> {
    let load = &shared.load;
    let mut worked = Worked::default();
    let mut writer = Writer::new(number);
    let mut content = Vec::with_capacity(load.size + 8);
    let mut session = Some(Session::open(load.address, load.dialect).context("opening a session")?);
    shared.ready.fetch_add(1, Ordering::Relaxed);
    let (opens, closes) = wait_for_start(shared)?;
    let mut in_session = 0;
    let mut refusals_in_a_row = 0;
    let mut turn = number as usize;
    loop {
        if Instant::now() >= closes || stop::asked() || shared.failed.load(Ordering::Relaxed) {
            break;
        }
        if shared.left.fetch_sub(1, Ordering::Relaxed) <= 0 {
            break;
        }
        let current = match session.as_mut() {
            Some(current) => current,
            None => session.insert(Session::open(load.address, load.dialect)?),
        };
        let to = &load.recipients[turn % load.recipients.len()];
        turn += 1;
        writer.compose(to, load.size, None, &mut content);
        let begun = Instant::now();
        // A session that breaks is counted like a refusal: the run goes on, and the figure shows it.
        let sent = current
            .send(SENDER, to, &mut content)
            .unwrap_or_else(|error| Sent::Refused(format!("{error:#}")));
        match sent {
            Sent::Accepted { reply, .. } => {
                refusals_in_a_row = 0;
                in_session += 1;
                shared.accepted.fetch_add(1, Ordering::Relaxed);
                if reply >= opens && reply < closes {
                    worked.latencies.record(reply - begun);
                }
            }
            Sent::Refused(text) => {
                refusals_in_a_row += 1;
                ensure!(
                    refusals_in_a_row < REFUSALS_IN_A_ROW_MAX,
                    "the server keeps refusing: {}",
                    text.trim_end()
                );
                worked.refused += 1;
                worked.first_refusal.get_or_insert(text);
                shared.left.fetch_add(1, Ordering::Relaxed);
                session = None;
                in_session = 0;
            }
        }
        if load.per_connection.is_some_and(|most| in_session >= most) {
            if let Some(full) = session.take() {
                full.quit()?;
            }
            in_session = 0;
        }
    }
    if let Some(open) = session {
        open.quit()?;
    }
    Ok(worked)
}

fn wait_for_start(shared: &Shared) -> Result<(Instant, Instant)> {
    loop {
        if let Some(window) = *shared.opens.lock().expect("no holder panics") {
            return Ok(window);
        }
        if shared.failed.load(Ordering::Relaxed) {
            bail!("another sender failed");
        }
        thread::sleep(Duration::from_millis(1));
    }
}
