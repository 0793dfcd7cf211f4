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

    /// Tells whether this is a machine's clock, which may be wrong: processes that share a store then go by the store's. A
    /// clock that a test moves is right as it is.
    fn is_of_machine(&self) -> bool {
        false
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

    fn is_of_machine(&self) -> bool {
        true
    }
}
