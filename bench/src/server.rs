//! The servers under load, each a set of processes that this program started and ends by their ids.

pub mod dovecot;
pub mod postfix;
pub mod postgres;
pub mod posthouse;
pub mod process;

use std::net::TcpListener;
use std::path::Path;

use anyhow::{Context, Result};

/// Returns a loopback port that was free a moment ago.
///
/// Another program may take it before the server does; the server then fails to start, and the run with it.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}

/// Writes a configuration file.
fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}
