//! Programs that `cargo xtask test` installed: the official SDKs, and mail programs as peers.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::server::binary;

/// What a script printed before it ended well.
#[derive(Debug)]
pub struct ScriptOutput {
    /// Standard output.
    pub stdout: String,
}

/// Says loudly that a test did not run for want of something.
///
/// # Panics
/// Where `CI` is set: there everything runs.
pub fn skipped(reason: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "a test cannot run: {reason}"
    );
    // Past the capture of test output, which would hide it.
    let note = format!("######## SKIPPED: {reason}; `cargo xtask test` runs this test ########\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), note.as_bytes());
}

/// Returns the Python of the environment that holds the official SDK.
pub fn python() -> Option<PathBuf> {
    installed("python/bin/python", "the Python SDK is not installed")
}

/// Returns the program that calls every operation of an OpenAPI document.
pub fn schemathesis() -> Option<PathBuf> {
    installed("python/bin/schemathesis", "Schemathesis is not installed")
}

/// Returns the directory in which Node finds the official SDK.
pub fn node_modules() -> Option<PathBuf> {
    installed("node/node_modules", "the Node SDK is not installed")
}

/// Returns a program of the system by its name, also from the directories that a plain user's search path lacks.
pub fn program(name: &str) -> Option<PathBuf> {
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&search_path)
        .chain(["/usr/sbin", "/sbin", "/usr/bin"].map(PathBuf::from));
    let found = directories
        .map(|directory| directory.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        skipped(&format!("{name} is not installed"));
    }
    found
}

/// Returns a file below `tests/` in the source tree.
pub fn source_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs a program to its end.
///
/// # Panics
/// When it fails; the message shows what it printed.
pub async fn run_to_success(command: &mut Command) -> ScriptOutput {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = command
        .output()
        .await
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}\n{}\nstdout:\n{stdout}\nstderr:\n{stderr}",
        output.status
    );
    ScriptOutput { stdout }
}

fn installed(path: &str, otherwise: &str) -> Option<PathBuf> {
    let binary = binary();
    let target = binary.ancestors().nth(2).expect("target/debug/posthouse");
    let tool = target.join("test-tools").join(path);
    if tool.exists() {
        return Some(tool);
    }
    skipped(otherwise);
    None
}
