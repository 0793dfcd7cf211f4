//! `docs/configuration.md` is printed by the binary, so that it cannot say anything else than what the binary reads.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// Writes the page.
pub fn write() -> Result<()> {
    let path = page_path();
    std::fs::write(&path, printed_page()?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("docs: wrote {}", path.display());
    Ok(())
}

/// Fails when the page is not what the binary prints.
pub fn check() -> Result<()> {
    let path = page_path();
    let page = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(
        page == printed_page()?,
        "docs/configuration.md is stale: run `cargo xtask docs`"
    );
    println!("docs: docs/configuration.md is what the binary prints");
    Ok(())
}

fn page_path() -> PathBuf {
    workspace::root().join("docs/configuration.md")
}

fn printed_page() -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = Command::new(cargo)
        .args(["build", "--quiet", "--package", "posthouse"])
        .current_dir(workspace::root())
        .status()
        .context("cannot run cargo build")?;
    ensure!(build.success(), "posthouse does not build");
    let binary = workspace::target_directory().join("debug/posthouse");
    let output = Command::new(&binary)
        .arg("config-reference")
        .output()
        .with_context(|| format!("cannot run {}", binary.display()))?;
    ensure!(
        output.status.success(),
        "posthouse config-reference failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).context("the page is not UTF-8")
}
