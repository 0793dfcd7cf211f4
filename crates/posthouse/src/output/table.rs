//! Tables for people: aligned columns without lines, headers in bold, nothing wrapped so that ids can be copied.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, ContentArrangement, Table};

use super::Screen;

/// A list with a header line.
pub fn table(screen: &Screen, headers: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = plain(screen);
    table.set_header(
        headers
            .iter()
            .map(|header| Cell::new(header).add_attribute(Attribute::Bold)),
    );
    for row in rows {
        table.add_row(row);
    }
    finished(&table)
}

/// One object: a name and a value a line; empty values are left out.
pub fn details(screen: &Screen, pairs: &[(&str, String)]) -> String {
    let mut table = plain(screen);
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        table.add_row([
            Cell::new(name).add_attribute(Attribute::Dim),
            Cell::new(value),
        ]);
    }
    finished(&table)
}

fn plain(screen: &Screen) -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    if screen.colour() {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
}

fn finished(table: &Table) -> String {
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n")
}
