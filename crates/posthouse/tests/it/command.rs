//! Runs the real binary with a clean environment and its own configuration directory.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::scripted::Scripted;

/// How a run ended.
pub struct Ended {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ended {
    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).expect("JSON on standard output")
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("ended by itself"),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// A command with nothing of this machine in its environment.
pub fn bare(arguments: &[&str], home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_posthouse"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("TZ", "UTC")
        .current_dir(home)
        .stdin(Stdio::null());
    command
}

/// Runs a client command against a scripted server.
pub fn run(server: &Scripted, arguments: &[&str]) -> Ended {
    let home = tempfile::tempdir().expect("temporary directory");
    bare(arguments, home.path())
        .env("POSTHOUSE_URL", &server.url)
        .env("POSTHOUSE_API_KEY", "phk_test")
        .output()
        .expect("run")
        .into()
}

/// Runs without a server in the environment.
pub fn run_in(home: &Path, arguments: &[&str]) -> Ended {
    bare(arguments, home).output().expect("run").into()
}

/// Runs with a line on standard input.
pub fn run_with_input(server: &Scripted, arguments: &[&str], input: &str) -> Ended {
    let home = tempfile::tempdir().expect("temporary directory");
    let mut child = bare(arguments, home.path())
        .env("POSTHOUSE_URL", &server.url)
        .env("POSTHOUSE_API_KEY", "phk_test")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("spawn");
    child
        .stdin
        .take()
        .expect("input")
        .write_all(input.as_bytes())
        .expect("write");
    child.wait_with_output().expect("wait").into()
}
