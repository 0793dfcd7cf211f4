//! Hands over the API key of the first start: to `DATA/first-key`, or in `--dev` to `DATA/dev.json`.
//!
//! Only the hash of a key is stored, so a key that is lost between the commit and the file would be lost for good. Outside
//! `--dev` the key is therefore made and written to `first-key.pending` before the commit, and that file is renamed after it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use posthouse_mailroom::{Mailroom, Refusal};
use rand::Rng;
use rand::distr::Alphanumeric;
use serde_json::{Value, json};

use super::private_file;
use super::ready::Ready;

const FIRST_KEY: &str = "first-key";
const FIRST_KEY_PENDING: &str = "first-key.pending";
const DEV_FILE: &str = "dev.json";

/// Start of every API key.
const KEY_PREFIX: &str = "phk_";
/// Random base62 characters of an API key: 256 bits.
const KEY_CHARACTERS: usize = 43;

/// What the first start made, or an earlier one.
#[derive(Debug)]
pub struct Installation {
    /// Public id of the first application.
    pub application_id: String,
    /// The trial domain.
    pub domain: Option<String>,
    /// A working key of the operator, in `--dev` only.
    pub dev_key: Option<String>,
}

/// Makes what an installation needs, and keeps the key where only this user finds it.
///
/// # Errors
/// When the store refuses, or a file cannot be written.
pub async fn install(mailroom: &Mailroom, data_dir: &Path) -> anyhow::Result<Installation> {
    if mailroom.config().dev {
        install_dev(mailroom, data_dir).await
    } else {
        install_production(mailroom, data_dir).await
    }
}

async fn install_dev(mailroom: &Mailroom, data_dir: &Path) -> anyhow::Result<Installation> {
    let known = read_dev_key(&data_dir.join(DEV_FILE));
    let made = mailroom
        .bootstrap(known.clone())
        .await
        .context("cannot initialise the store")?;
    Ok(Installation {
        application_id: made.application_id,
        domain: made.trial_domain,
        dev_key: made.first_key.or(known),
    })
}

async fn install_production(mailroom: &Mailroom, data_dir: &Path) -> anyhow::Result<Installation> {
    let pending_path = data_dir.join(FIRST_KEY_PENDING);
    let pending = pending_key(&pending_path)?;
    let made = mailroom
        .bootstrap(Some(pending.clone()))
        .await
        .context("cannot initialise the store")?;
    // A start that was killed after its commit has left a key that works.
    if made.first_key.is_some() || is_known(mailroom, &pending).await? {
        let path = data_dir.join(FIRST_KEY);
        std::fs::rename(&pending_path, &path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        tracing::info!(
            "the first API key is in {}; keep it safe and remove the file",
            path.display()
        );
    } else {
        std::fs::remove_file(&pending_path)
            .with_context(|| format!("cannot remove {}", pending_path.display()))?;
    }
    Ok(Installation {
        application_id: made.application_id,
        domain: made.trial_domain,
        dev_key: None,
    })
}

/// Asks the store whether a key works. That it cannot be asked is no answer: the file must stay then, since only a hash of the
/// key is anywhere else.
async fn is_known(mailroom: &Mailroom, key: &str) -> anyhow::Result<bool> {
    match mailroom.authenticate(key).await {
        Ok(_) => Ok(true),
        Err(Refusal::Unauthorized) => Ok(false),
        Err(other) => Err(other).context("cannot tell whether the first API key is in use"),
    }
}

fn pending_key(path: &PathBuf) -> anyhow::Result<String> {
    if let Ok(text) = std::fs::read_to_string(path) {
        return Ok(text.trim().to_owned());
    }
    let random: String = rand::rng()
        .sample_iter(Alphanumeric)
        .take(KEY_CHARACTERS)
        .map(char::from)
        .collect();
    let key = format!("{KEY_PREFIX}{random}");
    private_file::write(path, &format!("{key}\n"))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(key)
}

fn read_dev_key(path: &Path) -> Option<String> {
    let stored: Value = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    stored["api_key"].as_str().map(str::to_owned)
}

/// Writes `dev.json`: what a tool on this machine needs to talk to the development server.
///
/// # Errors
/// What the system said.
pub fn write_dev_file(ready: &Ready, data_dir: &Path) -> anyhow::Result<()> {
    let path = data_dir.join(DEV_FILE);
    let document = json!({
        "url": ready.url(),
        "api_key": ready.dev_key,
        "application_id": ready.application_id,
        "domain": ready.domain,
        "dashboard_url": null,
    });
    private_file::write(&path, &format!("{document:#}\n"))
        .with_context(|| format!("cannot write {}", path.display()))
}
