//! JSON that people hand over on the command line, in a file or on standard input.

use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use crate::cli::DataArgs;
use crate::client::Failure;

/// Bytes that are read at most: a list of a million items fits.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Reads the object that was handed over; an empty one when there was none.
///
/// # Errors
/// [`Failure::Usage`] for what is no JSON object, [`Failure::Local`] for a file that cannot be read.
pub fn read(args: &DataArgs) -> Result<Map<String, Value>, Failure> {
    let text = match (&args.data, &args.data_file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => read_file(path)?,
        (None, None) => return Ok(Map::new()),
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(no_object("it is JSON, but no object".to_owned())),
        Err(error) => Err(no_object(error.to_string())),
    }
}

fn no_object(why: String) -> Failure {
    Failure::Usage {
        message: format!("the data is no JSON object: {why}"),
        fix: Some("write it like --data '{\"name\": \"…\"}'".to_owned()),
    }
}

/// Reads a file, or standard input for `-`.
///
/// # Errors
/// [`Failure::Local`] with what the system said.
pub fn read_file(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let outcome = if path.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .take(BYTES_MAX)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(BYTES_MAX).read_to_string(&mut text))
    };
    match outcome {
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::Local {
            message: format!("cannot read {}: {error}", path.display()),
            fix: None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_are_taken() {
        let given = |text: &str| DataArgs {
            data: Some(text.to_owned()),
            data_file: None,
        };
        assert_eq!(read(&given("{\"a\": 1}")).unwrap()["a"], 1);
        for wrong in ["[]", "1", "{", ""] {
            assert!(
                matches!(read(&given(wrong)), Err(Failure::Usage { .. })),
                "{wrong}"
            );
        }
        let none = DataArgs {
            data: None,
            data_file: None,
        };
        assert!(read(&none).unwrap().is_empty());
    }
}
