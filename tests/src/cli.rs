//! The client commands of the binary, run as a person or an agent would.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::server::binary;

/// A home directory and the variables that client commands read.
pub struct Client {
    home: PathBuf,
    environment: Vec<(&'static str, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Outcome {
    /// What was run.
    pub command: String,
    /// Exit code, -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Client {
    /// Makes a client that finds server and key in its environment.
    pub fn new(home: &Path, url: &str, api_key: &str) -> Self {
        std::fs::create_dir_all(home).expect("a home directory");
        let environment = vec![
            ("POSTHOUSE_URL", url.to_owned()),
            ("POSTHOUSE_API_KEY", api_key.to_owned()),
        ];
        Self {
            home: home.to_path_buf(),
            environment,
        }
    }

    /// Returns the same client without those variables: it has only the profile that `init` wrote.
    pub fn without_environment(self) -> Self {
        Self {
            environment: Vec::new(),
            ..self
        }
    }

    /// Returns the same client with another key.
    pub fn with_key(mut self, key: &str) -> Self {
        self.environment
            .retain(|(name, _)| *name != "POSTHOUSE_API_KEY");
        self.environment.push(("POSTHOUSE_API_KEY", key.to_owned()));
        self
    }

    /// Runs a command without input.
    pub async fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with_input(arguments, "").await
    }

    /// Runs a command that reads the given lines from its standard input, which is no terminal.
    pub async fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(&self.home)
            .kill_on_drop(true);
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("POSTHOUSE_"))
        {
            command.env_remove(name);
        }
        command
            .env("HOME", &self.home)
            .env("XDG_CONFIG_HOME", self.home.join("config"));
        command.envs(
            self.environment
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command.spawn().expect("the posthouse binary starts");
        let mut stdin = process.stdin.take().expect("a pipe");
        // A command that does not read its input has closed it: that is its right.
        drop(stdin.write_all(input.as_bytes()).await);
        drop(stdin);
        let output = tokio::time::timeout(crate::deadline(), process.wait_with_output()).await;
        let output =
            output.unwrap_or_else(|_| panic!("posthouse {} does not end", arguments.join(" ")));
        let output = output.expect("the output of a child");
        Outcome {
            command: format!("posthouse {}", arguments.join(" ")),
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Outcome {
    /// Returns the outcome when it has the exit code that the test expects.
    ///
    /// # Panics
    /// When it has another one; the message shows what the command printed.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        let Self {
            command,
            code: actual,
            stdout,
            stderr,
        } = &self;
        assert_eq!(
            *actual, code,
            "{command}\nexit code {actual}\nstdout:\n{stdout}\nstderr:\n{stderr}"
        );
        self
    }

    /// Returns standard output as JSON.
    ///
    /// # Panics
    /// When it is anything but one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        let parsed = serde_json::from_str(&self.stdout);
        parsed.unwrap_or_else(|error| {
            panic!(
                "{} printed no JSON ({error}): {}",
                self.command, self.stdout
            )
        })
    }

    /// Asserts that standard output shows each of these texts to its reader.
    ///
    /// # Panics
    /// When one is missing.
    #[track_caller]
    pub fn shows(&self, texts: &[&str]) {
        for text in texts {
            assert!(
                self.stdout.contains(text),
                "{} does not show {text:?}:\n{}",
                self.command,
                self.stdout
            );
        }
    }
}
