//! Memory for messages on their way into the store: one budget for all deliveries at once.
//!
//! A delivery is in memory several times over: parsed, compressed, and as the rows that each of its recipients gets.
//! Small ones are not counted; the door's budget for raw messages bounds them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::deliver::ROWS_BYTES_MAX;

/// Memory for all deliveries between their last byte and their commit, beside the raw messages: 512 MiB.
const RECEIVING_BYTES_MAX: usize = 512 * 1024 * 1024;

/// What reading a message takes at most, in its own length: texts decoded, written as JSON and compressed. A guess from
/// above.
const READING_FACTOR: usize = 6;

/// What one recipient's row takes at most, in the length of the message.
const ROW_FACTOR: usize = 4;

/// For how long a delivery waits for room. Peers wait ten minutes for an answer (RFC 5321 4.5.3.2.6).
const ROOM_WAIT: Duration = Duration::from_secs(120);

/// The unit of the budget: what deliveries take is rounded up to it.
const UNIT_BYTES: usize = 64 * 1024;

/// The budget.
#[derive(Debug)]
pub(crate) struct Room(Arc<Semaphore>);

/// A share of the budget, until it is dropped.
pub(super) type Share = OwnedSemaphorePermit;

impl Default for Room {
    fn default() -> Self {
        Self::of(RECEIVING_BYTES_MAX)
    }
}

impl Room {
    fn of(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / UNIT_BYTES)))
    }

    /// Waits, in order of arrival, until there is room for a message and its rows; `None` when there was none for long.
    /// What is larger than the whole budget takes all of it.
    pub(super) async fn take(&self, message_bytes: usize, recipients: usize) -> Option<Share> {
        let units = units(message_bytes, recipients).min(RECEIVING_BYTES_MAX / UNIT_BYTES);
        let share = Arc::clone(&self.0).acquire_many_owned(u32::try_from(units).ok()?);
        let share = tokio::time::timeout(ROOM_WAIT, share).await;
        if share.is_err() {
            tracing::warn!("no memory for a message: too many large ones are being stored");
            metrics::counter!("posthouse_mailroom_deliveries_without_room_total").increment(1);
        }
        share.ok()?.ok()
    }
}

fn units(message_bytes: usize, recipients: usize) -> usize {
    let rows = message_bytes
        .saturating_mul(ROW_FACTOR)
        .saturating_mul(recipients);
    let bytes = message_bytes
        .saturating_mul(READING_FACTOR)
        .saturating_add(rows.min(ROWS_BYTES_MAX));
    bytes.div_ceil(UNIT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    #[tokio::test(start_paused = true)]
    async fn a_delivery_waits_for_room_and_gives_up_in_the_end() {
        let room = Room::default();
        let mut held = Vec::new();
        // Each takes 6 MiB to be read and 32 MiB for its rows.
        for _ in 0..13 {
            held.push(room.take(MIB, 100).await.expect("room"));
        }
        assert!(room.take(MIB, 100).await.is_none(), "a fourteenth");
        assert!(room.take(MIB, 1).await.is_some(), "a smaller one fits");
        held.pop();
        assert!(room.take(MIB, 100).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_what_others_give_back() {
        let room = Room::default();
        let all = room
            .take(usize::MAX, usize::MAX)
            .await
            .expect("an empty room");
        let (waited, ()) = tokio::join!(room.take(MIB, 1), async {
            tokio::task::yield_now().await;
            drop(all);
        });
        assert!(waited.is_some());
    }

    #[test]
    fn a_share_grows_with_message_and_recipients_up_to_the_bound_of_rows() {
        assert_eq!(units(UNIT_BYTES, 1), 10);
        assert_eq!(units(UNIT_BYTES, 2), 14);
        let rows = ROWS_BYTES_MAX / UNIT_BYTES;
        assert_eq!(units(UNIT_BYTES, 100_000), 6 + rows);
        assert!(units(usize::MAX, usize::MAX) > 0);
    }
}
