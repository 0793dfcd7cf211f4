//! The clock of the process. A release build has the machine's only; a debug build can be told to run ahead or behind.

use std::sync::Arc;

use posthouse_types::clock::{SharedClock, SystemClock};

/// The clock that everything goes by.
pub fn clock() -> SharedClock {
    #[cfg(debug_assertions)]
    if let Some(path) = std::env::var_os("POSTHOUSE_TEST_CLOCK") {
        tracing::warn!(
            "the clock can be moved through {}: this is a test",
            path.to_string_lossy()
        );
        return Arc::new(movable::MovableClock::new(path.into()));
    }
    Arc::new(SystemClock)
}

#[cfg(debug_assertions)]
mod movable {
    use std::path::PathBuf;
    use std::sync::Mutex;
    use std::sync::PoisonError;
    use std::time::SystemTime;

    use posthouse_types::clock::{Clock, SystemClock};

    /// The machine's clock plus the seconds that a file holds.
    #[derive(Debug)]
    pub struct MovableClock {
        path: PathBuf,
        /// When the file was changed last, and what it held then.
        seen: Mutex<(Option<SystemTime>, i64)>,
    }

    impl MovableClock {
        /// A file that is missing or holds no number counts as 0.
        pub fn new(path: PathBuf) -> Self {
            Self {
                path,
                seen: Mutex::new((None, 0)),
            }
        }

        fn offset_seconds(&self) -> i64 {
            let changed = std::fs::metadata(&self.path)
                .and_then(|metadata| metadata.modified())
                .ok();
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if changed != seen.0 {
                let text = std::fs::read_to_string(&self.path).unwrap_or_default();
                *seen = (changed, text.trim().parse().unwrap_or(0));
            }
            seen.1
        }
    }

    impl Clock for MovableClock {
        fn unix_us(&self) -> i64 {
            SystemClock.unix_us() + self.offset_seconds() * 1_000_000
        }
    }
}
