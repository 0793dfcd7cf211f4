//! An S3 server for the tests alone: moto in a process of its own, on a free port, all of it in memory.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::{free_port, tail_of};
use crate::reaper::Reaper;
use crate::workspace;

/// Bucket that is there when the tests begin.
const BUCKET: &str = "posthouse-test";

/// A cold start compiles a good deal of Python.
const START_DEADLINE: Duration = Duration::from_secs(120);

/// How often a starting server is tried.
const START_POLL: Duration = Duration::from_millis(100);

/// Starts the server and returns its URL, or `None` where moto is not installed.
pub fn start(reaper: &mut Reaper) -> Result<Option<String>> {
    let target = workspace::target_directory();
    let program = target.join("test-tools/python/bin/moto_server");
    if !program.is_file() {
        return Ok(None);
    }
    let port = free_port()?;
    let log_path = target.join("test-tools/moto.log");
    let log = std::fs::File::create(&log_path)
        .with_context(|| format!("cannot create {}", log_path.display()))?;
    let mut server = Command::new(program)
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("cannot start moto")?;
    reaper.stops(server.id())?;

    let deadline = Instant::now() + START_DEADLINE;
    while let Err(error) = create_bucket(port) {
        if let Some(status) = server.try_wait()? {
            bail!("moto ended ({status}): {}", tail_of(&log_path));
        }
        ensure!(
            Instant::now() < deadline,
            "moto does not answer ({error}): {}",
            tail_of(&log_path)
        );
        std::thread::sleep(START_POLL);
    }
    println!("    S3 listens on 127.0.0.1:{port}, bucket {BUCKET}");
    Ok(Some(format!("http://127.0.0.1:{port}")))
}

/// Creates the bucket; moto asks for no signature.
fn create_bucket(port: u16) -> Result<()> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    let request = format!(
        "PUT /{BUCKET} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    connection.write_all(request.as_bytes())?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let status_line = answer.lines().next().unwrap_or_default();
    ensure!(status_line.contains(" 200 "), "{status_line}");
    Ok(())
}
