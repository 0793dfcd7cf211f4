//! `render`: the tables of docs/performance.md from the JSON lines of a run.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Map, Value};

use self::goals::{goal_table, listing_goals, other_goals};
use crate::report::Report;

mod goals;
mod mailbox;
mod receiving;

const BEGIN: &str = "<!-- figures: begin -->";
const END: &str = "<!-- figures: end -->";

type Row = Map<String, Value>;

/// Options of `render`.
#[derive(Debug, Args)]
pub struct Options {
    /// Files of JSON lines; a later line of a workload replaces an earlier one
    #[arg(required = true)]
    pub results: Vec<PathBuf>,
    /// Document whose figures are replaced (default: standard output)
    #[arg(long)]
    pub document: Option<PathBuf>,
}

/// Renders the tables to standard output or into the document.
pub fn run(options: &Options) -> Result<()> {
    let mut reports = BTreeMap::new();
    for path in &options.results {
        let text =
            fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let report: Report = serde_json::from_str(line)?;
            match reports.get_mut(&report.workload) {
                // A run of it is long: it may come in parts.
                Some(known) if report.workload == "mailbox" => mailbox::merge(known, report),
                _ => {
                    reports.insert(report.workload.clone(), report);
                }
            }
        }
    }
    ensure!(!reports.is_empty(), "no results");
    let text = tables(&reports);
    match &options.document {
        Some(document) => replace(document, &text),
        None => {
            println!("{text}");
            Ok(())
        }
    }
}

fn replace(document: &Path, text: &str) -> Result<()> {
    let old =
        fs::read_to_string(document).with_context(|| format!("reading {}", document.display()))?;
    let (before, rest) = old
        .split_once(BEGIN)
        .with_context(|| format!("no `{BEGIN}` in the document"))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("no `{END}` in the document"))?;
    fs::write(document, format!("{before}{BEGIN}\n\n{text}\n{END}{after}"))?;
    Ok(())
}

fn tables(reports: &BTreeMap<String, Report>) -> String {
    let mut text = String::new();
    origin(&mut text, reports);
    let mut goals = Vec::new();
    if let Some(report) = reports.get("peers") {
        receiving::table(&mut text, report, &mut goals);
    }
    if let Some(report) = reports.get("api-list") {
        plain_table(&mut text, "Listing 50 messages, full objects", report);
        listing_goals(&report.rows(), &mut goals);
    }
    for (name, title) in [
        ("provision", "Creating accounts"),
        ("hook", "Receipt to webhook"),
        ("idle", "Memory at rest"),
        ("start", "Start"),
    ] {
        if let Some(report) = reports.get(name) {
            plain_table(&mut text, title, report);
            other_goals(name, &report.rows(), &mut goals);
        }
    }
    if let Some(report) = reports.get("mailbox") {
        mailbox::tables(&mut text, report);
    }
    if let Some(report) = reports.get("disk") {
        plain_table(&mut text, "Limits of the same disk", report);
    }
    goal_table(&mut text, &goals);
    text.trim_end().to_owned() + "\n"
}

fn origin(text: &mut String, reports: &BTreeMap<String, Report>) {
    let Some(report) = reports.values().next() else {
        return;
    };
    let machine = &report.machine;
    let commits: std::collections::BTreeSet<&str> = reports
        .values()
        .map(|report| report.commit.as_str())
        .collect();
    let commits: Vec<&str> = commits.into_iter().collect();
    let _ = writeln!(
        text,
        "Measured on {} on {} × {}, {} MiB of memory, {} on {}, commit {}.",
        report.date,
        machine.cores,
        machine.cpu,
        machine.memory_mib,
        machine.file_system,
        machine.kernel,
        commits.join(", ")
    );
    if let Some(versions) = reports
        .get("peers")
        .and_then(|report| report.numbers.get("versions"))
    {
        let version = |name: &str| versions[name].as_str().unwrap_or("not measured").to_owned();
        let _ = writeln!(
            text,
            "Peers: Postfix {}, Dovecot {}.",
            version("postfix"),
            version("dovecot")
        );
    }
    let _ = writeln!(text);
}

fn plain_table(text: &mut String, title: &str, report: &Report) {
    let rows = report.rows();
    let Some(first) = rows.first() else { return };
    let names: Vec<&String> = first.keys().collect();
    let titles: Vec<String> = names
        .iter()
        .map(|name| name.replace("_per_s", "/s").replace('_', " "))
        .collect();
    let _ = writeln!(
        text,
        "### {title}\n\n| {} |\n|{}",
        titles.join(" | "),
        "---:|".repeat(names.len())
    );
    for row in &rows {
        let cells: Vec<String> = names
            .iter()
            .map(|name| {
                row.get(*name)
                    .map_or_else(String::new, crate::report::plain)
            })
            .collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    let _ = writeln!(text);
}

fn number(row: &Row, key: &str) -> f64 {
    row.get(key).and_then(Value::as_f64).unwrap_or(0.0)
}

fn kib(bytes: f64) -> String {
    format!("{:.0} KiB", bytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_between_the_marks_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let document = folder.path().join("page.md");
        fs::write(&document, format!("head\n{BEGIN}\nold\n{END}\ntail\n")).unwrap();
        replace(&document, "new").unwrap();
        assert_eq!(
            fs::read_to_string(&document).unwrap(),
            format!("head\n{BEGIN}\n\nnew\n{END}\ntail\n")
        );
    }
}
