//! A process this program owns: measured with all its children, ended by id.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::limits::STOP_WAIT_MAX;

/// Clock ticks per second in `/proc/PID/stat`: fixed at 100 for user space on every Linux architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with its output in `log`.
    pub fn start(mut command: Command, log: &Path) -> Result<Self> {
        let output = File::create(log).with_context(|| format!("creating {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("starting {}", command.get_program().display()))?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails with the end of its log when the process has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the server ended with {status}:\n{}", self.log_end());
        }
        Ok(())
    }

    /// Polls `ready` until it holds, the process ends or `longest` has passed.
    pub fn wait_until(&mut self, longest: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
        let begun = Instant::now();
        while !ready() {
            self.check()?;
            if begun.elapsed() > longest {
                bail!(
                    "the server was not ready after {longest:?}:\n{}",
                    self.log_end()
                );
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Returns the processor time (user and system) that this process and all its children, running or ended,
    /// have used so far.
    pub fn cpu(&self) -> Result<Duration> {
        let ticks = tree_ticks(self.id())?;
        Ok(Duration::from_secs_f64(ticks as f64 / TICKS_PER_SECOND))
    }

    /// Asks the process to end (SIGTERM) and waits; after `STOP_WAIT_MAX` kills it.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.signal("TERM");
        let begun = Instant::now();
        while begun.elapsed() < STOP_WAIT_MAX {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.kill()
    }

    /// Kills the process (SIGKILL) and waits.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.child.kill()?;
        Ok(self.child.wait()?)
    }

    fn signal(&self, name: &str) {
        // The standard library can only kill; asking politely takes the `kill` command.
        let _ = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.id().to_string())
            .stderr(Stdio::null())
            .status();
    }

    fn log_end(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.stop();
        }
    }
}

/// One line of `/proc/PID/stat`.
struct Stat {
    id: u32,
    parent: u32,
    ticks: u64,
}

/// Adds up the ticks of the process and its descendants. A child that has ended is in its parent's `cutime` and
/// `cstime`, so nothing is lost when workers come and go, as long as each is waited for.
fn tree_ticks(root: u32) -> Result<u64> {
    let mut stats = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end between the listing and the reading.
        let Ok(text) = fs::read_to_string(format!("/proc/{id}/stat")) else {
            continue;
        };
        stats.extend(parse_stat(id, &text));
    }
    let mut tree = vec![root];
    let mut next = 0;
    while next < tree.len() {
        let parent = tree[next];
        tree.extend(
            stats
                .iter()
                .filter(|stat| stat.parent == parent)
                .map(|stat| stat.id),
        );
        next += 1;
    }
    Ok(stats
        .iter()
        .filter(|stat| tree.contains(&stat.id))
        .map(|stat| stat.ticks)
        .sum())
}

fn parse_stat(id: u32, text: &str) -> Option<Stat> {
    // proc(5): the name in parentheses may hold spaces and parentheses itself, so fields are counted from the last one.
    let fields: Vec<&str> = text.get(text.rfind(')')? + 2..)?.split(' ').collect();
    let parent = fields.get(1)?.parse().ok()?;
    let mut ticks = 0;
    for field in fields.get(11..15)? {
        ticks += field.trim().parse::<u64>().ok()?;
    }
    Some(Stat { id, parent, ticks })
}

/// Returns the processor time of this program itself.
pub fn own_cpu() -> Result<Duration> {
    let text = fs::read_to_string("/proc/self/stat")?;
    let stat = parse_stat(std::process::id(), &text).context("reading /proc/self/stat")?;
    Ok(Duration::from_secs_f64(
        stat.ticks as f64 / TICKS_PER_SECOND,
    ))
}

/// Returns the processor time spent by everything on the machine, idle and waiting time left out.
pub fn machine_cpu() -> Result<Duration> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().context("reading /proc/stat")?;
    let fields: Vec<u64> = line
        .split_ascii_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    // user nice system [idle iowait] irq softirq
    let busy: u64 = [0, 1, 2, 5, 6]
        .iter()
        .filter_map(|index| fields.get(*index))
        .sum();
    Ok(Duration::from_secs_f64(busy as f64 / TICKS_PER_SECOND))
}

/// Returns a value of `/proc/PID/status` in KiB, for example `VmRSS`.
pub fn status_kib(id: u32, field: &str) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let value = line.and_then(|line| line.split_ascii_whitespace().next());
    value
        .and_then(|value| value.parse().ok())
        .with_context(|| format!("no {field} in /proc/{id}/status"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_of_a_process_with_a_strange_name_is_read() {
        let text = "7 (a) b (c) S 3 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 5 6";
        let stat = parse_stat(7, text).unwrap();
        assert_eq!((stat.parent, stat.ticks), (3, 100));
    }

    #[test]
    fn processor_time_of_an_ended_grandchild_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let done = folder.path().join("done");
        let mut command = Command::new("sh");
        // The inner shell burns some time and ends; the outer one stays.
        command.arg("-c").arg(format!(
            "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; touch {}; read line </dev/zero",
            done.display()
        ));
        let mut process = Process::start(command, &folder.path().join("log")).unwrap();
        process
            .wait_until(Duration::from_secs(60), || done.exists())
            .unwrap();
        assert!(process.cpu().unwrap() >= Duration::from_millis(20));
        process.kill().unwrap();
    }
}
