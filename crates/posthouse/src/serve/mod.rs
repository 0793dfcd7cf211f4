//! The composition root.

use std::process::ExitCode;

use crate::config::{Config, ServeFlags};

/// Runs the server until it is told to stop.
pub fn run(flags: &ServeFlags) -> ExitCode {
    match Config::load(flags) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(crate::client::EXIT_USAGE)
        }
    }
}
