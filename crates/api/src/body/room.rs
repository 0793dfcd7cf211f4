//! Memory for bodies, shared by all connections: one budget for what is arriving, one for what is worked on, one for
//! answers that are leaving.
//!
//! Who is still sending never waits for room while holding some, so that a few slow clients cannot stop the others: it
//! is told to come back. Whole bodies wait for their turn.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::ApiError;

/// Memory for bodies that are arriving, in bytes.
const ARRIVING_BYTES_MAX: usize = 512 << 20;

/// Memory for requests whose body is there, in bytes.
const WORKING_BYTES_MAX: usize = 1 << 30;

/// Memory for answers that clients have not read yet, in bytes.
const LEAVING_BYTES_MAX: usize = 1 << 30;

/// Bodies up to this size in bytes are not counted; the number of connections bounds them.
const UNCOUNTED_BYTES_MAX: usize = 64 << 10;

/// What a request takes at most, in the length of its body: parsed, decoded, written as MIME, compressed. A guess from
/// above.
const WORKING_FACTOR: usize = 6;

/// How long a whole body waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(30);

/// The unit of both budgets.
const UNIT_BYTES: usize = 64 << 10;

/// The budgets.
#[derive(Debug)]
pub(crate) struct BodyRoom {
    arriving: Arc<Semaphore>,
    working: Arc<Semaphore>,
    leaving: Arc<Semaphore>,
}

/// A share of the budget for work, until it is dropped.
pub(crate) type WorkingShare = Option<OwnedSemaphorePermit>;

impl Default for BodyRoom {
    fn default() -> Self {
        Self {
            arriving: Arc::new(Semaphore::new(ARRIVING_BYTES_MAX / UNIT_BYTES)),
            working: Arc::new(Semaphore::new(WORKING_BYTES_MAX / UNIT_BYTES)),
            leaving: Arc::new(Semaphore::new(LEAVING_BYTES_MAX / UNIT_BYTES)),
        }
    }
}

impl BodyRoom {
    /// Begins to count a body.
    pub(super) fn arrival(&self) -> Arrival<'_> {
        Arrival {
            room: self,
            held: None,
        }
    }

    /// Takes the room of an answer of so many bytes, until its last byte has left; `None` for one that is not counted.
    ///
    /// # Errors
    /// 503 when there is none: clients are slow to read what they asked for.
    pub(crate) fn departure(&self, bytes: usize) -> Result<Option<LeavingShare>, ApiError> {
        if bytes <= UNCOUNTED_BYTES_MAX {
            return Ok(None);
        }
        let share = Arc::clone(&self.leaving).try_acquire_many_owned(units(bytes));
        let share = share.map_err(|_| full("answers"))?;
        Ok(Some(LeavingShare {
            _permit: Arc::new(share),
        }))
    }

    /// Waits for the turn of a body of so many bytes.
    ///
    /// # Errors
    /// 503 when there was no room for long.
    pub(super) async fn turn(&self, bytes: usize) -> Result<WorkingShare, ApiError> {
        if bytes <= UNCOUNTED_BYTES_MAX {
            return Ok(None);
        }
        let bytes = bytes.saturating_mul(WORKING_FACTOR).min(WORKING_BYTES_MAX);
        let share = Arc::clone(&self.working).acquire_many_owned(units(bytes));
        match timeout(TURN_WAIT, share).await {
            Ok(share) => Ok(share.ok()),
            Err(_) => Err(full("turns")),
        }
    }
}

/// A body that is arriving; gives its room back when it is dropped.
pub(super) struct Arrival<'a> {
    room: &'a BodyRoom,
    held: Option<OwnedSemaphorePermit>,
}

impl Arrival<'_> {
    /// Takes the room that a body of so many bytes needs.
    ///
    /// # Errors
    /// 503 when there is none.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        if bytes <= UNCOUNTED_BYTES_MAX {
            return Ok(());
        }
        let held = self
            .held
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = (units(bytes) as usize).saturating_sub(held);
        if missing == 0 {
            return Ok(());
        }
        let more = Arc::clone(&self.room.arriving)
            .try_acquire_many_owned(missing as u32)
            .map_err(|_| full("bodies"))?;
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        Ok(())
    }
}

/// A share of the budget for answers, until the bytes that it is bound to are gone.
#[derive(Clone)]
pub(crate) struct LeavingShare {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// Bytes that take their share along wherever they are kept.
struct Counted {
    bytes: Bytes,
    _share: LeavingShare,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl LeavingShare {
    /// Binds the share to bytes.
    pub(crate) fn bind(&self, bytes: Bytes) -> Bytes {
        if bytes.is_empty() {
            return bytes;
        }
        Bytes::from_owner(Counted {
            bytes,
            _share: self.clone(),
        })
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX)
}

fn full(of: &'static str) -> ApiError {
    metrics::counter!("posthouse_api_without_room_total", "of" => of).increment(1);
    ApiError::unavailable("too many large requests at once, nothing was done")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: usize = 36 << 20;

    #[test]
    fn bodies_that_arrive_share_one_budget_and_give_it_back() {
        let room = BodyRoom::default();
        let mut arrivals = Vec::new();
        for _ in 0..ARRIVING_BYTES_MAX / LARGE {
            let mut arrival = room.arrival();
            for bytes in [1, UNCOUNTED_BYTES_MAX + 1, LARGE / 2, LARGE] {
                arrival.grow(bytes).expect("room");
            }
            arrivals.push(arrival);
        }
        assert!(room.arrival().grow(LARGE).is_err(), "one more");
        assert!(
            room.arrival().grow(UNCOUNTED_BYTES_MAX).is_ok(),
            "a small one"
        );
        arrivals.pop();
        assert!(room.arrival().grow(LARGE).is_ok());
    }

    #[test]
    fn an_answer_holds_its_room_until_its_last_byte_is_gone() {
        let room = BodyRoom::default();
        assert!(
            room.departure(UNCOUNTED_BYTES_MAX)
                .expect("small")
                .is_none()
        );
        let share = room
            .departure(LEAVING_BYTES_MAX)
            .expect("room")
            .expect("counted");
        let (head, tail) = (
            share.bind(Bytes::from_static(b"ab")),
            share.bind(Bytes::from_static(b"c")),
        );
        drop(share);
        let last = head.slice(1..);
        drop((head, tail));
        assert!(room.departure(LARGE).is_err(), "a byte is left");
        drop(last);
        assert!(room.departure(LARGE).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn whole_bodies_wait_for_their_turn_and_give_up_in_the_end() {
        let room = BodyRoom::default();
        let mut working = Vec::new();
        for _ in 0..WORKING_BYTES_MAX / (LARGE * WORKING_FACTOR) {
            working.push(room.turn(LARGE).await.expect("a turn"));
        }
        let refused = room.turn(LARGE).await.expect_err("one more");
        assert_eq!(refused.status().as_u16(), 503);
        assert!(
            room.turn(UNCOUNTED_BYTES_MAX)
                .await
                .expect("small")
                .is_none()
        );
        let (turn, ()) = tokio::join!(room.turn(LARGE), async { working.clear() });
        assert!(turn.is_ok());
    }
}
