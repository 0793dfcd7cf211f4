//! Waiting for a condition. Nothing in the tests sleeps to let time pass.

use std::time::Duration;

use tokio::time::Instant;

/// How long any condition may take to come true, unless `POSTHOUSE_TEST_DEADLINE_SECONDS` says otherwise (for slow or busy machines).
const DEADLINE_SECONDS: u64 = 10;

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(10);

/// Returns the one deadline of every wait in the tests.
pub fn deadline() -> Duration {
    let configured = std::env::var("POSTHOUSE_TEST_DEADLINE_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    Duration::from_secs(configured.unwrap_or(DEADLINE_SECONDS))
}

/// Returns what the probe finds, asking again until it finds something.
///
/// # Panics
/// When the deadline passes; `what` completes the sentence "waited in vain for ...".
pub async fn eventually<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(deadline(), what, probe).await
}

/// As [`eventually`], for the few conditions that the product itself makes wait longer, such as the lease of a killed process.
///
/// # Panics
/// When the given time passes.
pub async fn eventually_within<T>(
    longest: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let end = Instant::now() + longest;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        tokio::time::sleep(POLL).await;
    }
}
