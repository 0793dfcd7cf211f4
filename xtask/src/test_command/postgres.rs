//! A PostgreSQL cluster for the tests alone: its own directory, a free port of the loopback address, an unprivileged user.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{find_program, free_port, is_root, run_to_success, tail_of};
use crate::reaper::Reaper;
use crate::workspace;

/// User that owns the cluster when the test command runs as root; PostgreSQL refuses to run as root.
const UNPRIVILEGED_USERS: [&str; 2] = ["postgres", "nobody"];

/// The lowest major version that Posthouse supports.
const MAJOR_VERSION_MIN: u32 = 15;

/// Starts the cluster and returns its URL, or `None` where PostgreSQL is not installed.
pub fn start(reaper: &mut Reaper) -> Result<Option<String>> {
    let Some(programs) = server_programs() else {
        return Ok(None);
    };
    let owner = if is_root() {
        Some(unprivileged_owner()?)
    } else {
        None
    };
    let directory = cluster_directory(owner.is_some())?;
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    reaper.removes(&directory)?;
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o700))?;
    if let Some((user, group)) = owner {
        std::os::unix::fs::chown(&directory, Some(user), Some(group))?;
    }
    let program = |name: &str| {
        let mut command = Command::new(programs.join(name));
        command
            .current_dir(&directory)
            .env("LC_ALL", "C.UTF-8")
            .stdout(std::process::Stdio::null());
        if let Some((user, group)) = owner {
            command.uid(user).gid(group);
        }
        command
    };

    let data = directory.join("data");
    // Anybody on this machine may connect while the tests run: there is nothing in it but test mail.
    let mut initdb = program("initdb");
    initdb.arg("--pgdata").arg(&data).args([
        "--username=posthouse",
        "--auth=trust",
        "--encoding=UTF8",
        "--no-instructions",
    ]);
    run_to_success(&mut initdb)?;

    let port = free_port()?;
    let log = directory.join("log");
    let options = format!(
        "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=100"
    );
    let mut pg_ctl = program("pg_ctl");
    pg_ctl
        .arg("--pgdata")
        .arg(&data)
        .arg("--log")
        .arg(&log)
        .args(["--wait", "--timeout=60", "--options", &options, "start"]);
    run_to_success(&mut pg_ctl).with_context(|| tail_of(&log))?;
    reaper.stops(postmaster_pid(&data)?)?;
    println!("    PostgreSQL listens on 127.0.0.1:{port}");
    Ok(Some(format!(
        "postgres://posthouse@127.0.0.1:{port}/postgres"
    )))
}

/// Finds the directory of `initdb` and `pg_ctl`, which Debian keeps out of the search path.
pub fn server_programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .max();
    if let Some(version) = newest.filter(|version| *version >= MAJOR_VERSION_MIN) {
        let directory = PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"));
        if directory.join("initdb").is_file() {
            return Some(directory);
        }
    }
    find_program("initdb").and_then(|initdb| initdb.parent().map(Path::to_path_buf))
}

/// A directory in the target directory, unless the cluster's owner could not reach it there (a checkout in /root): then among temporary files.
fn cluster_directory(has_other_owner: bool) -> Result<PathBuf> {
    let name = format!("test-postgres-{}", std::process::id());
    let target = workspace::target_directory();
    let target = target
        .canonicalize()
        .with_context(|| format!("cannot find {}", target.display()))?;
    let is_open = |directory: &Path| {
        std::fs::metadata(directory).is_ok_and(|metadata| metadata.mode() & 0o001 != 0)
    };
    if has_other_owner && !target.ancestors().all(is_open) {
        return Ok(std::env::temp_dir().join(format!("posthouse-{name}")));
    }
    Ok(target.join(name))
}

/// Returns the user and group id of the first unprivileged user there is.
fn unprivileged_owner() -> Result<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd").context("cannot read the list of users")?;
    let ids_of = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2);
        Some((ids.next()?.parse().ok()?, ids.next()?.parse().ok()?))
    };
    let owner: Option<(u32, u32)> = UNPRIVILEGED_USERS.into_iter().find_map(ids_of);
    owner.context("neither the user postgres nor nobody exists")
}

fn postmaster_pid(data: &Path) -> Result<u32> {
    let path = data.join("postmaster.pid");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let pid = text.lines().next().unwrap_or_default();
    ensure!(!pid.is_empty(), "{} is empty", path.display());
    pid.parse()
        .with_context(|| format!("{pid} is no process id"))
}
