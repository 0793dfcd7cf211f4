//! Keeps `docs/threats.md` honest: a threat that the page calls covered has a test named after it, and no test names a threat the page lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Families of threats: the first word of an id. A test whose name begins otherwise is no threat's test.
const FAMILIES: [&str; 11] = [
    "smtp", "mime", "addr", "imap", "http", "hook", "agent", "auth", "cal", "store", "ops",
];

/// Fails when the page and the tests disagree.
pub fn check() -> Result<()> {
    let path = workspace::root().join("docs/threats.md");
    let page = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let listed = listed_threats(&page);
    let mut tested: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for (file, text) in workspace::rust_files()? {
        for id in tested_threats(&text) {
            tested.entry(id).or_default().push(file.clone());
        }
    }
    let untested = listed
        .iter()
        .filter(|id| !tested.contains_key(*id))
        .map(|id| format!("{id} is listed and has no test"));
    let unlisted = tested
        .iter()
        .filter(|(id, _)| !listed.contains(*id))
        .map(|(id, files)| format!("{id} is tested in {} and not listed", files[0].display()));
    let complaints: Vec<String> = untested.chain(unlisted).collect();
    if complaints.is_empty() {
        println!(
            "threats: {} listed, each with a test named after it",
            listed.len()
        );
        return Ok(());
    }
    bail!(
        "docs/threats.md and the tests disagree:\n  {}",
        complaints.join("\n  ")
    )
}

/// Returns the ids of the page's table rows (`| smtp-03 | ... |`).
fn listed_threats(page: &str) -> BTreeSet<String> {
    let first_cells = page
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .filter_map(|row| row.split(" |").next());
    first_cells
        .filter_map(|cell| threat_id(&cell.replace('-', "_")))
        .collect()
}

/// Returns the ids that the functions of a file are named after (`fn smtp_03_endless_command_line_is_cut_off`).
fn tested_threats(text: &str) -> BTreeSet<String> {
    let names = text.lines().filter_map(|line| {
        let (before, after) = line.split_once("fn ")?;
        let is_function = before.trim().is_empty()
            || before.trim_end().ends_with("async")
            || before.trim_end().ends_with("pub");
        is_function.then_some(after)
    });
    names.filter_map(threat_id).collect()
}

/// Reads `family_NN` at the start of a name and returns it as `family-NN`.
fn threat_id(name: &str) -> Option<String> {
    let mut words = name.split('_');
    let family = words.next()?;
    let number: String = words.next()?.to_owned();
    let is_number = number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit());
    (FAMILIES.contains(&family) && is_number).then(|| format!("{family}-{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_table_are_listed_and_nothing_else() {
        let page = "# Threats\n\n| id | what |\n|---|---|\n| smtp-03 | An endless line |\n| mime-10 | names |\nsmtp-04 in prose\n";
        assert_eq!(
            listed_threats(page),
            BTreeSet::from(["mime-10".to_owned(), "smtp-03".to_owned()])
        );
    }

    #[test]
    fn functions_named_after_a_threat_count_as_its_test() {
        let text = concat!(
            "#[test]\nfn smtp_03_endless_line_is_cut_off() {}\n",
            "    async fn hook_01_loopback_is_refused() {}\n",
            "fn smtp_reply() {}\n// fn mime_01_in_a_comment() {}\nfn sha_25_six() {}\n"
        );
        assert_eq!(
            tested_threats(text),
            BTreeSet::from(["hook-01".to_owned(), "smtp-03".to_owned()])
        );
    }
}
