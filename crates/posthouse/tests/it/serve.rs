//! The server process: what it leaves behind, who may start, how it ends.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::command::bare;

/// Longest wait for anything here.
const DEADLINE: Duration = Duration::from_secs(60);

/// A running server.
struct Server {
    process: Child,
    ready: Value,
    log: PathBuf,
}

impl Server {
    /// Starts on free ports with its data in `home/data`.
    fn start(home: &Path, flags: &[&str]) -> Self {
        let ready_file = home.join("ready.json");
        let _ = std::fs::remove_file(&ready_file);
        let log = home.join("log");
        let file = std::fs::File::create(&log).expect("log");
        let process = bare(
            &["serve", "--data-dir", "data", "--ready-file", "ready.json"],
            home,
        )
        .args(["--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0"])
        .args(flags)
        .stdout(file.try_clone().expect("log"))
        .stderr(file)
        .stdin(Stdio::null())
        .spawn()
        .expect("spawn");
        let mut server = Self {
            process,
            ready: Value::Null,
            log,
        };
        server.ready = server.until("the ready file", |_| {
            serde_json::from_str(&std::fs::read_to_string(&ready_file).ok()?).ok()
        });
        server
    }

    fn until<T>(&mut self, what: &str, mut look: impl FnMut(&mut Child) -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look(&mut self.process) {
                return found;
            }
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            assert!(
                started.elapsed() < DEADLINE,
                "waited too long for {what}; log:\n{log}"
            );
            if let Some(status) = self.process.try_wait().expect("state") {
                panic!("the server ended ({status}) before {what}; log:\n{log}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn signal(&mut self, signal: Signal) -> ExitStatus {
        let pid = Pid::from_child(&self.process);
        kill_process(pid, signal).expect("signal");
        self.process.wait().expect("wait")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .permissions()
        .mode()
        & 0o777
}

#[test]
fn dev_server_keeps_its_key_over_a_restart_and_stops_cleanly() {
    let home = tempfile::tempdir().expect("temporary directory");
    let mut server = Server::start(home.path(), &["--dev"]);
    let first = server.ready.clone();
    assert_eq!(first["pid"], server.process.id());
    assert_eq!(first["domain"], "agents.localhost");
    for key in [
        "https",
        "submission",
        "submissions",
        "imap",
        "imaps",
        "dashboard_url",
    ] {
        assert_eq!(first[key], Value::Null, "{key}");
    }
    let dev: Value = serde_json::from_str(
        &std::fs::read_to_string(home.path().join("data/dev.json")).expect("file"),
    )
    .expect("JSON");
    for key in ["api_key", "application_id", "domain"] {
        assert_eq!(dev[key], first[key], "{key}");
    }
    assert!(
        server
            .log()
            .contains(first["api_key"].as_str().expect("key")),
        "the quick start shows the key"
    );
    assert_eq!(server.signal(Signal::TERM).code(), Some(0));
    let mut again = Server::start(home.path(), &["--dev"]);
    for key in ["api_key", "application_id", "domain"] {
        assert_eq!(again.ready[key], first[key], "{key}");
    }
    assert_eq!(again.signal(Signal::INT).code(), Some(0));
}

#[test]
fn second_server_on_the_same_directory_is_refused_with_the_reason() {
    let home = tempfile::tempdir().expect("temporary directory");
    let server = Server::start(home.path(), &["--dev"]);
    let arguments = [
        "serve",
        "--dev",
        "--data-dir",
        "data",
        "--http",
        "127.0.0.1:0",
        "--smtp",
        "127.0.0.1:0",
    ];
    let second = bare(&arguments, home.path()).output().expect("run");
    let err = String::from_utf8(second.stderr).expect("UTF-8");
    assert_eq!(second.status.code(), Some(1));
    assert!(
        err.contains(&format!(
            "in use by another Posthouse (process {})",
            server.process.id()
        )),
        "{err}"
    );
}

#[test]
fn port_in_use_is_named_with_its_flag() {
    let home = tempfile::tempdir().expect("temporary directory");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    let address = taken.local_addr().expect("address").to_string();
    let arguments = [
        "serve",
        "--dev",
        "--data-dir",
        "data",
        "--http",
        "127.0.0.1:0",
        "--smtp",
        &address,
    ];
    let ended = bare(&arguments, home.path()).output().expect("run");
    let err = String::from_utf8(ended.stderr).expect("UTF-8");
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        err.contains(&format!("cannot listen on {address} (--smtp)")),
        "{err}"
    );
    assert!(
        !home.path().join("data/posthouse.db").exists(),
        "the store is not touched"
    );
}

#[test]
fn ready_file_of_an_earlier_run_does_not_outlive_a_failed_start() {
    let home = tempfile::tempdir().expect("temporary directory");
    let ready_file = home.path().join("ready.json");
    std::fs::write(&ready_file, "{}").expect("file");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    let address = taken.local_addr().expect("address").to_string();
    let ended = bare(
        &[
            "serve",
            "--dev",
            "--data-dir",
            "data",
            "--ready-file",
            "ready.json",
        ],
        home.path(),
    )
    .args(["--http", "127.0.0.1:0", "--smtp", &address])
    .output()
    .expect("run");
    assert_eq!(ended.status.code(), Some(1));
    assert!(!ready_file.exists(), "it tells of a server that is gone");
}

#[test]
fn outside_dev_the_first_key_is_in_a_private_file_and_nowhere_else() {
    let home = tempfile::tempdir().expect("temporary directory");
    let mut server = Server::start(home.path(), &["--hostname", "mx.example.org"]);
    let data = home.path().join("data");
    let key = std::fs::read_to_string(data.join("first-key")).expect("first key");
    assert!(key.starts_with("phk_") && key.trim().len() == 47);
    assert_eq!(server.ready["api_key"], Value::Null);
    assert!(!server.log().contains(key.trim()));
    assert!(!data.join("dev.json").exists() && !data.join("first-key.pending").exists());
    for file in ["first-key", "instance-key", "posthouse.db"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&data), 0o700);
    assert_eq!(server.signal(Signal::TERM).code(), Some(0));
    std::fs::remove_file(data.join("first-key")).expect("the operator has taken it");
    let _again = Server::start(home.path(), &["--hostname", "mx.example.org"]);
    assert!(
        !data.join("first-key").exists(),
        "there is only one first start"
    );
}

#[test]
fn key_of_a_start_that_was_killed_before_it_handed_the_key_over_is_not_lost() {
    let home = tempfile::tempdir().expect("temporary directory");
    let data = home.path().join("data");
    let mut server = Server::start(home.path(), &["--hostname", "mx.example.org"]);
    server.signal(Signal::KILL);
    std::fs::rename(data.join("first-key"), data.join("first-key.pending"))
        .expect("as if killed in between");
    let key = std::fs::read_to_string(data.join("first-key.pending")).expect("key");
    let _again = Server::start(home.path(), &["--hostname", "mx.example.org"]);
    assert_eq!(
        std::fs::read_to_string(data.join("first-key")).expect("key"),
        key
    );
}

#[test]
fn settings_without_effect_are_logged_and_roles_leave_listeners_out() {
    let home = tempfile::tempdir().expect("temporary directory");
    std::fs::write(
        home.path().join("c.toml"),
        "dev = true\nlog_format = \"json\"\nroles = [\"api\", \"jobs\"]\n",
    )
    .expect("file");
    let server = Server::start(
        home.path(),
        &["--config", "c.toml", "--imap", "127.0.0.1:0"],
    );
    assert_eq!(server.ready["smtp"], Value::Null);
    assert!(server.ready["http"].is_string());
    let log = server.log();
    let warning = log
        .lines()
        .find(|line| line.contains("--imap has no effect"))
        .expect("a warning");
    let line: Value = serde_json::from_str(warning).expect("log lines are JSON");
    assert_eq!(line["level"], "WARN");
}
