//! An account sends: checked, written down, and queued in the transaction that stores the copy in Sent.
//!
//! | module | what it is for |
//! |---|---|
//! | `outgoing` | what a door hands over |
//! | `sender`, `recipients`, `custom_headers`, `reply` | who sends to whom, what may be said in the header, and what is answered |
//! | `passage`, `pool` | whom it may go to, and when, where there is a rate |
//! | `compose`, `source` | from parts, or from a finished source, to the message on the wire |
//! | `submit`, `origin`, `commit` | the use case and its transaction, which ends what the message was before |
//! | `scheduled` | messages that are sent later |
//! | `held` | messages that somebody has to approve |
//! | `drafted` | messages that were drafts |
//! | `transactional` | what a domain sends without an account |
//! | `local` | mailboxes of this server get theirs from the queue |
//! | `queue` | what an operator sees of the queue |
//! | [`limits`] | every number |

pub mod limits;

mod commit;
mod compose;
mod custom_headers;
mod drafted;
mod held;
mod local;
mod origin;
mod outgoing;
mod passage;
mod pool;
mod queue;
mod recipients;
mod reply;
mod scheduled;
mod sender;
mod source;
mod submit;
mod tracking;
mod transactional;

pub use compose::shown_parts;
pub(crate) use held::HoldCause;
pub use held::{HOLD_STATUSES, HoldFilter, HoldPage, HoldView};
pub use outgoing::{Outgoing, OutgoingFile, OutgoingSource, SendWishes};
pub use pool::Departed;
pub(crate) use queue::name_of as state_name;
pub use queue::{QueueFilter, QueuePage, QueuedMail, QueuedSource};
pub use scheduled::{ScheduleView, ScheduledMessage};
pub use submit::SentMessage;
pub use tracking::{TRACKING_LABEL_CHARACTERS_MAX, TrackingOptions};
pub use transactional::{DomainMail, DomainRef};

pub(crate) use compose::{check_count, check_size, rehearse};
pub(crate) use drafted::Drafted;
pub(crate) use scheduled::Failure as SendFailure;
pub(crate) use sender::Sender;

use std::sync::OnceLock;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use posthouse_store::tables::outbound::OutboundState;
use tokio::sync::{OnceCell, watch};

use crate::Mailroom;
use crate::outbound::limits::RETRY_PERIOD_DEFAULT;

/// What sending shares in one process.
#[derive(Debug)]
pub(crate) struct Outgate {
    captures: OnceLock<()>,
    never_pauses: OnceLock<()>,
    /// Where the API is reached from outside, without a slash at its end.
    pub(crate) public_url: OnceLock<String>,
    /// Messages that an application may send in a second.
    rate: OnceLock<u32>,
    retry_period: OnceLock<Duration>,
    /// How long a held message waits for somebody to decide.
    hold_seconds: AtomicI64,
    /// What a former process held was let go; how many rows.
    recovered: OnceCell<u64>,
    queued: watch::Sender<u64>,
}

impl Default for Outgate {
    fn default() -> Self {
        Self {
            captures: OnceLock::new(),
            never_pauses: OnceLock::new(),
            public_url: OnceLock::new(),
            rate: OnceLock::new(),
            retry_period: OnceLock::new(),
            hold_seconds: AtomicI64::new(limits::HOLD_SECONDS_DEFAULT),
            recovered: OnceCell::new(),
            queued: watch::Sender::new(0),
        }
    }
}

impl Outgate {
    /// How long passing failures are tried again.
    pub(crate) fn retry_period(&self) -> Duration {
        *self.retry_period.get().unwrap_or(&RETRY_PERIOD_DEFAULT)
    }
}

impl Mailroom {
    /// Tries passing failures again for as long from now on. To be called before doors are opened.
    pub fn retry_for(&self, period: Duration) {
        self.inner.outgate.retry_period.get_or_init(|| period);
    }

    /// Pauses nobody from now on, however much mail comes back; rates are still looked at. To be called before doors are
    /// opened.
    pub fn never_pause_senders(&self) {
        self.inner.outgate.never_pauses.get_or_init(|| ());
    }

    /// Tells whether senders are paused.
    pub(crate) fn pauses_senders(&self) -> bool {
        self.inner.outgate.never_pauses.get().is_none()
    }

    /// Keeps mail for other servers from now on instead of queueing it. To be called before doors are opened.
    pub fn capture_outgoing(&self) {
        self.inner.outgate.captures.get_or_init(|| ());
    }

    /// Returns a receiver that changes whenever this process has queued something; a hint, nothing to rely on.
    #[must_use]
    pub fn queue_hint(&self) -> watch::Receiver<u64> {
        self.inner.outgate.queued.subscribe()
    }

    /// Lets whoever delivers look at the queue at once.
    pub(crate) fn wake_delivery(&self) {
        self.has_queued();
    }

    pub(crate) fn has_queued(&self) {
        let sender = &self.inner.outgate.queued;
        sender.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Returns what becomes of mail for other servers.
    pub(crate) fn state_of_mail_for_others(&self) -> OutboundState {
        match self.inner.outgate.captures.get() {
            Some(()) => OutboundState::Captured,
            None => OutboundState::Queued,
        }
    }
}
