//! Crates depend downwards only: this is the picture in ARCHITECTURE.md as a table that a test enforces.

use anyhow::{Result, bail};

use crate::metadata::Metadata;

/// What each crate may depend on, lowest layer first. A crate that is not listed is a mistake.
///
/// Doors (`smtp`, `api`) and workers (`webhooks`, `delivery`) have no line to `store`: whatever they need of it is a use case of the mailroom.
const MAY_DEPEND_ON: [(&str, &[&str]); 11] = [
    ("posthouse-types", &[]),
    ("posthouse-mime", &["posthouse-types"]),
    ("posthouse-rules", &["posthouse-types"]),
    ("posthouse-store", &["posthouse-types"]),
    ("posthouse-net", &["posthouse-types"]),
    (
        "posthouse-mailroom",
        &[
            "posthouse-types",
            "posthouse-mime",
            "posthouse-rules",
            "posthouse-store",
            "posthouse-net",
        ],
    ),
    (
        "posthouse-smtp",
        &["posthouse-types", "posthouse-net", "posthouse-mailroom"],
    ),
    (
        "posthouse-webhooks",
        &["posthouse-types", "posthouse-net", "posthouse-mailroom"],
    ),
    (
        "posthouse-delivery",
        &["posthouse-types", "posthouse-net", "posthouse-mailroom"],
    ),
    (
        "posthouse-api",
        &["posthouse-types", "posthouse-net", "posthouse-mailroom"],
    ),
    (
        "posthouse",
        &[
            "posthouse-types",
            "posthouse-store",
            "posthouse-net",
            "posthouse-mailroom",
            "posthouse-smtp",
            "posthouse-webhooks",
            "posthouse-delivery",
            "posthouse-api",
        ],
    ),
];

/// Programs beside the product: they may look at any crate of it and at each other, and nothing else looks at them.
const TOOLS: [&str; 4] = [
    "posthouse-tests",
    "posthouse-bench",
    "posthouse-fuzz",
    "xtask",
];

/// Fails when an edge between our crates is not in the table.
pub fn check() -> Result<()> {
    let metadata = Metadata::read()?;
    let edges = metadata.own_edges();
    let mut complaints: Vec<String> = edges
        .iter()
        .filter_map(|(from, to)| complaint(from, to))
        .collect();
    for package in metadata
        .packages
        .iter()
        .filter(|package| metadata.workspace_members.contains(&package.id))
    {
        if !is_known(&package.name) {
            complaints.push(format!(
                "{} is in no layer: give it a line in xtask/src/layers.rs",
                package.name
            ));
        }
    }
    if complaints.is_empty() {
        println!(
            "layers: {} edges between our crates, all of them down",
            edges.len()
        );
        return Ok(());
    }
    bail!("layers are broken:\n  {}", complaints.join("\n  "))
}

fn is_known(name: &str) -> bool {
    TOOLS.contains(&name)
        || MAY_DEPEND_ON
            .iter()
            .any(|(crate_name, _)| *crate_name == name)
}

/// Returns what is wrong with one edge, if anything is.
fn complaint(from: &str, to: &str) -> Option<String> {
    if TOOLS.contains(&from) {
        return None;
    }
    if TOOLS.contains(&to) {
        return Some(format!("{from} depends on {to}, which is a tool"));
    }
    let allowed = MAY_DEPEND_ON
        .iter()
        .find(|(crate_name, _)| *crate_name == from)
        .map_or(&[][..], |(_, allowed)| allowed);
    if allowed.contains(&to) {
        return None;
    }
    Some(format!("{from} depends on {to}, which is not below it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_crate_depends_upwards_or_sideways() {
        check().expect("layers hold");
    }

    #[test]
    fn each_line_of_the_table_names_only_lines_above_it() {
        for (position, (from, allowed)) in MAY_DEPEND_ON.iter().enumerate() {
            for to in *allowed {
                let is_above = MAY_DEPEND_ON[..position].iter().any(|(name, _)| name == to);
                assert!(is_above, "{from} -> {to} points up or sideways");
            }
        }
    }

    #[test]
    fn upward_and_sideways_edges_are_named() {
        assert!(complaint("posthouse-types", "posthouse-mailroom").is_some());
        assert!(complaint("posthouse-smtp", "posthouse-api").is_some());
        assert!(complaint("posthouse-api", "posthouse-store").is_some());
        assert!(complaint("posthouse", "xtask").is_some());
        assert!(complaint("posthouse-bench", "posthouse-store").is_none());
        assert!(complaint("posthouse-api", "posthouse-mailroom").is_none());
    }
}
