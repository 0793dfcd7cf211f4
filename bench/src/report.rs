//! What a workload hands back: one JSON line for programs, one small table for people.

use std::path::Path;

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::machine::{self, Machine};

/// The figures of one workload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Name of the workload.
    pub workload: String,
    /// Where it ran.
    pub machine: Machine,
    /// The commit that was checked out.
    pub commit: String,
    /// The day it ran.
    pub date: String,
    /// The figures, by name with unit; for a workload of many rows one object per row under `rows`.
    pub numbers: Value,
}

impl Report {
    /// Puts a report together.
    pub fn new(workload: &str, folder: &Path, numbers: Value) -> Self {
        Self {
            workload: workload.to_owned(),
            machine: Machine::look(folder),
            commit: machine::commit(),
            date: machine::today(),
            numbers,
        }
    }

    /// Returns the rows: those under `rows`, or the figures as a single one.
    pub fn rows(&self) -> Vec<Map<String, Value>> {
        let rows = match self.numbers.get("rows").and_then(Value::as_array) {
            Some(rows) => rows.clone(),
            None => vec![self.numbers.clone()],
        };
        rows.into_iter()
            .filter_map(|row| row.as_object().cloned())
            .collect()
    }

    /// Prints the report to standard output.
    pub fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
        let machine = &self.machine;
        println!(
            "{} on {} x {}, commit {}",
            self.workload, machine.cores, machine.cpu, self.commit
        );
        let rows = self.rows();
        let mut names: Vec<String> = Vec::new();
        for name in rows.iter().flat_map(|row| row.keys()) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED).set_header(&names);
        for row in &rows {
            table.add_row(
                names
                    .iter()
                    .map(|name| row.get(name).map_or_else(String::new, plain)),
            );
        }
        println!("{table}");
        Ok(())
    }
}

/// Returns a value as a person reads it.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}
