//! The running tasks: started together, stopped together, and never silently gone.

use std::future::Future;
use std::time::Duration;

use anyhow::bail;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Time for all parts to end after the stop; the promise to supervisors is 10 s for everything.
pub const DRAIN_DEADLINE: Duration = Duration::from_secs(7);
/// Time for the store to close after that.
pub const STORE_CLOSE_DEADLINE: Duration = Duration::from_secs(1);
/// Time for blocked threads after that.
pub const BLOCKED_THREAD_PATIENCE: Duration = Duration::from_millis(500);

/// The doors and workers of the process.
#[derive(Debug)]
pub struct Parts {
    tasks: JoinSet<&'static str>,
    stop: CancellationToken,
}

impl Parts {
    /// Starts with none.
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            tasks: JoinSet::new(),
            stop,
        }
    }

    /// Starts one; it must end soon after the stop and not before.
    pub fn add(&mut self, name: &'static str, part: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(async move {
            part.await;
            name
        });
    }

    /// Waits for a signal (or for a part to die), then stops everything and waits for the rest.
    ///
    /// # Errors
    /// When a part ended although nobody asked it to.
    pub async fn run_until_signal(mut self, mut signals: Signals) -> anyhow::Result<()> {
        let lost = tokio::select! {
            name = signals.next() => {
                tracing::info!(signal = name, "stopping");
                None
            }
            Some(ended) = self.tasks.join_next() => Some(match ended {
                Ok(name) => format!("{name} stopped by itself"),
                Err(error) => format!("a part of the server died: {error}"),
            }),
        };
        self.stop.cancel();
        tokio::select! {
            () = drain(&mut self.tasks) => tracing::info!("stopped"),
            () = tokio::time::sleep(DRAIN_DEADLINE) => {
                tracing::warn!(tasks = self.tasks.len(), "not everything ended in time; what was not acknowledged is cut off");
            }
            name = signals.next() => tracing::warn!(signal = name, "told to stop again: not waiting any longer"),
        }
        if let Some(reason) = lost {
            tracing::error!("{reason}");
            bail!(reason);
        }
        Ok(())
    }
}

async fn drain(tasks: &mut JoinSet<&'static str>) {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!("a part of the server died while stopping: {error}");
        }
    }
}

/// The signals that ask to stop, heard from the moment this is made.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Starts to listen for SIGTERM and ctrl-c.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn listen() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// The signals that ask to stop.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Starts to listen for ctrl-c.
    ///
    /// # Errors
    /// Never.
    pub fn listen() -> anyhow::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "ctrl-c"
    }
}
