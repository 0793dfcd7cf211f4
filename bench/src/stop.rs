//! One flag that ends a run early: a generator that is interrupted must still end the servers it started,
//! so an interrupt unwinds the program instead of killing it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Starts to watch for SIGINT and SIGTERM.
pub fn watch_signals() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            runtime.block_on(async {
                let Ok(mut terminate) =
                    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                else {
                    return;
                };
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
                ASKED.store(true, Ordering::Relaxed);
            });
        })?;
    Ok(())
}

/// Returns whether the run should end now.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Fails when the run should end now: the `?` between two steps.
pub fn check() -> Result<()> {
    if asked() {
        bail!("interrupted");
    }
    Ok(())
}

/// Sleeps until the given moment, or until the run is asked to end.
pub fn sleep_until(moment: Instant) {
    while !asked() {
        let Some(left) = moment.checked_duration_since(Instant::now()) else {
            return;
        };
        thread::sleep(left.min(Duration::from_millis(100)));
    }
}
