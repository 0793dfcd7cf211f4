//! Secrets on the command line: `-` keeps them out of the shell's history and the process list.

use std::io::BufRead;

use crate::client::Failure;

/// Returns the text, or the first line of standard input for `-`.
///
/// # Errors
/// [`Failure::Local`] when standard input cannot be read.
pub fn resolve(text: &str) -> Result<String, Failure> {
    if text != "-" {
        return Ok(text.to_owned());
    }
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::Local {
            message: format!("cannot read standard input: {error}"),
            fix: None,
        })?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
