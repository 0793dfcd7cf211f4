//! One time for all processes that share a store: the database's.
//!
//! Claims, leases and whatever else is due at a time are written by one process and read by another, so two machines whose
//! clocks disagree would take each other's work or leave it lying. Each process therefore corrects its machine's clock by
//! what it is off from the database's, and looks again every few seconds. Nothing is asked of the database when the time is.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};

use posthouse_types::clock::{Clock, SharedClock};

use crate::limits::{CLOCK_LOOK_PAUSE, CLOCK_LOOK_US_MAX, CLOCK_LOOKS, CLOCK_OFF_US_TOLD};
use crate::sql::Tx;
use crate::{Store, StoreError};

/// A machine's clock, corrected.
#[derive(Debug)]
pub(crate) struct StoreClock {
    machine: SharedClock,
    /// Microseconds by which the machine's clock is ahead of the database's.
    ahead_us: AtomicI64,
}

impl Clock for StoreClock {
    fn unix_us(&self) -> i64 {
        self.machine.unix_us() - self.ahead_us.load(Ordering::Relaxed)
    }
}

/// A look at both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    ahead_us: i64,
    /// How long it took; the database's time is that of some moment in between.
    took_us: i64,
}

impl StoreClock {
    pub(crate) fn new(machine: SharedClock, look: Look) -> Self {
        let clock = Self {
            machine,
            ahead_us: AtomicI64::new(0),
        };
        clock.correct(look);
        clock
    }

    fn correct(&self, look: Look) {
        let before_us = self.ahead_us.swap(look.ahead_us, Ordering::Relaxed);
        metrics::gauge!("posthouse_store_clock_ahead_seconds").set(look.ahead_us as f64 / 1e6);
        if (look.ahead_us - before_us).abs() > CLOCK_OFF_US_TOLD {
            tracing::warn!(
                ahead_seconds = look.ahead_us / 1_000_000,
                "this machine's clock and the database's disagree: the database's counts"
            );
        }
    }
}

/// Compares a machine's clock with the database's; `None` where the database has no other one.
pub(crate) fn look(tx: &mut dyn Tx, machine: &SharedClock) -> Result<Option<Look>, StoreError> {
    let Some(query) = tx.dialect().clock() else {
        return Ok(None);
    };
    let mut shortest: Option<Look> = None;
    for _ in 0..CLOCK_LOOKS {
        let before_us = machine.unix_us();
        let database_us = tx.query_one(query, &[], |row| row.int(0))?;
        let took_us = machine.unix_us() - before_us;
        let look = Look {
            ahead_us: before_us + took_us / 2 - database_us,
            took_us,
        };
        // A clock that was set during the look makes it last for less than nothing.
        if took_us >= 0 && shortest.is_none_or(|shortest| took_us < shortest.took_us) {
            shortest = Some(look);
        }
    }
    Ok(shortest)
}

/// Keeps a store's clock right for as long as the store is open; `weak` gives it back while it is.
pub(crate) fn follow<F>(clock: &Arc<StoreClock>, store: F)
where
    F: Fn() -> Option<Store> + Send + 'static,
{
    let clock: Weak<StoreClock> = Arc::downgrade(clock);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(CLOCK_LOOK_PAUSE).await;
            let (Some(clock), Some(store)) = (clock.upgrade(), store()) else {
                return;
            };
            let machine = Arc::clone(&clock.machine);
            match store.read(move |tx: &mut dyn Tx| look(tx, &machine)).await {
                Ok(Some(look)) if look.took_us <= CLOCK_LOOK_US_MAX => clock.correct(look),
                Ok(_) => tracing::debug!("the database was too slow to tell the time"),
                Err(error) => tracing::debug!("cannot see the database's clock: {error}"),
            }
        }
    });
}
