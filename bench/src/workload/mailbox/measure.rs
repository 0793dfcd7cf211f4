//! Measuring: one request after the other, in all mailboxes in turn, while the servers' memory is watched.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::operations::{Finds, Operation};
use crate::http::Client;
use crate::latency::{Latencies, round};
use crate::server::process::status_kib;
use crate::stop;

/// Time between two looks at the memory.
const LOOK_PAUSE: Duration = Duration::from_millis(100);
/// Requests of each kind before the measured ones, where they can be repeated.
const WARM_UP_REQUESTS: usize = 10;

/// How long one kind of request is measured.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// Requests at most.
    pub samples: usize,
    /// Time after which no further request is sent.
    pub time: Duration,
}

/// One kind of request, asked of one mailbox.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The connection to its server.
    pub client: &'a mut Client,
    /// What is asked.
    pub operation: &'a Operation,
}

impl Asked<'_> {
    /// Looks whether the first answer holds what it should, and repeats what can be repeated until all is warm.
    fn prepare(&mut self, bound: Bound) -> Result<()> {
        let Operation {
            name,
            requests,
            is_once,
            finds,
        } = self.operation;
        ensure!(!requests.is_empty(), "{name}: nothing to ask");
        if *finds != Finds::Anything {
            let first = self.client.exchange(&requests[0])?;
            ensure!(first.is_success(), "{name}: {}", first.text());
            let body: Value = serde_json::from_slice(&first.body)?;
            let found = body["data"].as_array().map_or(0, Vec::len);
            ensure!(
                (found > 0) == (*finds == Finds::Something),
                "{name}: found {found}"
            );
        }
        if *is_once {
            return Ok(());
        }
        let closes = Instant::now() + bound.time;
        for request in requests.iter().cycle().take(WARM_UP_REQUESTS) {
            self.client.exchange_discarding(request)?;
            if Instant::now() > closes {
                break;
            }
        }
        Ok(())
    }

    /// Returns how many requests are to be sent.
    fn count(&self, bound: Bound) -> usize {
        if self.operation.is_once {
            self.operation.requests.len().min(bound.samples)
        } else {
            bound.samples
        }
    }
}

/// Measures one kind of request in several mailboxes, one request of each in turn: what else the machine does meets all
/// of them alike. Each mailbox has its own time.
pub fn together(asked: &mut [Asked<'_>], bound: Bound) -> Result<Vec<Value>> {
    stop::check()?;
    for one in asked.iter_mut() {
        one.prepare(bound)?;
    }
    let mut latencies: Vec<Latencies> = asked.iter().map(|_| Latencies::default()).collect();
    let mut spent = vec![Duration::ZERO; asked.len()];
    let most = asked.iter().map(|one| one.count(bound)).max().unwrap_or(0);
    for number in 0..most {
        let each = asked.iter_mut().zip(&mut latencies).zip(&mut spent);
        for ((one, latencies), spent) in each {
            if number >= one.count(bound) || *spent > bound.time {
                continue;
            }
            let requests = &one.operation.requests;
            let begun = Instant::now();
            one.client
                .exchange_discarding(&requests[number % requests.len()])?;
            let took = begun.elapsed();
            latencies.record(took);
            *spent += took;
        }
    }
    let rows = asked.iter().zip(&mut latencies);
    Ok(rows
        .map(|(one, latencies)| row(one.operation.name, latencies))
        .collect())
}

/// Returns a row of the table.
pub fn row(name: &str, latencies: &mut Latencies) -> Value {
    let mut row = Map::new();
    row.insert("operation".into(), json!(name));
    row.insert("samples".into(), json!(latencies.count()));
    if let Some(summary) = latencies.summary().as_object() {
        row.extend(summary.clone());
    }
    Value::Object(row)
}

/// Resident memory of a process in MiB.
#[derive(Debug, Clone, Copy)]
struct Memory {
    anonymous: f64,
    file: f64,
}

impl Memory {
    fn look(id: u32) -> Result<Self> {
        let mib = |field| -> Result<f64> { Ok(status_kib(id, field)? as f64 / 1024.0) };
        Ok(Self {
            anonymous: mib("RssAnon")?,
            file: mib("RssFile")?,
        })
    }
}

/// Runs `work` and returns, beside its result, what the memory of each of the processes was meanwhile.
pub fn watched<T>(ids: &[u32], work: impl FnOnce() -> Result<T>) -> Result<(T, Vec<Value>)> {
    let look = || -> Result<Vec<Memory>> { ids.iter().map(|id| Memory::look(*id)).collect() };
    let before = look()?;
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| -> Result<Vec<Memory>> {
            let mut most = before.clone();
            while !is_done.load(Ordering::Relaxed) {
                for (most, now) in most.iter_mut().zip(look()?) {
                    most.anonymous = most.anonymous.max(now.anonymous);
                    most.file = most.file.max(now.file);
                }
                thread::sleep(LOOK_PAUSE);
            }
            Ok(most)
        });
        let worked = work();
        is_done.store(true, Ordering::Relaxed);
        let Ok(most) = watcher.join() else {
            bail!("the watcher panicked")
        };
        let (worked, most, after) = (worked?, most?, look()?);
        let each = before.iter().zip(&most).zip(&after);
        let memory = each.map(|((before, most), after)| {
            json!({
                "anonymous_mib_before": round(before.anonymous, 1),
                "anonymous_mib_most": round(most.anonymous, 1),
                "anonymous_mib_after": round(after.anonymous, 1),
                "file_mib_before": round(before.file, 1),
                "file_mib_most": round(most.file, 1),
                "file_mib_after": round(after.file, 1),
            })
        });
        Ok((worked, memory.collect()))
    })
}
