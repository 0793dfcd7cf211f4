//! The text of a message: an argument, or standard input.

use std::io::Read;

use crate::client::Failure;

/// Longest text that is read from standard input; the server takes a little less.
const TEXT_BYTES_MAX: u64 = 25 * 1024 * 1024;

/// Returns the text, or all of standard input for `-`.
///
/// # Errors
/// [`Failure::Local`] when standard input cannot be read as text; [`Failure::Usage`] when it is too long.
pub fn resolve(text: Option<String>) -> Result<String, Failure> {
    let text = text.unwrap_or_default();
    if text != "-" {
        return Ok(text);
    }
    let mut read = String::new();
    let mut input = std::io::stdin().lock().take(TEXT_BYTES_MAX + 1);
    input
        .read_to_string(&mut read)
        .map_err(|error| Failure::Local {
            message: format!("cannot read standard input: {error}"),
            fix: None,
        })?;
    if read.len() as u64 > TEXT_BYTES_MAX {
        return Err(Failure::Usage {
            message: "standard input is longer than any message".to_owned(),
            fix: None,
        });
    }
    Ok(read)
}
