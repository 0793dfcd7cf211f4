//! Where things are: the root of the workspace, its target directory, its Rust files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Directories below the root that hold our own Rust code.
const SOURCE_DIRECTORIES: [&str; 5] = ["crates", "tests", "fuzz", "bench", "xtask"];

/// A directory tree of sources is never deeper than this; deeper is a loop of links.
const DIRECTORY_DEPTH_MAX: usize = 32;

/// Returns the root of the workspace.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask
        .parent()
        .expect("xtask lies in the workspace")
        .to_path_buf()
}

/// Returns the directory that cargo builds into.
pub fn target_directory() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => root().join(directory),
        None => root().join("target"),
    }
}

/// Returns every Rust file of ours, as (path below the root, text), in a stable order.
pub fn rust_files() -> Result<Vec<(PathBuf, String)>> {
    let root = root();
    let mut paths = Vec::new();
    for directory in SOURCE_DIRECTORIES {
        collect_rust_files(&root.join(directory), DIRECTORY_DEPTH_MAX, &mut paths)?;
    }
    paths.sort();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let below_root = path.strip_prefix(&root).expect("collected below the root");
        files.push((below_root.to_path_buf(), text));
    }
    Ok(files)
}

fn collect_rust_files(directory: &Path, depth_left: usize, paths: &mut Vec<PathBuf>) -> Result<()> {
    if depth_left == 0 || !directory.is_dir() {
        return Ok(());
    }
    let entries = std::fs::read_dir(directory)
        .with_context(|| format!("cannot list {}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect_rust_files(&path, depth_left - 1, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    Ok(())
}
