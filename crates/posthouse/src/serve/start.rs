//! Puts the parts together, in the order in which each needs the ones before.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use posthouse_api::ApiConfig;
use posthouse_mailroom::{Mailroom, MailroomConfig};
use posthouse_smtp::SmtpConfig;
use posthouse_store::{Store, StoreConfig};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::data_dir::DataDir;
use super::first_key::Installation;
use super::listeners::{Listeners, address};
use super::parts::{self, Parts, Signals};
use super::ready::Ready;
use super::{
    clock, first_key, health, housekeeping, instance_key, metrics, outward, peer_limits,
    private_file, quick_start, tls,
};
use crate::config::{Blobs, Config, Database, Role};

/// Name of the instance key in the data directory.
const INSTANCE_KEY: &str = "instance-key";
/// Connections that read the embedded database at once.
const STORE_READERS: usize = 4;
/// Cost of bcrypt for app passwords: about a quarter of a second.
const BCRYPT_COST: u32 = 12;
/// The same with `--dev`, where accounts are made by the dozen.
const BCRYPT_COST_DEV: u32 = 6;

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
    let figures = metrics::install()?;
    private_file::only_for_this_user();
    let data_dir = DataDir::open(&config.data_dir)?;
    let listeners = Listeners::bind(&config)?;
    let store = open_store(&config, data_dir.path()).await?;
    let mailroom = Mailroom::new(store.clone(), mailroom_config(&config, data_dir.path())?);
    mailroom.reach_out_with(outward::client(&config)?, config.public_ip.clone());
    let installation = first_key::install(&mailroom, data_dir.path()).await?;
    let ready = describe(&listeners, installation);

    let stop = CancellationToken::new();
    let mut parts = Parts::new(stop.clone());
    let health = health::check(store.clone(), data_dir.path(), stop.clone());
    parts.add("metrics", metrics::keep_up(figures.clone(), stop.clone()));
    if let Some(listener) = listeners.http {
        let api = api_config(&config, health, &figures);
        parts.add(
            "the API",
            serve_api(listener, api, mailroom.clone(), stop.clone()),
        );
    }
    if let Some(listener) = listeners.smtp {
        let smtp = smtp_config(&config, data_dir.path())?;
        parts.add(
            "SMTP",
            posthouse_smtp::serve(listener, Arc::new(smtp), mailroom.clone(), stop.clone()),
        );
        parts.add(
            "receipts",
            housekeeping::drop_receipts(mailroom.clone(), stop.clone()),
        );
    }
    if config.roles.include(Role::Jobs) {
        parts.add("jobs", housekeeping::expire(mailroom.clone(), stop.clone()));
    }
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
    let store_config = StoreConfig {
        database: match &config.database {
            Database::Sqlite => "sqlite".to_owned(),
            Database::Postgres(url) => url.clone(),
        },
        blobs: match &config.blobs {
            Blobs::Directory => "file".to_owned(),
            Blobs::S3(url) => url.clone(),
        },
        data_dir: data_dir.to_owned(),
        readers_max: STORE_READERS,
    };
    Store::open(&store_config, clock::clock())
        .await
        .context("cannot open the store")
}

fn mailroom_config(config: &Config, data_dir: &Path) -> anyhow::Result<MailroomConfig> {
    let key_path = config
        .instance_key
        .clone()
        .unwrap_or_else(|| data_dir.join(INSTANCE_KEY));
    Ok(MailroomConfig {
        hostname: config.hostname.clone(),
        dev: config.dev,
        trial_domain: config.trial_domain.clone(),
        region: config.region.clone(),
        instance_key: instance_key::load_or_make(&key_path)?,
        bcrypt_cost: if config.dev {
            BCRYPT_COST_DEV
        } else {
            BCRYPT_COST
        },
    })
}

fn api_config(
    config: &Config,
    readiness: posthouse_api::ReadinessCheck,
    figures: &PrometheusHandle,
) -> ApiConfig {
    ApiConfig {
        path_prefix: String::new(),
        connections: peer_limits::connections(),
        authentication_failures: peer_limits::authentication_failures(),
        readiness,
        metrics: metrics::render(figures),
        metrics_peers: config.metrics_peer.clone(),
        metrics_token: config.metrics_token.clone(),
    }
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

fn smtp_config(config: &Config, data_dir: &Path) -> anyhow::Result<SmtpConfig> {
    let mut smtp = SmtpConfig::new(&config.hostname);
    smtp.tls = Some(tls::for_mail(config, data_dir).context("cannot set up STARTTLS")?);
    smtp.drain_deadline = parts::DRAIN_DEADLINE;
    if config.dev {
        // Everybody is on loopback here, and nobody harvests addresses.
        smtp.loopback_is_exempt = true;
        smtp.unknown_recipient_delay = Duration::ZERO;
    }
    Ok(smtp)
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

/// Tells supervisors, tools and people, in this order.
fn announce(config: &Config, ready: &Ready, data_dir: &Path) -> anyhow::Result<()> {
    if config.dev {
        first_key::write_dev_file(ready, data_dir)?;
    }
    if let Some(path) = &config.ready_file {
        ready.write(path)?;
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
    Ok(())
}
