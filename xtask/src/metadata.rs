//! The little of `cargo metadata` that the checks read.

use std::collections::{BTreeSet, HashMap};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::workspace;

/// What `cargo metadata` answers: every package of the lock file and how they depend on each other.
#[derive(Deserialize)]
pub struct Metadata {
    /// Every package, ours and others'.
    pub packages: Vec<Package>,
    /// Ids of our own packages.
    pub workspace_members: Vec<String>,
    /// Edges after resolution.
    pub resolve: Resolve,
}

/// One package.
#[derive(Deserialize)]
pub struct Package {
    /// Opaque id that edges refer to.
    pub id: String,
    /// Name as published.
    pub name: String,
    /// Version as published.
    pub version: String,
    /// SPDX expression, absent when the package names a licence file only.
    pub license: Option<String>,
    /// Where it comes from; absent for our own.
    pub source: Option<String>,
}

/// The resolved graph.
#[derive(Deserialize)]
pub struct Resolve {
    /// One node for each package.
    pub nodes: Vec<Node>,
}

/// One package and what it depends on.
#[derive(Deserialize)]
pub struct Node {
    /// Id of the package.
    pub id: String,
    /// Its edges.
    pub deps: Vec<Edge>,
}

/// One edge.
#[derive(Deserialize)]
pub struct Edge {
    /// Id of the package depended on.
    pub pkg: String,
    /// Once for each kind (normal, build, dev).
    pub dep_kinds: Vec<EdgeKind>,
}

/// The kind of an edge.
#[derive(Deserialize)]
pub struct EdgeKind {
    /// `None` is a normal dependency, else `build` or `dev`.
    pub kind: Option<String>,
}

/// Returns the names of all crates that are built for any system, with the features that are really on.
pub fn built_crates() -> Result<BTreeSet<String>> {
    let printed = run_cargo(&[
        "tree",
        "--locked",
        "--workspace",
        "--target",
        "all",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ])?;
    let printed = String::from_utf8(printed).context("cargo tree printed no UTF-8")?;
    Ok(printed
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect())
}

fn run_cargo(arguments: &[&str]) -> Result<Vec<u8>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .current_dir(workspace::root())
        .output()
        .context("cannot run cargo")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "cargo {} failed: {complaint}",
        arguments.join(" ")
    );
    Ok(output.stdout)
}

impl Metadata {
    /// Reads the metadata of this workspace. The lock file must be current: it is never changed by this.
    pub fn read() -> Result<Self> {
        let printed = run_cargo(&["metadata", "--locked", "--format-version", "1"])?;
        serde_json::from_slice(&printed).context("cannot read what cargo metadata printed")
    }

    /// Returns the packages by their id.
    pub fn by_id(&self) -> HashMap<&str, &Package> {
        self.packages
            .iter()
            .map(|package| (package.id.as_str(), package))
            .collect()
    }

    /// Returns the edges between our own packages that end up in what is built, as pairs of names. Tests may reach further.
    pub fn own_edges(&self) -> Vec<(&str, &str)> {
        let packages = self.by_id();
        let is_own = |id: &str| self.workspace_members.iter().any(|member| member == id);
        let mut edges = Vec::new();
        for node in self.resolve.nodes.iter().filter(|node| is_own(&node.id)) {
            for edge in node.deps.iter().filter(|edge| is_own(&edge.pkg)) {
                let is_built = edge
                    .dep_kinds
                    .iter()
                    .any(|kind| kind.kind.as_deref() != Some("dev"));
                if is_built {
                    edges.push((
                        packages[node.id.as_str()].name.as_str(),
                        packages[edge.pkg.as_str()].name.as_str(),
                    ));
                }
            }
        }
        edges
    }
}
