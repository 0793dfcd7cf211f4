//! How long a connection may keep us waiting.
//!
//! The HTTP library has one deadline for the head of a request and for the silence before it. Slow heads must end soon;
//! clients keep idle connections for a minute and more, and lose a request when theirs is closed under it. So the two are
//! told apart here, where the bytes come in.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use super::framing::{Framing, Place};
use crate::limits::{HEADER_READ_DEADLINE, IDLE_DEADLINE};

/// What the requests of a connection are doing, shared between the socket and those who answer them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Work(Arc<State>);

#[derive(Debug, Default)]
struct State {
    began: AtomicBool,
    running: AtomicU32,
}

/// One request that is being answered; it ends when this is dropped, also when its client goes away.
#[derive(Debug)]
pub(crate) struct Running(Arc<State>);

impl Work {
    /// Notes that a request is being answered.
    pub fn begin(&self) -> Running {
        self.0.began.store(true, Ordering::Relaxed);
        self.0.running.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(&self.0))
    }

    /// Tells whether there was any request yet.
    pub fn began(&self) -> bool {
        self.0.began.load(Ordering::Relaxed)
    }

    fn goes_on(&self) -> bool {
        self.0.running.load(Ordering::Relaxed) > 0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why a connection has waited long enough.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tired {
    /// The head of a request takes too long.
    SlowHead,
    /// Nothing happens.
    Idle,
}

/// The clock of one connection. It is looked at only while the socket has nothing to read.
#[derive(Debug)]
pub(super) struct Patience {
    work: Work,
    /// When the head that is being read began; a connection begins with one.
    head_since: Option<Instant>,
    heads: u64,
    last_active: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl Patience {
    pub fn new(work: Work) -> Self {
        let now = Instant::now();
        Self {
            work,
            head_since: Some(now),
            heads: 0,
            last_active: now,
            alarm: Box::pin(sleep_until(now + HEADER_READ_DEADLINE)),
        }
    }

    /// Notes what was read. Blank lines between requests are no activity.
    pub fn heard(&mut self, framing: &Framing) {
        if framing.heads() != self.heads {
            self.heads = framing.heads();
            self.head_since = None;
            self.last_active = Instant::now();
        }
        if framing.place() == Place::Head {
            self.head_since.get_or_insert_with(Instant::now);
        }
    }

    /// Notes that something was sent.
    pub fn said(&mut self) {
        self.last_active = Instant::now();
    }

    /// Waits for the moment at which the peer has been waited for long enough.
    pub fn poll_tired(&mut self, framing: &Framing, context: &mut Context<'_>) -> Poll<Tired> {
        if framing.place() == Place::Unwatched {
            return Poll::Pending;
        }
        loop {
            let (until, reason) = match self.head_since {
                Some(since) => (since + HEADER_READ_DEADLINE, Tired::SlowHead),
                None => (self.last_active + IDLE_DEADLINE, Tired::Idle),
            };
            // An alarm that rings early is put off below: cheaper than moving it with every request.
            if self.alarm.deadline() > until {
                self.alarm.as_mut().reset(until);
            }
            std::task::ready!(self.alarm.as_mut().poll(context));
            let now = Instant::now();
            if now < until {
                self.alarm.as_mut().reset(until);
            } else if reason == Tired::Idle && self.work.goes_on() {
                self.last_active = now;
            } else {
                return Poll::Ready(reason);
            }
        }
    }
}
