//! `posthouse admin`: use cases on the server's own store, beside a server that runs or without one.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use posthouse_mailroom::Mailroom;
use posthouse_store::Store;
use serde_json::json;

use super::{clock, crates, parts, private_file};
use crate::cli::{AdminCommand, ServiceAccountCommand};
use crate::client::EXIT_USAGE;
use crate::config::Config;
use crate::output;

/// Runs one command to its end.
pub fn run(command: AdminCommand) -> ExitCode {
    let AdminCommand::ServiceAccount { command } = command;
    let flags = match &*command {
        ServiceAccountCommand::Create { store, .. }
        | ServiceAccountCommand::List { store }
        | ServiceAccountCommand::Revoke { store, .. } => store,
    };
    let config = match Config::load(flags) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start the runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(service_account(&config, &command));
    runtime.shutdown_timeout(parts::BLOCKED_THREAD_PATIENCE);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn service_account(config: &Config, command: &ServiceAccountCommand) -> anyhow::Result<()> {
    private_file::only_for_this_user();
    let store = open(config).await?;
    let mailroom = Mailroom::new(store.clone(), crates::mailroom(config, &config.data_dir)?);
    let outcome = act(&mailroom, command).await;
    store.close().await;
    outcome
}

async fn act(mailroom: &Mailroom, command: &ServiceAccountCommand) -> anyhow::Result<()> {
    match command {
        ServiceAccountCommand::Create { name, output, .. } => {
            let file = mailroom.create_service_account(name).await?;
            match output {
                Some(path) => private_file::write(path, &file.to_json())
                    .with_context(|| format!("cannot write {}", path.display()))?,
                None => output::write(&file.to_json()),
            }
        }
        ServiceAccountCommand::List { .. } => {
            let accounts = mailroom.list_service_accounts().await?;
            output::write(&format!("{:#}\n", json!({ "data": accounts })));
        }
        ServiceAccountCommand::Revoke { key_id, .. } => {
            let revoked = mailroom.revoke_service_account(key_id).await;
            revoked.context("no service account with this key, or revoked before")?;
            output::write(&format!("Revoked {key_id}.\n"));
        }
    }
    Ok(())
}

/// Opens the store of a server that has been started before; this is no way to make one.
async fn open(config: &Config) -> anyhow::Result<Store> {
    expect_server(&config.data_dir)?;
    let place = crates::store(config, &config.data_dir);
    Store::open(&place, clock::clock())
        .await
        .context("cannot open the store")
}

fn expect_server(data_dir: &Path) -> anyhow::Result<()> {
    if data_dir.join("lock").exists() {
        return Ok(());
    }
    bail!(
        "{} is not the data directory of a server; name the one that `posthouse serve` uses with --data-dir",
        data_dir.display()
    );
}
