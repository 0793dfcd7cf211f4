//! What can be wrong with the settings, said so that the reader can mend it at once.

use std::path::PathBuf;

use super::layers::Source;

/// A setting that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named by `--config` cannot be read.
    #[error("cannot read the configuration file {}: {cause}", path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not valid TOML: {cause}", path.display())]
    FileSyntax {
        /// The file.
        path: PathBuf,
        /// Line, column and reason.
        cause: Box<toml::de::Error>,
    },
    /// A key of the file that no setting has.
    #[error("{}: unknown key `{key}`{}; `posthouse config-reference` lists all keys", path.display(), suggestion.map(|known| format!(", did you mean `{known}`?")).unwrap_or_default())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key as written.
        key: String,
        /// The setting that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// A value of a known setting.
    #[error("{source_}: invalid value `{value}`: {reason}; allowed: {allowed}")]
    Invalid {
        /// Where it was set.
        source_: Source,
        /// The value as written.
        value: String,
        /// What is wrong with it.
        reason: String,
        /// What may be written.
        allowed: &'static str,
    },
    /// Two settings that do not go together.
    #[error("{0}")]
    Conflict(String),
}
