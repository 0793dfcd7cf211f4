//! Which server, with which key: the environment, else the file that `posthouse init` wrote.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Failure;

/// A server and a key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Base URL without a trailing slash.
    pub url: String,
    /// The key.
    pub api_key: String,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("url", &self.url)
            .field("api_key", &"***")
            .finish()
    }
}

/// Where a profile came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Both variables.
    Environment,
    /// The file, perhaps with one variable over it.
    File(PathBuf),
}

impl Profile {
    /// Checks a URL and a key as a person would write them.
    ///
    /// # Errors
    /// [`Failure::Usage`] when the URL is none, or the key cannot be sent in a header.
    pub fn new(url: &str, api_key: &str) -> Result<Self, Failure> {
        let trimmed = url.trim().trim_end_matches('/');
        let trimmed = trimmed.strip_suffix("/v3").unwrap_or(trimmed);
        let host = trimmed
            .strip_prefix("http://")
            .or_else(|| trimmed.strip_prefix("https://"));
        if host.is_none_or(str::is_empty) {
            return Err(Failure::Usage {
                message: format!("`{url}` is not the URL of a server"),
                fix: Some("write it like http://127.0.0.1:8025".to_owned()),
            });
        }
        let key = api_key.trim();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::Usage {
                message: "the API key is empty or has spaces in it".to_owned(),
                fix: None,
            });
        }
        Ok(Self {
            url: trimmed.to_owned(),
            api_key: key.to_owned(),
        })
    }

    /// Finds the profile: POSTHOUSE_URL and POSTHOUSE_API_KEY, else the file.
    ///
    /// # Errors
    /// [`Failure::Usage`] when neither says enough, [`Failure::Local`] when the file cannot be read.
    pub fn find() -> Result<(Self, Origin), Failure> {
        let url = variable("POSTHOUSE_URL");
        let key = variable("POSTHOUSE_API_KEY");
        if let (Some(url), Some(key)) = (&url, &key) {
            return Ok((Self::new(url, key)?, Origin::Environment));
        }
        let path = Self::path()?;
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(not_set_up(url.is_some(), key.is_some()));
            }
            Err(error) => {
                let message = format!("cannot read the profile {}: {error}", path.display());
                return Err(Failure::Local {
                    message,
                    fix: Some("posthouse init".to_owned()),
                });
            }
        };
        let stored: Self = toml::from_str(&text).map_err(|error| Failure::Local {
            message: format!(
                "the profile {} is damaged: {}",
                path.display(),
                error.message()
            ),
            fix: Some("write it anew: posthouse init".to_owned()),
        })?;
        // The stored key belongs to the stored server: it is not sent to another one that a variable names.
        if let Some(other) = &url
            && Self::new(other, &stored.api_key)?.url != stored.url
        {
            return Err(not_set_up(true, false));
        }
        let profile = Self::new(
            url.as_deref().unwrap_or(&stored.url),
            key.as_deref().unwrap_or(&stored.api_key),
        )?;
        Ok((profile, Origin::File(path)))
    }

    /// Writes the file, readable by its owner only, in place of an earlier one.
    ///
    /// # Errors
    /// [`Failure::Local`] with what the system said.
    pub fn save(&self) -> Result<PathBuf, Failure> {
        let path = Self::path()?;
        let failed = |error: std::io::Error| Failure::Local {
            message: format!("cannot write the profile {}: {error}", path.display()),
            fix: None,
        };
        let text = toml::to_string(self).expect("two strings are always TOML");
        let directory = path.parent().expect("the profile is in a directory");
        std::fs::create_dir_all(directory).map_err(failed)?;
        let draft = directory.join(format!(".profile.{}", std::process::id()));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(&draft).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        std::fs::rename(&draft, &path).map_err(failed)?;
        Ok(path)
    }

    /// Where the file is: `$XDG_CONFIG_HOME/posthouse/profile.toml` or its like on other systems.
    ///
    /// # Errors
    /// [`Failure::Local`] when the user has no home directory.
    pub fn path() -> Result<PathBuf, Failure> {
        let directories =
            directories::ProjectDirs::from("", "", "posthouse").ok_or_else(|| Failure::Local {
                message: "there is no home directory to keep a profile in".to_owned(),
                fix: Some("set POSTHOUSE_URL and POSTHOUSE_API_KEY".to_owned()),
            })?;
        Ok(directories.config_dir().join("profile.toml"))
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .filter(|text| !text.trim().is_empty())
}

fn not_set_up(url_set: bool, key_set: bool) -> Failure {
    let message = match (url_set, key_set) {
        (true, _) => "POSTHOUSE_URL is set, but there is no API key for it",
        (false, true) => "POSTHOUSE_API_KEY is set, but not POSTHOUSE_URL",
        (false, false) => "this command does not know a server yet",
    };
    Failure::Usage {
        message: message.to_owned(),
        fix: Some("posthouse init, or set POSTHOUSE_URL and POSTHOUSE_API_KEY".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_taken_with_or_without_slash_and_version() {
        for url in [
            "http://127.0.0.1:8025",
            "http://127.0.0.1:8025/",
            " http://127.0.0.1:8025/v3/ ",
        ] {
            assert_eq!(
                Profile::new(url, "phk_x").expect("valid").url,
                "http://127.0.0.1:8025"
            );
        }
        assert_eq!(
            Profile::new("https://x.example/mail", "phk_x")
                .expect("valid")
                .url,
            "https://x.example/mail"
        );
    }

    #[test]
    fn what_is_not_a_url_or_a_key_is_a_usage_error() {
        for (url, key) in [
            ("127.0.0.1:8025", "k"),
            ("http://", "k"),
            ("http://x", ""),
            ("http://x", "a b"),
            ("http://x", "a\nb"),
        ] {
            assert!(
                matches!(Profile::new(url, key), Err(Failure::Usage { .. })),
                "{url} {key}"
            );
        }
    }

    #[test]
    fn debug_output_hides_the_key() {
        let profile = Profile::new("http://x", "phk_secret").expect("valid");
        assert!(!format!("{profile:?}").contains("secret"));
    }
}
