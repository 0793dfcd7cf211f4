//! Certificates while the server runs: ordered ones are renewed, the operator's files are read again when they change.

use std::fs::Metadata;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use posthouse_mailroom::Mailroom;
use posthouse_mailroom::certificates::Authority;
use posthouse_net::acme::Proof;
use posthouse_net::tls::Certificates;
use tokio_util::sync::CancellationToken;

use super::outward::Outward;
use super::parts::Parts;
use crate::config::{Config, Database, Role, TlsFiles};

/// How often is looked at what is due, or what another process has ordered.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// How often the operator's files are looked at.
const FILES_INTERVAL: Duration = Duration::from_secs(5);

/// Who issues certificates, if the operator named somebody.
pub fn authority(
    config: &Config,
    outward: &Outward,
    shown: &Arc<Certificates>,
) -> Option<Authority> {
    let acme = config.acme.as_ref()?;
    Some(Authority {
        directory: acme.directory.clone(),
        contact: acme.contact.clone(),
        client: outward.client.clone(),
        proofs: proofs(config),
        certificates: Arc::clone(shown),
    })
}

/// Over TLS first, as that needs no proxy and no port but the one that is open anyway. Where several processes share a
/// database an authority may come to any of them, and files are what all have at once.
fn proofs(config: &Config) -> Vec<Proof> {
    let http = config.http.is_some().then_some(Proof::Http);
    let tls = config.https.is_some().then_some(Proof::TlsAlpn);
    let preferred = match config.database {
        Database::Sqlite => [tls, http],
        Database::Postgres(_) => [http, tls],
    };
    preferred.into_iter().flatten().collect()
}

/// Starts what this process has to do.
pub fn start(
    config: &Config,
    parts: &mut Parts,
    mailroom: &Mailroom,
    shown: &Arc<Certificates>,
    stop: &CancellationToken,
) {
    if let Some(files) = &config.tls {
        let watch = watch(files.clone(), Arc::clone(shown), stop.clone());
        parts.add("certificate files", watch);
    }
    if config.acme.is_none() {
        return;
    }
    if config.roles.include(Role::Jobs) {
        parts.add("certificates", order(mailroom.clone(), stop.clone()));
    } else {
        parts.add("certificates", follow(mailroom.clone(), stop.clone()));
    }
}

/// Orders and renews until the stop. Several processes may do it at once.
async fn order(mailroom: Mailroom, stop: CancellationToken) {
    if let Err(error) = mailroom.recover_certificates().await {
        tracing::warn!("cannot take over orders that a former process held: {error}");
    }
    while !stop.is_cancelled() {
        let step = tokio::select! {
            // An order that is cut off is gone on with at the next start.
            () = stop.cancelled() => return,
            step = mailroom.tend_certificates() => step,
        };
        let pause = match step {
            Ok(next_us) => until(&mailroom, next_us),
            Err(error) => {
                tracing::warn!("cannot look after certificates, trying again: {error}");
                LOOK_INTERVAL
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Shows what other processes order.
async fn follow(mailroom: Mailroom, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = mailroom.show_certificates().await {
            tracing::warn!("cannot look for new certificates, trying again: {error}");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
    }
}

fn until(mailroom: &Mailroom, next_us: Option<i64>) -> Duration {
    let ahead = next_us.map_or(i64::MAX, |next| {
        next.saturating_sub(mailroom.clock().unix_us())
    });
    Duration::from_micros(u64::try_from(ahead).unwrap_or(0)).min(LOOK_INTERVAL)
}

/// Reads the operator's files again when they change, until the stop. What cannot be used is said once and not shown.
async fn watch(files: TlsFiles, shown: Arc<Certificates>, stop: CancellationToken) {
    let mut seen = looks(&files).await;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(FILES_INTERVAL) => {}
        }
        let now = looks(&files).await;
        if now == seen {
            continue;
        }
        seen = now;
        let (certificates, again) = (Arc::clone(&shown), files.clone());
        let read = move || certificates.reload(&again.cert, &again.key);
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(())) => tracing::info!(
                tls.cert = %files.cert.display(),
                "the certificate has changed and is shown from now on"
            ),
            Ok(Err(error)) => tracing::warn!(
                "the certificate has changed and cannot be used, the former one is shown further on: {error}"
            ),
            Err(error) => tracing::error!("reading the certificate failed: {error}"),
        }
    }
}

/// What tells one state of the two files from another.
async fn looks(files: &TlsFiles) -> [Option<(u64, SystemTime)>; 2] {
    [look(&files.cert).await, look(&files.key).await]
}

async fn look(path: &Path) -> Option<(u64, SystemTime)> {
    let metadata: Metadata = tokio::fs::metadata(path).await.ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}
