//! What `/readyz` asks: does the store answer, is there room, are we staying.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use posthouse_api::{Readiness, ReadinessCheck};
use posthouse_store::{Store, StoreError, Tx};
use tokio_util::sync::CancellationToken;

/// Longest wait for the store's answer.
const STORE_DEADLINE: Duration = Duration::from_secs(2);
/// Free bytes of the data directory below which no traffic is wanted.
const FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;

/// Makes the check that the API calls.
pub fn check(store: Store, data_dir: &Path, stop: CancellationToken) -> ReadinessCheck {
    let data_dir: Arc<Path> = Arc::from(data_dir);
    Arc::new(move || {
        let (store, data_dir, stop) = (store.clone(), Arc::clone(&data_dir), stop.clone());
        Box::pin(async move {
            let mut problems = Vec::new();
            if stop.is_cancelled() {
                problems.push("the server is stopping".to_owned());
            }
            problems.extend(store_problem(&store).await);
            problems.extend(space_problem(data_dir.to_path_buf()).await);
            Readiness {
                problems,
                notes: Vec::new(),
            }
        })
    })
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
