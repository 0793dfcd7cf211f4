//! Measuring: one request after the other over one connection, while the server's memory is watched.

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

/// Measures one kind of request.
pub fn operation(client: &mut Client, operation: &Operation, bound: Bound) -> Result<Value> {
    stop::check()?;
    let Operation {
        name,
        requests,
        is_once,
        finds,
    } = operation;
    ensure!(!requests.is_empty(), "{name}: nothing to ask");
    if *finds != Finds::Anything {
        let first = client.exchange(&requests[0])?;
        ensure!(first.is_success(), "{name}: {}", first.text());
        let body: Value = serde_json::from_slice(&first.body)?;
        let found = body["data"].as_array().map_or(0, Vec::len);
        ensure!(
            (found > 0) == (*finds == Finds::Something),
            "{name}: found {found}"
        );
    }
    let closes = Instant::now() + bound.time;
    if !is_once {
        for request in requests.iter().cycle().take(WARM_UP_REQUESTS) {
            client.exchange_discarding(request)?;
            if Instant::now() > closes {
                break;
            }
        }
    }
    let count = if *is_once {
        requests.len().min(bound.samples)
    } else {
        bound.samples
    };
    let mut latencies = Latencies::default();
    let closes = Instant::now() + bound.time;
    for request in requests.iter().cycle().take(count) {
        let begun = Instant::now();
        if begun > closes {
            break;
        }
        client.exchange_discarding(request)?;
        latencies.record(begun.elapsed());
    }
    Ok(row(name, &mut latencies))
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

/// Runs `work` and returns, beside its result, what the memory of process `id` was meanwhile.
pub fn watched<T>(id: u32, work: impl FnOnce() -> Result<T>) -> Result<(T, Value)> {
    let before = Memory::look(id)?;
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| -> Result<Memory> {
            let mut most = before;
            while !is_done.load(Ordering::Relaxed) {
                let now = Memory::look(id)?;
                most.anonymous = most.anonymous.max(now.anonymous);
                most.file = most.file.max(now.file);
                thread::sleep(LOOK_PAUSE);
            }
            Ok(most)
        });
        let worked = work();
        is_done.store(true, Ordering::Relaxed);
        let Ok(most) = watcher.join() else {
            bail!("the watcher panicked")
        };
        let (worked, most, after) = (worked?, most?, Memory::look(id)?);
        let memory = json!({
            "anonymous_mib_before": round(before.anonymous, 1),
            "anonymous_mib_most": round(most.anonymous, 1),
            "anonymous_mib_after": round(after.anonymous, 1),
            "file_mib_before": round(before.file, 1),
            "file_mib_most": round(most.file, 1),
            "file_mib_after": round(after.file, 1),
        });
        Ok((worked, memory))
    })
}
