//! PostgreSQL from the distribution's package: a cluster of its own with the settings it ships with, on a free port of
//! loopback. Every commit is synced, as shipped.

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::free_port;
use super::process::Process;
use crate::limits::READY_WAIT_MAX;

const USER: &str = "posthouse";
/// PostgreSQL refuses to run as root.
const OWNER: &str = "postgres";

/// A running PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    /// The postmaster.
    pub process: Process,
    port: u16,
    programs: PathBuf,
}

impl Postgres {
    /// Starts the cluster in `folder`, which is made where there is none. Needs root, to become its owner.
    pub fn start(folder: &Path) -> Result<Self> {
        let programs = programs()?;
        let (user, group) = (id_of("-u")?, id_of("-g")?);
        let data = folder.join("data");
        if !data.join("PG_VERSION").exists() {
            fs::create_dir_all(folder)?;
            std::os::unix::fs::chown(folder, Some(user), Some(group))?;
            let mut initdb = Command::new(programs.join("initdb"));
            initdb.current_dir(folder).uid(user).gid(group);
            initdb.env("LC_ALL", "C.UTF-8").arg("--pgdata").arg(&data);
            initdb.args(["--auth=trust", "--encoding=UTF8", "--no-instructions"]);
            succeeds(initdb.arg(format!("--username={USER}")))?;
        }
        let port = free_port()?;
        let mut command = Command::new(programs.join("postgres"));
        command.current_dir(folder).uid(user).gid(group);
        command.arg("-D").arg(&data).arg("-p").arg(port.to_string());
        command.args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
        ]);
        let mut process = Process::start(command, &folder.with_extension("log"))?;
        let ready = programs.join("pg_isready");
        process.wait_until(READY_WAIT_MAX, || {
            let mut asked = Command::new(&ready);
            asked
                .args(["-q", "-h", "127.0.0.1", "-p"])
                .arg(port.to_string());
            asked.status().is_ok_and(|status| status.success())
        })?;
        Ok(Self {
            process,
            port,
            programs,
        })
    }

    /// Returns the URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database anew, empty.
    pub fn create(&self, database: &str) -> Result<()> {
        self.run("postgres", &format!("DROP DATABASE IF EXISTS {database}"))?;
        self.run("postgres", &format!("CREATE DATABASE {database}"))?;
        Ok(())
    }

    /// Runs SQL and returns what it answered, values apart by `|`.
    pub fn run(&self, database: &str, sql: &str) -> Result<String> {
        let output = self.psql(database, sql).output().context("running psql")?;
        ensure!(
            output.status.success(),
            "psql: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Begins a `COPY … FROM STDIN`, whose bytes the caller writes.
    pub fn copy(&self, database: &str, sql: &str) -> Result<Copy> {
        let mut command = self.psql(database, sql);
        // Tables come in any order: what one row refers to may still be missing.
        command.env("PGOPTIONS", "-c session_replication_role=replica");
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        Ok(Copy(command.spawn().context("starting psql")?))
    }

    fn psql(&self, database: &str, sql: &str) -> Command {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        command.args(["--set=ON_ERROR_STOP=1", "--dbname"]);
        command.arg(self.url(database)).arg("--command").arg(sql);
        command
    }

    /// Ends PostgreSQL.
    pub fn stop(mut self) -> Result<()> {
        self.process.stop()?;
        Ok(())
    }
}

/// A running copy.
#[derive(Debug)]
pub struct Copy(Child);

impl Copy {
    /// Returns where the bytes go.
    pub fn input(&mut self) -> Result<impl Write + use<>> {
        self.0.stdin.take().context("the copy has no input")
    }

    /// Waits until everything is in; the input must have been dropped.
    pub fn finish(mut self) -> Result<()> {
        ensure!(self.0.wait()?.success(), "the copy failed");
        Ok(())
    }
}

/// Returns the version of the installed PostgreSQL.
pub fn version() -> Result<String> {
    let output = Command::new(programs()?.join("postgres"))
        .arg("--version")
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text
        .split_whitespace()
        .nth(2)
        .unwrap_or("unknown")
        .to_owned())
}

/// Finds the folder of the newest version's programs, which Debian keeps out of the search path.
fn programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .max()
        .context("PostgreSQL is not installed (see docs/performance.md)")?;
    Ok(PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin")))
}

fn id_of(which: &str) -> Result<u32> {
    let output = Command::new("id").arg(which).arg(OWNER).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim()
        .parse()
        .with_context(|| format!("there is no user {OWNER}"))
}

fn succeeds(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "{}: {}",
        command.get_program().display(),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
