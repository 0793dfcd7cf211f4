//! What people and programs get to see.

mod clean;
mod files;
mod plain_text;
mod progress;
mod screen;
mod table;
mod when;

pub use clean::{clean, clean_json, clean_lines};
pub use files::{file_name, size};
pub use plain_text::plain_text;
pub use progress::Progress;
pub use screen::{Screen, lost, write};
pub use table::{details, table};
pub use when::{http_date_unix, moment};

use serde_json::Value;

/// The text of a field for a person: empty for null, harmless for a terminal.
pub fn field(object: &Value, name: &str) -> String {
    match &object[name] {
        Value::Null => String::new(),
        Value::String(text) => clean(text),
        Value::Array(items) => {
            let texts: Vec<String> = items
                .iter()
                .map(|item| {
                    item.as_str()
                        .map_or_else(|| clean(&item.to_string()), clean)
                })
                .collect();
            texts.join(", ")
        }
        other => clean(&other.to_string()),
    }
}
