//! Programs from npm and PyPI: the official SDKs, unmodified, the S3 server, and Schemathesis. They are pinned by lock files in `tests/tools`
//! and live in `target/test-tools`, where the tests look for them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::run_to_success;
use crate::workspace;

/// Installs what is missing or no longer what the lock files say. What cannot be installed is added to the refusals.
pub fn install(refusals: &mut Vec<String>) -> Result<()> {
    let locks = workspace::root().join("tests/tools");
    let tools = workspace::target_directory().join("test-tools");
    if let Err(error) = install_python(&locks.join("requirements.txt"), &tools.join("python")) {
        eprintln!("    {error:#}");
        refusals.push("the Python SDK, moto and Schemathesis (PyPI)".to_owned());
    }
    if let Err(error) = fetch_spf_suite(&tools) {
        eprintln!("    {error:#}");
        refusals.push("the SPF suite (PyPI's pyspf as source)".to_owned());
    }
    if let Err(error) = install_node(&locks, &tools.join("node")) {
        eprintln!("    {error:#}");
        refusals.push("the Node SDK (npm)".to_owned());
    }
    Ok(())
}

fn install_python(requirements: &Path, environment: &Path) -> Result<()> {
    let stamp = environment.join("installed-requirements.txt");
    if same_text(requirements, &stamp) {
        println!("    Python tools are there");
        return Ok(());
    }
    run_to_success(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(environment),
    )?;
    let mut pip = Command::new(environment.join("bin/pip"));
    pip.args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ])
    .arg(requirements);
    run_to_success(&mut pip)?;
    std::fs::copy(requirements, &stamp).context("cannot note what was installed")?;
    Ok(())
}

/// Fetches the source of pyspf, which carries the published test suite of RFC 7208: installing the program leaves it out.
fn fetch_spf_suite(tools: &Path) -> Result<()> {
    const SOURCE: &str = "pyspf==2.0.14";
    let directory = tools.join("pyspf");
    if directory.join("test/rfc7208-tests.yml").exists() {
        println!("    the SPF suite is there");
        return Ok(());
    }
    let mut pip = Command::new(tools.join("python/bin/pip"));
    pip.args(["download", "--quiet", "--disable-pip-version-check"])
        .args(["--no-deps", "--no-binary", ":all:", SOURCE, "--dest"])
        .arg(&directory);
    run_to_success(&mut pip)?;
    let archive = directory.join(format!("{}.tar.gz", SOURCE.replace("==", "-")));
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--strip-components=1", "--file"])
        .arg(archive)
        .arg("--directory")
        .arg(&directory);
    run_to_success(&mut tar)
}

fn install_node(locks: &Path, directory: &Path) -> Result<()> {
    let stamp = directory.join("installed-package-lock.json");
    let lock = locks.join("package-lock.json");
    if same_text(&lock, &stamp) {
        println!("    Node tools are there");
        return Ok(());
    }
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    for name in ["package.json", "package-lock.json"] {
        std::fs::copy(locks.join(name), directory.join(name))
            .with_context(|| format!("cannot copy {name}"))?;
    }
    run_to_success(
        Command::new("npm")
            .args([
                "ci",
                "--silent",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
            ])
            .current_dir(directory),
    )?;
    std::fs::copy(&lock, &stamp).context("cannot note what was installed")?;
    Ok(())
}

fn same_text(one: &Path, other: &Path) -> bool {
    let (Ok(one), Ok(other)) = (std::fs::read(one), std::fs::read(other)) else {
        return false;
    };
    one == other
}
