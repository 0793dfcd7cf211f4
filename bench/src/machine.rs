//! What the figures were measured on.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The machine of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// How many of them there are.
    pub cores: usize,
    /// Main memory in MiB.
    pub memory_mib: u64,
    /// The kernel's name and version.
    pub kernel: String,
    /// The file system below the data directories.
    pub file_system: String,
}

impl Machine {
    /// Looks at this machine; `folder` is where the servers keep their data.
    pub fn look(folder: &Path) -> Self {
        let cpu = first_value("/proc/cpuinfo", "model name")
            .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        let memory = first_value("/proc/meminfo", "MemTotal")
            .and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            cpu,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: memory.unwrap_or(0) / 1024,
            kernel: format!("Linux {}", release.trim()),
            file_system: said(Command::new("df").arg("--output=fstype").arg(folder))
                .trim_start_matches("Type")
                .trim()
                .to_owned(),
        }
    }
}

/// Returns the checked-out commit, with `+` when tracked files differ from it.
pub fn commit() -> String {
    let commit = said(Command::new("git").args(["rev-parse", "--short=12", "HEAD"]));
    let changed = said(Command::new("git").args(["status", "--porcelain", "--untracked-files=no"]));
    if changed.is_empty() || changed == "unknown" {
        commit
    } else {
        format!("{commit}+")
    }
}

/// Returns today's date (UTC).
pub fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

fn said(command: &mut Command) -> String {
    match command.output() {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => "unknown".to_owned(),
    }
}

fn first_value(path: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim().to_owned())
    })
}
