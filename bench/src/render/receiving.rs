//! Receiving mail, beside the peers.

use std::fmt::Write;

use serde_json::Value;

use super::goals::Goal;
use super::{Row, kib, number};
use crate::report::Report;

/// Writes the table and notes the goals.
pub(super) fn table(text: &mut String, report: &Report, goals: &mut Vec<Goal>) {
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

/// Returns a peer's rate. One that is still delivering when its window closes may do better over the whole run: the
/// comparison takes the better of the two.
fn best(row: &Row, key: &str) -> f64 {
    let in_window = number(row, key);
    if key == "delivered_per_s" {
        return in_window.max(number(row, "delivered_with_drain_per_s"));
    }
    in_window
}
