//! Posthouse itself, as `serve --dev` starts it, and the few API calls the workloads need.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::process::Process;
use crate::http::Client;
use crate::limits::READY_WAIT_MAX;

/// A running Posthouse.
#[derive(Debug)]
pub struct Posthouse {
    /// The server's only process.
    pub process: Process,
    /// Where it accepts mail.
    pub smtp: SocketAddr,
    /// Where its API is.
    pub http: SocketAddr,
    /// Key of the first application.
    pub api_key: String,
    /// The trial domain.
    pub domain: String,
    /// From the start of the process until the ready file was there.
    pub start_time: Duration,
}

/// An account made for a workload.
#[derive(Debug, Clone)]
pub struct Account {
    /// The grant's id.
    pub id: String,
    /// Its address.
    pub email: String,
}

#[derive(Deserialize)]
struct Ready {
    http: String,
    smtp: String,
    api_key: String,
    domain: String,
}

impl Posthouse {
    /// Starts the binary on `data`, which may already hold a store, with every listener on a free port.
    pub fn start(binary: &Path, data: &Path) -> Result<Self> {
        Self::start_on(binary, data, "sqlite")
    }

    /// The same on another database than the embedded one.
    pub fn start_on(binary: &Path, data: &Path, database: &str) -> Result<Self> {
        Self::start_with(binary, data, &["--database", database])
    }

    /// The same with further flags.
    pub fn start_with(binary: &Path, data: &Path, flags: &[&str]) -> Result<Self> {
        ensure!(
            binary.is_file(),
            "no Posthouse binary at {} (build it: cargo build --profile dist)",
            binary.display()
        );
        fs::create_dir_all(data)?;
        let ready_file: PathBuf = data.with_extension("ready");
        let _ = fs::remove_file(&ready_file);
        let mut command = Command::new(binary);
        command.args([
            "serve",
            "--dev",
            "--http",
            "127.0.0.1:0",
            "--smtp",
            "127.0.0.1:0",
        ]);
        command.args([
            "--submission",
            "off",
            "--submissions",
            "off",
            "--imap",
            "off",
            "--imaps",
            "off",
        ]);
        command
            .arg("--data-dir")
            .arg(data)
            .arg("--ready-file")
            .arg(&ready_file)
            .args(flags);
        let begun = Instant::now();
        let mut process = Process::start(command, &data.with_extension("log"))?;
        process.wait_until(READY_WAIT_MAX, || ready_file.exists())?;
        let start_time = begun.elapsed();
        let text = fs::read_to_string(&ready_file)?;
        let ready: Ready = serde_json::from_str(&text)
            .with_context(|| format!("reading the ready file: {text}"))?;
        Ok(Self {
            process,
            smtp: address(&ready.smtp)?,
            http: address(&ready.http)?,
            api_key: ready.api_key,
            domain: ready.domain,
            start_time,
        })
    }

    /// Opens a connection to the API.
    pub fn client(&self) -> Result<Client> {
        Client::open(self.http, &self.api_key)
    }

    /// Returns the account `name@` the trial domain, if there is one.
    pub fn find_account(&self, client: &mut Client, name: &str) -> Result<Option<Account>> {
        let email = format!("{name}@{}", self.domain);
        let found = client.get(&format!("/v3/grants?limit=1&email={email}"))?;
        ensure!(found.is_success(), "looking for {email}: {}", found.text());
        let found: Value = serde_json::from_slice(&found.body)?;
        let id = found["data"][0]["id"].as_str().map(ToOwned::to_owned);
        Ok(id.map(|id| Account { id, email }))
    }

    /// Creates the account `name@` the trial domain.
    pub fn create_account(&self, client: &mut Client, name: &str) -> Result<Account> {
        let email = format!("{name}@{}", self.domain);
        let answer = client.post(
            "/v3/connect/custom",
            &json!({"provider": "nylas", "settings": {"email": &email}}),
        )?;
        ensure!(answer.is_success(), "creating {email}: {}", answer.text());
        let body: Value = serde_json::from_slice(&answer.body)?;
        let id = body["data"]["id"]
            .as_str()
            .context("no data.id in the answer to an account creation")?;
        Ok(Account {
            id: id.to_owned(),
            email,
        })
    }

    /// Creates `count` accounts called `name` and a number.
    pub fn create_accounts(&self, name: &str, count: u32) -> Result<Vec<Account>> {
        let mut client = self.client()?;
        (0..count)
            .map(|number| self.create_account(&mut client, &format!("{name}{number:02}")))
            .collect()
    }

    /// Counts the messages that the API shows in the inboxes of `accounts`.
    pub fn messages(&self, client: &mut Client, accounts: &[Account]) -> Result<u64> {
        let mut count = 0;
        for account in accounts {
            let answer = client.get(&format!("/v3/grants/{}/folders", account.id))?;
            ensure!(answer.is_success(), "listing folders: {}", answer.text());
            let body: Value = serde_json::from_slice(&answer.body)?;
            let folders = body["data"]
                .as_array()
                .context("no folders in the answer")?;
            let inbox = folders.iter().find(|folder| {
                let named = folder["name"]
                    .as_str()
                    .is_some_and(|name| name.eq_ignore_ascii_case("inbox"));
                let attributes = folder["attributes"].as_array();
                named
                    || attributes
                        .is_some_and(|all| all.iter().any(|one| one.as_str() == Some("\\Inbox")))
            });
            count += inbox.context("no inbox")?["total_count"]
                .as_u64()
                .context("no total_count of the inbox")?;
        }
        Ok(count)
    }

    /// Ends the server politely.
    pub fn stop(mut self) -> Result<()> {
        let status = self.process.stop()?;
        if !status.success() {
            bail!("posthouse ended with {status}");
        }
        Ok(())
    }
}

fn address(text: &str) -> Result<SocketAddr> {
    let bare = text.trim_start_matches("http://").trim_end_matches('/');
    bare.parse()
        .with_context(|| format!("`{text}` in the ready file is no address"))
}
