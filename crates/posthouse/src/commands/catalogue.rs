//! `posthouse commands`: the whole command line as data, for agents and completion scripts.

use clap::{Arg, ArgAction, Command, CommandFactory};
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::output::{Screen, table};

/// Prints every command; needs no server and no profile.
pub fn run(screen: &Screen) {
    let mut root = Cli::command();
    root.build();
    let mut commands = Vec::new();
    collect(&root, "", &mut commands);
    if screen.is_json() {
        screen.text(&json!({ "commands": commands }).to_string());
        return;
    }
    let rows = commands
        .iter()
        .map(|command| {
            vec![
                format!("posthouse {}", text(command, "command")),
                text(command, "about"),
            ]
        })
        .collect();
    screen.text(&table(screen, &["COMMAND", "WHAT IT DOES"], rows));
    screen.text(
        "\nposthouse COMMAND --help tells more; posthouse commands --json lists all arguments.",
    );
}

fn text(command: &Value, name: &str) -> String {
    command[name].as_str().unwrap_or_default().to_owned()
}

fn collect(parent: &Command, prefix: &str, commands: &mut Vec<Value>) {
    for command in parent
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help")
    {
        let path = format!("{prefix}{}", command.get_name());
        if command.has_subcommands() {
            collect(command, &format!("{path} "), commands);
            continue;
        }
        let about = command
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        let arguments: Vec<Value> = command
            .get_arguments()
            .filter(|arg| arg.get_id() != "help")
            .map(describe)
            .collect();
        commands.push(json!({ "command": path, "about": about, "arguments": arguments }));
    }
}

fn describe(arg: &Arg) -> Value {
    let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let value_name = arg
        .get_value_names()
        .and_then(|names| names.first())
        .map(ToString::to_string);
    let defaults: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy().into_owned())
        .collect();
    json!({
        "name": arg.get_long().map_or_else(|| arg.get_id().to_string(), |long| format!("--{long}")),
        "positional": arg.is_positional(),
        "required": arg.is_required_set(),
        "repeatable": matches!(arg.get_action(), ArgAction::Append),
        "value": if takes_value { value_name } else { None },
        "default": if takes_value { defaults.first() } else { None },
        "help": arg.get_help().map(ToString::to_string),
    })
}
