//! What `/readyz` asks: does the store answer, is there room, are we staying; and what it remarks on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use posthouse_api::{Readiness, ReadinessCheck};
use posthouse_mailroom::Mailroom;
use posthouse_store::{Store, StoreError, Tx};
use tokio_util::sync::CancellationToken;

/// Longest wait for the store's answer.
const STORE_DEADLINE: Duration = Duration::from_secs(2);
/// Longest wait for the answer of the place where large messages go.
const BLOBS_DEADLINE: Duration = Duration::from_secs(2);
/// Free bytes of the data directory below which no traffic is wanted.
const FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;

/// Names whose certificates are remarked on.
const CERTIFICATE_NOTES_MAX: usize = 5;

/// What `/readyz` says of it. No reason to take the traffic away: reading and all other mail go on.
const BLOBS_NOTE: &str = "the blob store does not answer: large messages are deferred";

/// Returns why large messages cannot be stored, if so.
pub async fn blobs_problem(store: &Store) -> Option<String> {
    match tokio::time::timeout(BLOBS_DEADLINE, store.blobs().probe()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("no answer in time".to_owned()),
    }
}

/// Makes the check that the API calls.
pub fn check(
    store: Store,
    mailroom: Mailroom,
    data_dir: &Path,
    stop: CancellationToken,
) -> ReadinessCheck {
    let data_dir: Arc<Path> = Arc::from(data_dir);
    Arc::new(move || {
        let (store, data_dir, stop) = (store.clone(), Arc::clone(&data_dir), stop.clone());
        let mailroom = mailroom.clone();
        Box::pin(async move {
            let mut problems = Vec::new();
            if stop.is_cancelled() {
                problems.push("the server is stopping".to_owned());
            }
            problems.extend(store_problem(&store).await);
            problems.extend(space_problem(data_dir.to_path_buf()).await);
            // The cause is for the operator's log, not for whoever asks.
            let blobs = blobs_problem(&store).await.map(|_| BLOBS_NOTE.to_owned());
            let mut notes: Vec<String> = blobs.into_iter().collect();
            notes.extend(certificate_notes(&mailroom).await);
            Readiness { problems, notes }
        })
    })
}

/// No reason to take the traffic away either: mail goes on, encrypted with whatever certificate there is.
async fn certificate_notes(mailroom: &Mailroom) -> Vec<String> {
    let reports = mailroom.certificate_reports().await.unwrap_or_default();
    let urgent = reports
        .iter()
        .filter(|report| report.is_urgent && report.failures > 0);
    urgent
        .take(CERTIFICATE_NOTES_MAX)
        .map(|report| match report.expires_at {
            None => format!("no certificate could be got for {}", report.name),
            Some(_) => format!("the certificate of {} could not be renewed", report.name),
        })
        .collect()
}

async fn store_problem(store: &Store) -> Option<String> {
    let question = store.read(|tx: &mut dyn Tx| -> Result<(), StoreError> {
        tx.query_one("SELECT CAST(1 AS BIGINT)", &[], |row| row.int(0))
            .map(drop)
    });
    match tokio::time::timeout(STORE_DEADLINE, question).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("the store does not answer: {error}")),
        Err(_) => Some("the store did not answer in time".to_owned()),
    }
}

async fn space_problem(data_dir: PathBuf) -> Option<String> {
    let asked = tokio::task::spawn_blocking(move || rustix::fs::statvfs(&data_dir))
        .await
        .ok()?;
    let statistics = asked.ok()?;
    let free_bytes = statistics.f_bavail.saturating_mul(statistics.f_frsize);
    (free_bytes < FREE_BYTES_MIN)
        .then(|| format!("only {free_bytes} bytes are free in the data directory"))
}
