//! The seam through which every crate learns the time.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time; the composition root chooses which one.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Returns microseconds since the Unix epoch.
    fn unix_us(&self) -> i64;

    /// Returns milliseconds since the Unix epoch.
    fn unix_ms(&self) -> i64 {
        self.unix_us() / 1_000
    }

    /// Returns whole seconds since the Unix epoch.
    fn unix_seconds(&self) -> i64 {
        self.unix_us() / 1_000_000
    }
}

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn unix_us(&self) -> i64 {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
    }
}
