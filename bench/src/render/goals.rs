//! Figures that have a wanted value, and whether it was met.

use std::fmt::Write;

use serde_json::Value;

use super::{Row, number};

/// A figure that has a wanted value.
pub(super) struct Goal {
    pub(super) what: String,
    pub(super) measured: f64,
    pub(super) unit: &'static str,
    pub(super) wanted: f64,
    pub(super) at_least: bool,
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

/// Of the listing of mailboxes.
pub(super) fn listing_goals(rows: &[Row], goals: &mut Vec<Goal>) {
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

/// Of the workloads with one row or two.
pub(super) fn other_goals(workload: &str, rows: &[Row], goals: &mut Vec<Goal>) {
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

/// Writes the table of all goals.
pub(super) fn goal_table(text: &mut String, goals: &[Goal]) {
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

fn short(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}
