//! `render`: the tables of docs/performance.md from the JSON lines of a run.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Map, Value};

use crate::report::Report;

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

/// A figure that has a wanted value.
struct Goal {
    what: String,
    measured: f64,
    unit: &'static str,
    wanted: f64,
    at_least: bool,
}

impl Goal {
    fn met(&self) -> bool {
        if self.at_least {
            self.measured >= self.wanted
        } else {
            self.measured <= self.wanted
        }
    }
}

/// Renders the tables to standard output or into the document.
pub fn run(options: &Options) -> Result<()> {
    let mut reports = BTreeMap::new();
    for path in &options.results {
        let text =
            fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let report: Report = serde_json::from_str(line)?;
            reports.insert(report.workload.clone(), report);
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
        receiving(&mut text, report, &mut goals);
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

fn receiving(text: &mut String, report: &Report, goals: &mut Vec<Goal>) {
    let rows = report.rows();
    let _ = writeln!(text, "### Receiving mail\n");
    let _ = writeln!(
        text,
        "| size | connections | server | accepted/s | delivered/s | p50 ms | p99 ms | server CPU ms/message | drain s | CPU used elsewhere | disk syncs/s before |"
    );
    let _ = writeln!(
        text,
        "|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    );
    for row in &rows {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.0} | {:.0} | {:.1} | {:.1} | {:.2} | {:.1} | {:.0} % | {:.0} |",
            kib(number(row, "size_bytes")),
            number(row, "connections"),
            row.get("server").and_then(Value::as_str).unwrap_or("?"),
            number(row, "accepted_per_s"),
            number(row, "delivered_per_s"),
            number(row, "p50_ms"),
            number(row, "p99_ms"),
            number(row, "server_cpu_ms_per_message"),
            number(row, "drain_s"),
            number(row, "elsewhere_cpu_share") * 100.0,
            number(row, "disk_syncs_per_s_before"),
        );
    }
    let _ = writeln!(text);
    for ours in rows
        .iter()
        .filter(|row| row.get("server").and_then(Value::as_str) == Some("posthouse"))
    {
        receiving_goals(ours, &rows, goals);
    }
}

fn receiving_goals(ours: &Row, rows: &[Row], goals: &mut Vec<Goal>) {
    let (size, connections) = (number(ours, "size_bytes"), number(ours, "connections"));
    let of = |server: &str| {
        rows.iter().find(|row| {
            row.get("server").and_then(Value::as_str) == Some(server)
                && number(row, "size_bytes") == size
                && number(row, "connections") == connections
        })
    };
    let case = format!(
        "{}, {connections} connection{}",
        kib(size),
        if connections == 1.0 { "" } else { "s" }
    );
    let mut ratio = |what: &str, key: &str, peer: Option<&Row>, wanted: f64| {
        let Some(theirs) = peer
            .map(|row| best(row, key))
            .filter(|theirs| *theirs > 0.0)
        else {
            return;
        };
        let measured = number(ours, key) / theirs;
        goals.push(Goal {
            what: format!("{what}, {case}"),
            measured,
            unit: "×",
            wanted,
            at_least: true,
        });
    };
    let (small, one) = (size <= 4096.0, connections == 1.0);
    let accepted = if one {
        1.5
    } else if small {
        5.0
    } else {
        4.0
    };
    ratio(
        "accepted against Postfix",
        "accepted_per_s",
        of("postfix+dovecot"),
        accepted,
    );
    let delivered = if one {
        1.5
    } else if small {
        9.0
    } else {
        4.0
    };
    ratio(
        "delivered against Postfix to Dovecot",
        "delivered_per_s",
        of("postfix+dovecot"),
        delivered,
    );
    if !one && small {
        ratio(
            "delivered against Dovecot's LMTP alone",
            "delivered_per_s",
            of("dovecot-lmtp"),
            3.0,
        );
    }
    if small {
        let measured = number(ours, "server_cpu_ms_per_message");
        goals.push(Goal {
            what: format!("server CPU per message, {case}"),
            measured,
            unit: "ms",
            wanted: 0.5,
            at_least: false,
        });
    }
}

fn listing_goals(rows: &[Row], goals: &mut Vec<Goal>) {
    let Some(large) = rows.iter().find(|row| number(row, "messages") >= 100_000.0) else {
        return;
    };
    let rate = number(large, "requests_per_s");
    goals.push(Goal {
        what: "listing of a large mailbox".into(),
        measured: rate,
        unit: "/s",
        wanted: 2500.0,
        at_least: true,
    });
    let slowest = number(large, "p99_ms");
    goals.push(Goal {
        what: "its 99th percentile".into(),
        measured: slowest,
        unit: "ms",
        wanted: 15.0,
        at_least: false,
    });
    if let Some(small) = rows.iter().find(|row| number(row, "messages") <= 1000.0) {
        let measured = rate / number(small, "requests_per_s").max(1.0);
        goals.push(Goal {
            what: "its rate against a small mailbox's".into(),
            measured,
            unit: "×",
            wanted: 0.8,
            at_least: true,
        });
    }
}

fn other_goals(workload: &str, rows: &[Row], goals: &mut Vec<Goal>) {
    let goal = |what: &str, measured, unit, wanted, at_least| Goal {
        what: what.to_owned(),
        measured,
        unit,
        wanted,
        at_least,
    };
    for row in rows {
        match workload {
            "provision" => goals.push(goal(
                "accounts created",
                number(row, "created_per_s"),
                "/s",
                200.0,
                true,
            )),
            "hook" => goals.push(goal(
                "250 to webhook, median",
                number(row, "from_250_p50_ms"),
                "ms",
                20.0,
                false,
            )),
            "idle" => {
                let store = row.get("store").and_then(Value::as_str).unwrap_or("");
                goals.push(goal(
                    &format!("resident memory, {store} store"),
                    number(row, "resident_mib"),
                    "MiB",
                    40.0,
                    false,
                ));
            }
            "start" => {
                let after = row.get("after").and_then(Value::as_str).unwrap_or("");
                goals.push(goal(
                    &format!("start to ready after {after}"),
                    number(row, "ready_p50_ms"),
                    "ms",
                    500.0,
                    false,
                ));
            }
            _ => {}
        }
    }
}

fn goal_table(text: &mut String, goals: &[Goal]) {
    if goals.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "### Against what is wanted\n\n| figure | measured | wanted | met |\n|---|---:|---:|---|"
    );
    for goal in goals {
        let sign = if goal.at_least { "≥" } else { "≤" };
        let met = if goal.met() { "yes" } else { "**no**" };
        let unit = goal.unit;
        let _ = writeln!(
            text,
            "| {} | {} {unit} | {sign} {} {unit} | {met} |",
            goal.what,
            short(goal.measured),
            short(goal.wanted)
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

/// Returns a peer's rate. One that is still delivering when its window closes may do better over the whole run: the
/// comparison takes the better of the two.
fn best(row: &Row, key: &str) -> f64 {
    let in_window = number(row, key);
    if key == "delivered_per_s" {
        return in_window.max(number(row, "delivered_with_drain_per_s"));
    }
    in_window
}

fn kib(bytes: f64) -> String {
    format!("{:.0} KiB", bytes / 1024.0)
}

fn short(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
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
