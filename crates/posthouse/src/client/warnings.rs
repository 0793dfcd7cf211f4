//! What the server remarked on in answers to requests that it met.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// Remarks that are kept; what is beyond them is a server's chatter.
const WARNINGS_MAX: usize = 20;

/// What was remarked on while this command ran.
static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps the warnings of an answer, each once.
pub(super) fn note(body: &Value) {
    let said = body["warnings"].as_array().into_iter().flatten();
    let mut kept = WARNINGS.lock().unwrap_or_else(PoisonError::into_inner);
    for warning in said.filter_map(Value::as_str) {
        if kept.len() < WARNINGS_MAX && !kept.iter().any(|one| one == warning) {
            kept.push(warning.to_owned());
        }
    }
}

/// Returns what was remarked on while this command ran.
pub fn warnings() -> Vec<String> {
    WARNINGS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}
