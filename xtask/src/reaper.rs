//! Stops what the test command started, however the test command ends.
//!
//! A small process of its own reads from a pipe what was started and which directories are temporary. When the pipe closes - because the tests
//! are done, because someone pressed ctrl-c, because the test command was killed - it stops those processes by their ids and removes those
//! directories. It sits in its own process group, so that ctrl-c does not reach it.

use std::io::{BufRead, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Name of the hidden task that is the reaper's process.
pub const TASK: &str = "stop-when-orphaned";

/// How long a process may take to stop before it is killed.
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// How often a stopping process is looked at.
const STOP_POLL: Duration = Duration::from_millis(50);

/// The test command's end of the pipe.
pub struct Reaper {
    process: Child,
    pipe: Option<ChildStdin>,
}

impl Reaper {
    /// Starts the reaper's process.
    pub fn start() -> Result<Self> {
        let this_program = std::env::current_exe().context("cannot find xtask itself")?;
        let mut process = Command::new(this_program)
            .arg(TASK)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("cannot start the process that stops the others")?;
        let pipe = process.stdin.take();
        Ok(Self { process, pipe })
    }

    /// Has a process stopped at the end, with `INT`, which PostgreSQL takes as "roll back and shut down now".
    pub fn stops(&mut self, pid: u32) -> Result<()> {
        self.tell(&format!("process {pid}"))
    }

    /// Has a directory removed at the end, after the processes.
    pub fn removes(&mut self, directory: &Path) -> Result<()> {
        self.tell(&format!("directory {}", directory.display()))
    }

    fn tell(&mut self, line: &str) -> Result<()> {
        let pipe = self.pipe.as_mut().expect("the pipe closes only on drop");
        writeln!(pipe, "{line}").context("the process that stops the others is gone")
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        drop(self.pipe.take());
        if let Err(error) = self.process.wait() {
            eprintln!("xtask: cannot wait for what was started to stop: {error}");
        }
    }
}

/// The reaper's process: reads until the pipe closes, then stops and removes.
pub fn main() -> Result<()> {
    let mut pids = Vec::new();
    let mut directories = Vec::new();
    for line in std::io::stdin().lock().lines() {
        // A line that cannot be read must not keep the rest from being stopped.
        let Ok(line) = line else { break };
        match line.split_once(' ') {
            Some(("process", pid)) => pids.extend(pid.parse::<u32>()),
            Some(("directory", path)) => directories.push(PathBuf::from(path)),
            _ => {}
        }
    }
    for pid in &pids {
        signal(*pid, "INT");
    }
    for pid in &pids {
        wait_or_kill(*pid);
    }
    for directory in directories {
        if let Err(error) = std::fs::remove_dir_all(&directory) {
            eprintln!("xtask: cannot remove {}: {error}", directory.display());
        }
    }
    Ok(())
}

fn wait_or_kill(pid: u32) {
    let deadline = Instant::now() + STOP_DEADLINE;
    while is_running(pid) {
        if Instant::now() > deadline {
            signal(pid, "KILL");
            return;
        }
        std::thread::sleep(STOP_POLL);
    }
}

/// A process that ended but was not waited for (state `Z`) does not run.
fn is_running(pid: u32) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let state = status.rsplit(')').next().unwrap_or_default().trim_start();
    !state.starts_with('Z')
}

/// Sends a signal with the shell's own `kill`, which is there on the smallest system.
fn signal(pid: u32, name: &str) {
    let sent = Command::new("sh")
        .args([
            "-c",
            "kill -s \"$0\" \"$1\" 2>/dev/null",
            name,
            &pid.to_string(),
        ])
        .status();
    if let Err(error) = sent {
        eprintln!("xtask: cannot signal process {pid}: {error}");
    }
}
