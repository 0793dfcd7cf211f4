//! The flags of `posthouse serve`, built from the table of settings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::builder::PathBufValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::settings::{Preset, SETTINGS, Setting, Shape};

/// The settings given as flags, still texts.
#[derive(Clone, Debug, Default)]
pub struct ServeFlags {
    /// The TOML file.
    pub config: Option<PathBuf>,
    /// Values by TOML key.
    pub values: BTreeMap<&'static str, Vec<String>>,
}

impl Args for ServeFlags {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(PathBufValueParser::new())
            .help("TOML file with any of these settings [variable: POSTHOUSE_CONFIG]");
        command.arg(config).args(SETTINGS.iter().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ServeFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.config = matches.get_one::<PathBuf>("config").cloned();
        for setting in SETTINGS {
            if setting.shape == Shape::Switch {
                if matches.get_flag(setting.key) {
                    self.values.insert(setting.key, vec!["true".to_owned()]);
                }
            } else if let Some(texts) = matches.get_many::<String>(setting.key) {
                self.values.insert(setting.key, texts.cloned().collect());
            }
        }
        Ok(())
    }
}

fn flag(setting: &'static Setting) -> Arg {
    let arg = Arg::new(setting.key)
        .long(setting.long())
        .help(help(setting));
    match setting.shape {
        Shape::Switch => arg.action(ArgAction::SetTrue),
        Shape::One => arg.action(ArgAction::Set).value_name(setting.value),
        Shape::Many => arg
            .action(ArgAction::Append)
            .value_name(setting.value)
            .value_delimiter(','),
    }
}

fn help(setting: &Setting) -> String {
    let mut text = setting.meaning.to_owned();
    let default = shown(setting.preset);
    let dev = shown(setting.dev_preset);
    match (default, dev) {
        (None, None) => {}
        (Some(default), Some(dev)) if default == dev => {
            text.push_str(&format!(" [default: {default}]"))
        }
        (default, dev) => text.push_str(&format!(
            " [default: {}; with --dev: {}]",
            default.unwrap_or("none"),
            dev.unwrap_or("none")
        )),
    }
    if let Some(reason) = setting.without_effect {
        text.push_str(&format!(" [no effect: {reason}]"));
    }
    text
}

fn shown(preset: Preset) -> Option<&'static str> {
    match preset {
        Preset::Unset => None,
        Preset::Text(text) | Preset::Derived(text) => Some(text),
    }
}
