//! The Posthouse binary: the server and the command line that talks to one.
//!
//! - [`config`]: the settings of `posthouse serve` and their reference page
//! - [`serve`]: the composition root
//! - [`cli`], [`commands`]: what can be typed, and what it does
//! - [`client`]: the HTTP client of the API that all other commands are
//! - [`output`]: what people and programs get to see

mod cli;
mod client;
mod commands;
mod config;
mod output;
mod serve;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use client::Failure;
use output::Screen;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain_usage(&error),
    };
    match cli.command {
        Command::Serve(flags) => serve::run(&flags),
        Command::ConfigReference => {
            output::write(&config::markdown());
            ExitCode::SUCCESS
        }
        Command::OpenApi => {
            output::write(&posthouse_api::openapi::page());
            ExitCode::SUCCESS
        }
        Command::Admin(args) => serve::administer(args.command),
        command => run_client(command),
    }
}

fn run_client(command: Command) -> ExitCode {
    let screen = Screen::new(command.wants_json());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(commands::run(command, &screen)),
        Err(error) => Err(Failure::Local {
            message: format!("cannot start: {error}"),
            fix: None,
        }),
    };
    let outcome = outcome.and_then(|()| match output::lost() {
        Some(message) => Err(Failure::Local { message, fix: None }),
        None => Ok(()),
    });
    screen.warnings(&client::warnings());
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            screen.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Usage errors are JSON too for who asked for JSON; help and version are not errors.
fn explain_usage(error: &clap::Error) -> ExitCode {
    let asked_for_json = std::env::args_os().any(|argument| argument == "--json");
    if error.use_stderr() && asked_for_json {
        let text = error.render().to_string();
        // The first paragraph: what is missing or possible stands in lines of its own.
        let lines = text.lines().map(str::trim);
        let paragraph: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
        let message = paragraph.join(" ").trim_start_matches("error: ").to_owned();
        Screen::new(true).failure(&Failure::Usage {
            message,
            fix: Some("posthouse --help".to_owned()),
        });
        return ExitCode::from(client::EXIT_USAGE);
    }
    // Nothing can be done about a closed terminal.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(client::EXIT_USAGE)
    } else {
        ExitCode::SUCCESS
    }
}
