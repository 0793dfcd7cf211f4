//! `cargo xtask test`: one command that needs nothing prepared.
//!
//! It installs what is missing, starts a PostgreSQL cluster and an S3 server of its own, builds once, runs every test in one `cargo test`, gives
//! the fuzz targets a short run, and stops what it started. Its exit code is the tests'.

mod debian;
mod postgres;
mod s3;
mod tools;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::reaper::Reaper;
use crate::workspace;

/// Inputs for each fuzz target in a run that everybody makes. Long runs are made by hand.
const FUZZ_INPUTS_PER_TARGET: &str = "10000";

/// Variables for the tests: name and value.
type Environment = Vec<(&'static str, String)>;

/// Runs everything, or the tests whose names contain the filter.
pub fn run(filter: Option<&str>) -> Result<()> {
    let mut refusals = Vec::new();
    let mut reaper = Reaper::start()?;
    let environment = prepare(&mut reaper, &mut refusals)?;
    shout_about(&refusals)?;

    // All targets, so that the binary which the end-to-end tests spawn is built with the very features that the tests are built with.
    step("build", || {
        cargo(&["build", "--workspace", "--all-targets"], &[])
    })?;
    let mut arguments = vec!["test", "--workspace", "--no-fail-fast"];
    if let Some(filter) = filter {
        arguments.extend(["--", filter]);
    }
    step("tests", || cargo(&arguments, &environment))?;
    if filter.is_none() {
        step("short fuzz run", fuzz)?;
    }
    shout_about(&refusals)
}

/// Starts the databases of the tests, prints the variables that tests find them by, and stops them when its input ends.
pub fn services() -> Result<()> {
    let mut refusals = Vec::new();
    let mut reaper = Reaper::start()?;
    for (name, value) in prepare(&mut reaper, &mut refusals)? {
        println!("export {name}={value}");
    }
    shout_about(&refusals)?;
    println!("Press enter, or ctrl-c, to stop them.");
    std::io::stdin()
        .read_line(&mut String::new())
        .context("cannot read the input")?;
    Ok(())
}

/// Installs what is missing and starts the databases. Returns the variables that tests find them by.
fn prepare(reaper: &mut Reaper, refusals: &mut Vec<String>) -> Result<Environment> {
    step("Debian packages", || debian::install(refusals))?;
    step("test tools from npm and PyPI", || tools::install(refusals))?;
    let postgres = step("private PostgreSQL cluster", || postgres::start(reaper))?;
    let s3 = step("private S3 server", || s3::start(reaper))?;
    let variables = [
        ("POSTHOUSE_TEST_POSTGRES", postgres),
        ("POSTHOUSE_TEST_S3", s3),
    ];
    let mut environment = Environment::new();
    for (name, url) in variables {
        if let ("POSTHOUSE_TEST_S3", Some(endpoint)) = (name, &url) {
            // What every S3 client reads; the server accepts any credentials.
            environment.push(("AWS_ENDPOINT", endpoint.clone()));
            for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
                environment.push((name, "test".to_owned()));
            }
            environment.push(("AWS_REGION", "us-east-1".to_owned()));
        }
        match url {
            Some(url) => environment.push((name, url)),
            None => refusals.push(format!(
                "what {name} names; the tests that need it say that they are skipped"
            )),
        }
    }
    Ok(environment)
}

/// Runs one step, printing its name before and its duration after.
fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("==> {name}");
    let start = Instant::now();
    let outcome = work().with_context(|| name.to_owned());
    println!("    {name}: {:.1} s", start.elapsed().as_secs_f64());
    outcome
}

fn cargo(arguments: &[&str], environment: &[(&str, String)]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(workspace::root());
    for (name, value) in environment {
        command.env(name, value);
    }
    run_to_success(&mut command)
}

fn fuzz() -> Result<()> {
    let binary = workspace::target_directory().join("debug/posthouse-fuzz");
    run_to_success(Command::new(binary).args(["--inputs", FUZZ_INPUTS_PER_TARGET]))
}

/// Runs a command with our output and without input. Failing is an error that names the command.
fn run_to_success(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(std::process::Stdio::null())
        .status()
        .with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed ({status})");
    Ok(())
}

/// Says what could not be installed, so that nobody takes a smaller run for the whole one. Where `CI` is set a smaller run is a failed one.
fn shout_about(refusals: &[String]) -> Result<()> {
    if refusals.is_empty() {
        return Ok(());
    }
    eprintln!("\n################  NOT EVERYTHING IS TESTED  ################");
    for refusal in refusals {
        eprintln!("#  missing: {refusal}");
    }
    eprintln!("############################################################\n");
    if std::env::var_os("CI").is_some() {
        bail!("something could not be installed, and CI tests everything");
    }
    Ok(())
}

/// Finds a program in the search path or in the directories that a plain user's search path lacks.
fn find_program(name: &str) -> Option<std::path::PathBuf> {
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&search_path)
        .chain(["/usr/sbin", "/sbin", "/usr/bin"].map(Into::into));
    directories
        .map(|directory| directory.join(name))
        .find(|path: &std::path::PathBuf| path.is_file())
}

/// Tells whether this process may do what only root may.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Returns a TCP port of the loopback address that nobody listens on.
fn free_port() -> Result<u16> {
    let listener =
        std::net::TcpListener::bind("127.0.0.1:0").context("cannot bind a port of 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// Returns the last lines of a log, for an error message.
fn tail_of(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
