//! Collects settings from the file, the environment and the flags; the last to speak wins, and is remembered.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::flags::ServeFlags;
use super::settings::{SETTINGS, Setting, Shape, VARIABLE_PREFIX, by_key};

/// Variables with our prefix that are not settings of the server.
const OTHER_VARIABLES: [&str; 5] = [
    "POSTHOUSE_CONFIG",
    "POSTHOUSE_URL",
    "POSTHOUSE_API_KEY",
    "POSTHOUSE_ACCOUNT",
    "POSTHOUSE_TEST_CLOCK",
];

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The table of settings.
    Default(&'static str),
    /// A key of the TOML file.
    File(PathBuf, &'static str),
    /// An environment variable.
    Variable(String),
    /// A flag, with its dashes.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default(key) => write!(f, "default of {key}"),
            Self::File(path, key) => write!(f, "{key} in {}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// The texts of one setting, from the highest place that set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// One text, or several for a repeatable setting; never empty.
    pub texts: Vec<String>,
    /// Who said it.
    pub source: Source,
}

/// What was set anywhere, by TOML key, defaults not included.
#[derive(Debug, Default)]
pub struct Layers {
    /// The winning text of each setting.
    pub given: BTreeMap<&'static str, Given>,
    /// Variables that look like settings but are not.
    pub unknown_variables: Vec<String>,
}

/// Returns the variables with our prefix; what else the environment holds is none of our business.
///
/// # Errors
/// A value that is not UTF-8.
pub fn environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<HashMap<String, String>, ConfigError> {
    let mut ours = HashMap::new();
    for (name, text) in variables {
        let Some(name) = name
            .into_string()
            .ok()
            .filter(|name| name.starts_with(VARIABLE_PREFIX))
        else {
            continue;
        };
        let Ok(text) = text.into_string() else {
            return Err(ConfigError::Conflict(format!(
                "{name}: the value is not valid UTF-8"
            )));
        };
        ours.insert(name, text);
    }
    Ok(ours)
}

/// Reads the file, then the environment, then the flags.
///
/// # Errors
/// An unreadable file, a key that no setting has, or a value of the wrong TOML type.
pub fn gather(
    flags: &ServeFlags,
    environment: HashMap<String, String>,
) -> Result<Layers, ConfigError> {
    let mut layers = Layers::default();
    let variable_path = environment
        .get("POSTHOUSE_CONFIG")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    if let Some(path) = flags.config.clone().or(variable_path) {
        add_file(&mut layers, &path)?;
    }
    add_environment(&mut layers, &environment);
    for (key, texts) in &flags.values {
        let flag = format!("--{}", key.replace('_', "-"));
        layers.given.insert(
            key,
            Given {
                texts: texts.clone(),
                source: Source::Flag(flag),
            },
        );
    }
    Ok(layers)
}

fn add_file(layers: &mut Layers, path: &Path) -> Result<(), ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::FileUnreadable {
        path: path.to_owned(),
        cause,
    })?;
    let table: toml::Table = text.parse().map_err(|cause| ConfigError::FileSyntax {
        path: path.to_owned(),
        cause: Box::new(cause),
    })?;
    for (key, value) in &table {
        let Some(setting) = by_key(key) else {
            return Err(ConfigError::UnknownKey {
                path: path.to_owned(),
                key: key.clone(),
                suggestion: nearest(key),
            });
        };
        let source = Source::File(path.to_owned(), setting.key);
        let texts = file_texts(setting, value, &source)?;
        if !texts.is_empty() {
            layers.given.insert(setting.key, Given { texts, source });
        }
    }
    Ok(())
}

fn file_texts(
    setting: &Setting,
    value: &toml::Value,
    source: &Source,
) -> Result<Vec<String>, ConfigError> {
    match (setting.shape, value) {
        (Shape::Many, toml::Value::Array(items)) => {
            items.iter().map(|item| file_text(item, source)).collect()
        }
        (Shape::Many, toml::Value::String(text)) => Ok(split(text)),
        (Shape::Switch, toml::Value::Boolean(on)) => Ok(vec![on.to_string()]),
        (Shape::Switch, other) => Err(wrong_type(other, source, "true or false")),
        (Shape::One | Shape::Many, other) => Ok(vec![file_text(other, source)?]),
    }
}

fn file_text(value: &toml::Value, source: &Source) -> Result<String, ConfigError> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        other => Err(wrong_type(
            other,
            source,
            "a string or an integer, or an array of them where a flag is repeatable",
        )),
    }
}

fn wrong_type(value: &toml::Value, source: &Source, allowed: &'static str) -> ConfigError {
    let reason = format!("it is a TOML {}", value.type_str());
    ConfigError::Invalid {
        source_: source.clone(),
        value: value.to_string(),
        reason,
        allowed,
    }
}

fn add_environment(layers: &mut Layers, environment: &HashMap<String, String>) {
    for setting in SETTINGS {
        let name = setting.variable();
        let Some(text) = environment.get(&name).filter(|text| !text.is_empty()) else {
            continue;
        };
        let texts = if setting.shape == Shape::Many {
            split(text)
        } else {
            vec![text.clone()]
        };
        if !texts.is_empty() {
            layers.given.insert(
                setting.key,
                Given {
                    texts,
                    source: Source::Variable(name),
                },
            );
        }
    }
    let mut unknown: Vec<String> = environment
        .keys()
        .filter(|name| {
            name.starts_with(VARIABLE_PREFIX) && !OTHER_VARIABLES.contains(&name.as_str())
        })
        .filter(|name| !SETTINGS.iter().any(|setting| setting.variable() == **name))
        .cloned()
        .collect();
    unknown.sort();
    layers.unknown_variables = unknown;
}

fn split(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The key somebody meant who wrote it as a flag or in another case.
fn nearest(key: &str) -> Option<&'static str> {
    let folded = key
        .trim_start_matches('-')
        .replace('-', "_")
        .to_ascii_lowercase();
    if let Some(setting) = by_key(&folded) {
        return Some(setting.key);
    }
    let one_longer =
        |setting: &&Setting| setting.key.starts_with(&folded) || folded.starts_with(setting.key);
    SETTINGS
        .iter()
        .find(|setting| folded.len() >= 3 && one_longer(setting))
        .map(|setting| setting.key)
}
