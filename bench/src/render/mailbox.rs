//! A small and a very large mailbox, side by side for each server.

use std::fmt::Write;

use serde_json::Value;

use super::{Row, number};
use crate::report::Report;

/// The servers in the order of the columns, with the names that readers know.
const TARGETS: [(&str, &str); 3] = [
    ("sqlite", "SQLite"),
    ("postgres", "PostgreSQL"),
    ("dovecot", "Dovecot"),
];

/// Takes over the rows of a later part of a run, in place of those of the same server and size.
pub(super) fn merge(known: &mut Report, later: Report) {
    for name in ["rows", "stores"] {
        let Some(later) = later.numbers[name].as_array() else {
            continue;
        };
        let is_same = |one: &Value, other: &Value| {
            one["target"] == other["target"] && one["messages"] == other["messages"]
        };
        if let Some(rows) = known.numbers[name].as_array_mut() {
            rows.retain(|row| !later.iter().any(|other| is_same(row, other)));
            rows.extend(later.iter().cloned());
        }
    }
}

/// Writes the tables.
pub(super) fn tables(text: &mut String, report: &Report) {
    let rows = report.rows();
    let mut sizes: Vec<u64> = rows.iter().map(size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let (Some(small), Some(large)) = (sizes.first(), sizes.last()) else {
        return;
    };
    let _ = writeln!(
        text,
        "### A mailbox of {} and of {} messages\n",
        thousands(*small),
        thousands(*large)
    );
    let version = |name: &str| {
        report.numbers["versions"][name]
            .as_str()
            .unwrap_or("?")
            .to_owned()
    };
    let _ = writeln!(
        text,
        "Median and 99th percentile in ms, one request after the other; × is the 99th percentile of the large mailbox \
         against that of the small one. PostgreSQL {}, Dovecot {}, commit {}.\n",
        version("postgres"),
        version("dovecot"),
        report.commit
    );
    let mut head = "| |".to_owned();
    let mut line = "|---|".to_owned();
    for (_, title) in TARGETS {
        let _ = write!(
            head,
            " {title}, {} | {} | × |",
            thousands(*small),
            thousands(*large)
        );
        line.push_str("---:|---:|---:|");
    }
    let _ = writeln!(text, "{head}\n{line}");
    for operation in operations(&rows) {
        let mut cells = vec![operation.to_owned()];
        for (target, _) in TARGETS {
            let of = |messages: u64| {
                rows.iter().find(|row| {
                    text_of(row, "operation") == operation
                        && text_of(row, "target") == target
                        && size(row) == messages
                })
            };
            let (small, large) = (of(*small), of(*large));
            cells.push(small.map_or_else(String::new, cell));
            cells.push(large.map_or_else(String::new, cell));
            cells.push(match (small, large) {
                (Some(small), Some(large)) => format!(
                    "{:.1}",
                    number(large, "p99_ms") / number(small, "p99_ms").max(f64::EPSILON)
                ),
                _ => String::new(),
            });
        }
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    let _ = writeln!(text);
    stores(text, report);
}

/// What the mailboxes took: time to fill, room, and the server's memory while it was asked.
fn stores(text: &mut String, report: &Report) {
    let Some(stores) = report.numbers["stores"].as_array() else {
        return;
    };
    let _ = writeln!(
        text,
        "| mailbox | filled s | organised s | indexed s | on disk MiB | own memory before, most, after MiB | mapped files before, most, after MiB |\n\
         |---|---:|---:|---:|---:|---:|---:|"
    );
    for store in stores.iter().filter_map(Value::as_object) {
        let figure = |name: &str| {
            store
                .get(name)
                .map_or_else(String::new, crate::report::plain)
        };
        let memory = |kind: &str| {
            let of = |when: &str| figure(&format!("{kind}_mib_{when}"));
            [of("before"), of("most"), of("after")].join(", ")
        };
        let _ = writeln!(
            text,
            "| {}, {} | {} | {} | {} | {} | {} | {} |",
            text_of(store, "target"),
            thousands(size(store)),
            figure("fill_s"),
            figure("organise_s"),
            figure("index_s"),
            figure("disk_mib"),
            memory("anonymous"),
            memory("file"),
        );
    }
    let _ = writeln!(text);
}

fn operations(rows: &[Row]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        let name = text_of(row, "operation");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn cell(row: &Row) -> String {
    let figure = |name: &str| {
        let value = number(row, name);
        match value {
            value if value >= 100.0 => format!("{value:.0}"),
            value if value >= 10.0 => format!("{value:.1}"),
            value => format!("{value:.2}"),
        }
    };
    format!("{} / {}", figure("p50_ms"), figure("p99_ms"))
}

fn text_of<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or("")
}

fn size(row: &Row) -> u64 {
    row.get("messages").and_then(Value::as_u64).unwrap_or(0)
}

fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_written_with_commas() {
        let written: Vec<String> = [7, 1_000, 10_000, 1_000_000]
            .into_iter()
            .map(thousands)
            .collect();
        assert_eq!(written, ["7", "1,000", "10,000", "1,000,000"]);
    }
}
