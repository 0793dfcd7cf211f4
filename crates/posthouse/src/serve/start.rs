//! Puts the parts together, in the order in which each needs the ones before.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use posthouse_api::ApiConfig;
use posthouse_mailroom::Mailroom;
use posthouse_net::http::GuardedClient;
use posthouse_smtp::SmtpConfig;
use posthouse_store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::data_dir::DataDir;
use super::first_key::Installation;
use super::listeners::{Listeners, address};
use super::parts::{self, Parts, Signals};
use super::ready::Ready;
use super::{
    clock, crates, first_key, health, housekeeping, local_mail, metrics, outward, private_file,
    quick_start, schedules, search,
};
use crate::config::{Config, Role};

/// Runs the server until a signal.
///
/// # Errors
/// Why it could not start, or which part died.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    posthouse_net::tls::install_provider();
    private_file::only_for_this_user();
    let figures = metrics::install()?;
    let data_dir = DataDir::open(&config.data_dir)?;
    if let Some(path) = &config.ready_file {
        Ready::withdraw(path)?;
    }
    let listeners = Listeners::bind(&config)?;
    let store = open_store(&config, data_dir.path()).await?;
    if let Some(problem) = health::blobs_problem(&store).await {
        tracing::error!("large messages cannot be stored, see --blobs: {problem}");
    }
    let mailroom = Mailroom::new(store.clone(), crates::mailroom(&config, data_dir.path())?);
    let client = outward::client(&config)?;
    mailroom.reach_out_with(client.clone(), config.public_ip.clone());
    if config.captures_mail {
        mailroom.capture_outgoing();
    }
    let installation = first_key::install(&mailroom, data_dir.path()).await?;
    let ready = describe(&listeners, installation);

    let stop = CancellationToken::new();
    let api = crates::api(
        &config,
        health::check(store.clone(), data_dir.path(), stop.clone()),
        &figures,
    );
    let smtp = crates::smtp(&config, data_dir.path())?;
    let parts = start_parts(
        &config,
        listeners,
        (api, smtp),
        &mailroom,
        client,
        figures,
        stop,
    );
    announce(&config, &ready, data_dir.path())?;
    let outcome = parts.run_until_signal(signals).await;
    if tokio::time::timeout(parts::STORE_CLOSE_DEADLINE, store.close())
        .await
        .is_err()
    {
        tracing::warn!("the store did not close in time; nothing acknowledged is lost");
    }
    outcome
}

async fn open_store(config: &Config, data_dir: &Path) -> anyhow::Result<Store> {
    let place = crates::store(config, data_dir);
    Store::open(&place, clock::clock())
        .await
        .context("cannot open the store")
}

fn start_parts(
    config: &Config,
    listeners: Listeners,
    (api, smtp): (ApiConfig, SmtpConfig),
    mailroom: &Mailroom,
    client: GuardedClient,
    figures: PrometheusHandle,
    stop: CancellationToken,
) -> Parts {
    let mut parts = Parts::new(stop.clone());
    parts.add("metrics", metrics::keep_up(figures, stop.clone()));
    if let Some(listener) = listeners.http {
        parts.add(
            "the API",
            serve_api(listener, api, mailroom.clone(), stop.clone()),
        );
    }
    if let Some(listener) = listeners.smtp {
        let mx = posthouse_smtp::serve(listener, Arc::new(smtp), mailroom.clone(), stop.clone());
        parts.add("SMTP", mx);
        parts.add(
            "receipts",
            housekeeping::drop_receipts(mailroom.clone(), stop.clone()),
        );
    }
    if config.roles.include(Role::Webhooks) {
        let worker = posthouse_webhooks::run(
            mailroom.clone(),
            client,
            crates::webhooks(config),
            stop.clone(),
        );
        parts.add("webhooks", worker);
    }
    if config.roles.include(Role::Delivery) {
        let worker = local_mail::deliver(mailroom.clone(), stop.clone());
        parts.add("mail between mailboxes here", worker);
    }
    if config.roles.include(Role::Jobs) {
        parts.add("search", search::index(mailroom.clone(), stop.clone()));
        parts.add(
            "scheduled mail",
            schedules::release(mailroom.clone(), stop.clone()),
        );
        parts.add("jobs", housekeeping::expire(mailroom.clone(), stop.clone()));
        parts.add(
            "orphans",
            housekeeping::remove_orphans(mailroom.clone(), stop),
        );
    }
    parts
}

async fn serve_api(
    listener: TcpListener,
    config: ApiConfig,
    mailroom: Mailroom,
    stop: CancellationToken,
) {
    if let Err(error) = posthouse_api::serve(listener, config, mailroom, stop).await {
        tracing::error!(%error, "the API stopped: {error}");
    }
}

fn describe(listeners: &Listeners, installation: Installation) -> Ready {
    Ready {
        http: address(listeners.http.as_ref()),
        smtp: address(listeners.smtp.as_ref()),
        dev_key: installation.dev_key,
        application_id: installation.application_id,
        domain: installation.domain,
    }
}

/// Tells people, then supervisors: whoever has seen the ready file finds everything else said.
fn announce(config: &Config, ready: &Ready, data_dir: &Path) -> anyhow::Result<()> {
    if config.dev {
        first_key::write_dev_file(ready, data_dir)?;
    }
    let shown = |address: Option<SocketAddr>| {
        address.map_or_else(|| "off".to_owned(), |address| address.to_string())
    };
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        http = shown(ready.http),
        smtp = shown(ready.smtp),
        "Posthouse is ready"
    );
    if config.dev {
        quick_start::print(ready);
    }
    if let Some(path) = &config.ready_file {
        ready.write(path)?;
    }
    Ok(())
}
