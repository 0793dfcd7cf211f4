//! What the operator and the composition root decide about the worker.

use std::time::Duration;

use posthouse_mailroom::webhooks::limits::ATTEMPTS_DEFAULT;

/// The settings of the worker.
#[derive(Debug, Clone)]
pub struct WebhooksConfig {
    /// Attempts for each delivery, 1 to 10.
    pub attempts_max: u32,
    /// How often the log and the queue are looked at when nothing wakes the worker.
    pub poll: Duration,
    /// How long calls may go on after the stop; what is unfinished then is repeated after the next start.
    pub drain: Duration,
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self {
            attempts_max: ATTEMPTS_DEFAULT,
            poll: Duration::from_secs(1),
            drain: Duration::from_secs(6),
        }
    }
}
