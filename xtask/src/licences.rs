//! Which licences, sources and crates may be linked. `docs/dependencies.md` says why.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use crate::metadata::{self, Metadata, Package};
use crate::workspace;

/// Licences that may be linked: permissive ones, and two whose copyleft ends at the file (MPL-2.0) or covers data only (CDLA).
const ALLOWED_LICENCES: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that must not come in, each with the reason.
const BANNED_CRATES: [(&str, &str); 6] = [
    (
        "openssl-sys",
        "TLS is rustls; a system library would make the build depend on the machine",
    ),
    ("openssl", "TLS is rustls"),
    ("native-tls", "TLS is rustls"),
    ("tokio-native-tls", "TLS is rustls"),
    (
        "sqlx",
        "the store has one set of SQL over rusqlite and tokio-postgres",
    ),
    ("ring", "one cryptography provider: aws-lc-rs"),
];

/// The one place code may come from.
const ALLOWED_SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Fails when a package of the lock file has a licence, a source or a name that is not allowed, or when `docs/dependencies.md` is not the
/// list of direct dependencies.
pub fn check() -> Result<()> {
    let metadata = Metadata::read()?;
    let mut complaints = banned_crates()?;
    for package in &metadata.packages {
        let is_own = metadata.workspace_members.contains(&package.id);
        complaints.extend(complaints_about(package, is_own));
    }
    complaints.extend(page_complaints(&metadata)?);
    if complaints.is_empty() {
        println!(
            "licences: {} packages, every licence, source and name allowed",
            metadata.packages.len()
        );
        return Ok(());
    }
    bail!(
        "dependencies are not in order:\n  {}",
        complaints.join("\n  ")
    )
}

/// Returns a complaint for each banned crate that is built. The lock file also names crates behind features that nobody switches on.
fn banned_crates() -> Result<Vec<String>> {
    let built = metadata::built_crates()?;
    let banned = BANNED_CRATES
        .iter()
        .filter(|(name, _)| built.contains(*name));
    Ok(banned
        .map(|(name, reason)| format!("{name} is banned: {reason}"))
        .collect())
}

fn complaints_about(package: &Package, is_own: bool) -> Vec<String> {
    let what = format!("{} {}", package.name, package.version);
    let mut complaints = Vec::new();
    match package.source.as_deref() {
        None if is_own => {}
        Some(ALLOWED_SOURCE) => {}
        source => complaints.push(format!(
            "{what} comes from {}, not from crates.io",
            source.unwrap_or("a path")
        )),
    }
    match package.license.as_deref() {
        None => complaints.push(format!("{what} names no licence")),
        Some(expression) if !is_allowed(expression) => {
            complaints.push(format!("{what} has the licence {expression}"))
        }
        Some(_) => {}
    }
    complaints
}

/// Decides an SPDX expression: one side of an OR must be allowed, both sides of an AND. The old `MIT/Apache-2.0` means OR.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = ExpressionReader {
        words: &words,
        position: 0,
    };
    let allowed = reader.any();
    allowed && reader.position == words.len()
}

/// Reads the words of an expression from left to right. Anything it does not understand is not allowed.
struct ExpressionReader<'a> {
    words: &'a [&'a str],
    position: usize,
}

impl ExpressionReader<'_> {
    fn any(&mut self) -> bool {
        let mut allowed = self.all();
        while self.take("OR") {
            let other = self.all();
            allowed = allowed || other;
        }
        allowed
    }

    fn all(&mut self) -> bool {
        let mut allowed = self.one();
        while self.take("AND") {
            let other = self.one();
            allowed = allowed && other;
        }
        allowed
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let allowed = self.any();
            return self.take(")") && allowed;
        }
        let Some(licence) = self.next() else {
            return false;
        };
        if !self.take("WITH") {
            return ALLOWED_LICENCES.contains(&licence.as_str());
        }
        let Some(exception) = self.next() else {
            return false;
        };
        ALLOWED_LICENCES.contains(&format!("{licence} WITH {exception}").as_str())
    }

    fn take(&mut self, word: &str) -> bool {
        let is_next = self.words.get(self.position) == Some(&word);
        if is_next {
            self.position += 1;
        }
        is_next
    }

    fn next(&mut self) -> Option<String> {
        let word = self.words.get(self.position)?;
        self.position += 1;
        Some((*word).to_owned())
    }
}

/// Returns a complaint for each direct dependency that `docs/dependencies.md` gives no reason for, and for each reason without a dependency.
fn page_complaints(metadata: &Metadata) -> Result<Vec<String>> {
    let path = workspace::root().join("docs/dependencies.md");
    let page = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let packages = metadata.by_id();
    let mut direct = BTreeSet::new();
    for node in metadata
        .resolve
        .nodes
        .iter()
        .filter(|node| metadata.workspace_members.contains(&node.id))
    {
        let others = node
            .deps
            .iter()
            .filter(|edge| !metadata.workspace_members.contains(&edge.pkg));
        direct.extend(others.map(|edge| packages[edge.pkg.as_str()].name.as_str()));
    }
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split("` |").next());
    let listed: BTreeSet<&str> = rows.collect();
    let missing = direct.difference(&listed);
    let stale = listed.difference(&direct);
    Ok(missing
        .map(|name| format!("{name} has no line in docs/dependencies.md"))
        .chain(
            stale.map(|name| {
                format!("{name} has a line in docs/dependencies.md and is no dependency")
            }),
        )
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_side_of_an_or_is_enough() {
        assert!(is_allowed("MIT OR GPL-3.0"));
        assert!(is_allowed("MIT/Apache-2.0"));
        assert!(is_allowed("Apache-2.0 WITH LLVM-exception OR MIT"));
    }

    #[test]
    fn both_sides_of_an_and_are_needed() {
        assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!is_allowed("MIT AND GPL-3.0"));
        assert!(!is_allowed("(MIT OR Apache-2.0) AND AGPL-3.0"));
    }

    #[test]
    fn what_cannot_be_read_is_not_allowed() {
        assert!(!is_allowed(""));
        assert!(!is_allowed("(MIT"));
        assert!(!is_allowed("MIT Apache-2.0"));
        assert!(!is_allowed("LicenseRef-Ours"));
    }
}
