//! What the operator said, in the words of each crate.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use posthouse_api::{ApiConfig, ReadinessCheck};
use posthouse_mailroom::MailroomConfig;
use posthouse_net::tls::Certificates;
use posthouse_smtp::SmtpConfig;
use posthouse_store::StoreConfig;
use posthouse_webhooks::WebhooksConfig;

use super::{instance_key, metrics, parts, peer_limits, tls};
use crate::config::{Blobs, Config, Database};

/// Name of the instance key in the data directory.
const INSTANCE_KEY: &str = "instance-key";
/// Connections that read the embedded database at once.
const STORE_READERS: usize = 4;
/// Cost of bcrypt for app passwords: about a quarter of a second.
const BCRYPT_COST: u32 = 12;
/// The same with `--dev`, where accounts are made by the dozen.
const BCRYPT_COST_DEV: u32 = 6;
/// Time for mail sessions and webhook calls to end after the stop, with some left to note how they ended.
const DRAIN: Duration = Duration::from_secs(6);

const _: () = assert!(DRAIN.as_millis() < parts::DRAIN_DEADLINE.as_millis());

/// Where the store is.
pub fn store(config: &Config, data_dir: &Path) -> StoreConfig {
    StoreConfig {
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
    }
}

/// What the use cases go by.
///
/// # Errors
/// When the instance key cannot be read or made.
pub fn mailroom(config: &Config, data_dir: &Path) -> anyhow::Result<MailroomConfig> {
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

/// The HTTP door.
pub fn api(config: &Config, readiness: ReadinessCheck, figures: &PrometheusHandle) -> ApiConfig {
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

/// The SMTP door.
///
/// # Errors
/// When its certificate cannot be used.
pub fn smtp(config: &Config, certificates: &Arc<Certificates>) -> anyhow::Result<SmtpConfig> {
    let mut smtp = SmtpConfig::new(&config.hostname);
    smtp.tls = Some(tls::for_mail(certificates).context("cannot set up STARTTLS")?);
    smtp.drain_deadline = DRAIN;
    if config.dev {
        // Everybody is on loopback here, and nobody harvests addresses.
        smtp.loopback_is_exempt = true;
        smtp.unknown_recipient_delay = Duration::ZERO;
    }
    Ok(smtp)
}

/// The webhook worker.
pub fn webhooks(config: &Config) -> WebhooksConfig {
    WebhooksConfig {
        attempts_max: config.webhook_attempts,
        drain: DRAIN,
        ..WebhooksConfig::default()
    }
}
