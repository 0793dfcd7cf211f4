//! `disk`: what the disk can do at most, so that the other figures can be judged.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use rusqlite::Connection;
use serde_json::json;

use crate::Bench;
use crate::latency::round;
use crate::limits::WINDOW_SECONDS_MAX;
use crate::report::Report;
use crate::stop;

/// Payload of one row: about a message's row without its text.
const ROW_BYTES: usize = 350;
/// Size of a block in the plain figures.
pub const BLOCK_BYTES: usize = 4096;
/// The larger of the message sizes the mail workloads send.
const LARGE_BYTES: usize = 50 * 1024;

/// Options of `disk`.
#[derive(Debug, Args)]
pub struct Options {
    /// Seconds for each figure
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=WINDOW_SECONDS_MAX))]
    pub seconds: u64,
}

/// Runs the workload.
pub fn run(bench: &Bench, options: &Options) -> Result<Report> {
    let folder = bench.fresh_folder("disk")?;
    let time = Duration::from_secs(options.seconds);
    let singles = sqlite_rows(&folder.path().join("single.db"), 1, time)?;
    let grouped = sqlite_rows(&folder.path().join("grouped.db"), 64, time)?;
    let appended = appends(&folder.path().join("appended"), BLOCK_BYTES, time)?;
    let large = appends(&folder.path().join("large"), LARGE_BYTES, time)?;
    let large_grouped = appends(&folder.path().join("large_grouped"), 16 * LARGE_BYTES, time)?;
    let overwritten = overwrites(&folder.path().join("overwritten"), time)?;
    let files = new_files(folder.path(), time)?;
    bench.report(
        "disk",
        json!({
            "sqlite_single_commits_per_s": round(singles, 0),
            "sqlite_rows_in_64s_per_s": round(grouped, 0),
            "append_fdatasync_per_s": round(appended, 0),
            "append_50_kib_fdatasync_per_s": round(large, 0),
            "append_50_kib_in_16s_fdatasync_per_s": round(large_grouped * 16.0, 0),
            "overwrite_fdatasync_per_s": round(overwritten, 0),
            "new_file_fsync_per_s": round(files, 0),
        }),
    )
}

/// Repeats `step` for the given time and returns how many times a second it ran.
fn rate(time: Duration, mut step: impl FnMut(u64) -> Result<()>) -> Result<f64> {
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < time {
        stop::check()?;
        step(count)?;
        count += 1;
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

/// Rows per second into a plain SQLite file, its write-ahead log synced at every commit of `group` rows.
fn sqlite_rows(path: &Path, group: u64, time: Duration) -> Result<f64> {
    let connection = Connection::open(path)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    ensure!(mode == "wal", "journal mode is {mode}");
    connection.execute_batch(
        "PRAGMA synchronous = FULL; CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    )?;
    let body = vec![0x5a; ROW_BYTES];
    let commits = rate(time, |commit| {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut insert =
            connection.prepare_cached("INSERT INTO rows (id, body) VALUES (?1, ?2)")?;
        for row in 0..group {
            let id = i64::try_from(commit * group + row)?;
            insert.execute((id, &body))?;
        }
        connection.execute_batch("COMMIT")?;
        Ok(())
    })?;
    Ok(commits * group as f64)
}

/// Returns how many blocks a second can be appended to a growing file, each synced.
pub fn appends(path: &Path, bytes: usize, time: Duration) -> Result<f64> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let block = vec![0x5a; bytes];
    rate(time, |_| {
        file.write_all(&block)?;
        Ok(file.sync_data()?)
    })
}

/// Blocks written over existing ones, each synced: no file system metadata changes.
fn overwrites(path: &Path, time: Duration) -> Result<f64> {
    const BLOCKS: u64 = 1024;
    let mut file = File::create(path)?;
    let block = [0x5a; BLOCK_BYTES];
    for _ in 0..BLOCKS {
        file.write_all(&block)?;
    }
    file.sync_all()?;
    rate(time, |count| {
        file.seek(SeekFrom::Start(count % BLOCKS * BLOCK_BYTES as u64))?;
        file.write_all(&block)?;
        Ok(file.sync_data()?)
    })
}

/// Files of one block made, synced, renamed, and their folder synced: what one Maildir delivery costs.
fn new_files(folder: &Path, time: Duration) -> Result<f64> {
    let folder = folder.join("files");
    fs::create_dir(&folder)?;
    let handle = File::open(&folder)?;
    let block = [0x5a; BLOCK_BYTES];
    rate(time, |count| {
        let temporary = folder.join("temporary");
        let mut file = File::create(&temporary)?;
        file.write_all(&block)?;
        file.sync_all()?;
        fs::rename(&temporary, folder.join(count.to_string()))?;
        Ok(handle.sync_all()?)
    })
}
