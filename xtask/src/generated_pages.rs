//! Pages that the binary prints, so that they cannot say anything else than what the binary does.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// Each page below the root, and the command that prints it.
const PAGES: [(&str, &str); 2] = [
    ("docs/configuration.md", "config-reference"),
    ("docs/openapi.json", "open-api"),
];

/// Writes the pages.
pub fn write() -> Result<()> {
    let binary = built()?;
    for (page, command) in PAGES {
        let path = workspace::root().join(page);
        std::fs::write(&path, printed(&binary, command)?)
            .with_context(|| format!("cannot write {page}"))?;
        println!("docs: wrote {page}");
    }
    Ok(())
}

/// Fails when a page is not what the binary prints.
pub fn check() -> Result<()> {
    let binary = built()?;
    for (page, command) in PAGES {
        let path = workspace::root().join(page);
        let committed =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {page}"))?;
        ensure!(
            committed == printed(&binary, command)?,
            "{page} is stale: run `cargo xtask docs`"
        );
        println!("docs: {page} is what the binary prints");
    }
    Ok(())
}

fn built() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = Command::new(cargo)
        .args(["build", "--quiet", "--package", "posthouse"])
        .current_dir(workspace::root())
        .status()
        .context("cannot run cargo build")?;
    ensure!(build.success(), "posthouse does not build");
    Ok(workspace::target_directory().join("debug/posthouse"))
}

fn printed(binary: &PathBuf, command: &str) -> Result<String> {
    let output = Command::new(binary)
        .arg(command)
        .output()
        .with_context(|| format!("cannot run {}", binary.display()))?;
    ensure!(
        output.status.success(),
        "posthouse {command} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).context("the page is not UTF-8")
}
