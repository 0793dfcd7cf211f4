//! When to index: at once while the server has time, later while mail pours in, so that accepting it comes first.

use posthouse_store::changes::{self, Cursor};
use posthouse_store::tables::search::READER;
use posthouse_store::{IndexSide, StoreError, Tx};
use tokio::time::Instant;

use super::limits::{BUSY_CHANGES_MAX, BUSY_CHANGES_PER_SECOND, BUSY_WAIT};
use crate::{Mailroom, Refusal};

/// How fast the change log grows, and since when indexing waits because of it.
#[derive(Debug, Default)]
pub struct Pace {
    /// When the log was looked at last, and where it ended.
    last: Option<(Instant, i64)>,
    waiting_since: Option<Instant>,
}

impl Pace {
    /// Tells whether indexing is to wait a little longer: mail pours in, not too much of it is waiting, and not for too
    /// long. Always false on PostgreSQL, where the index is filled by somebody else's processors.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn waits(&mut self, mailroom: &Mailroom) -> Result<bool, Refusal> {
        if !mailroom.store().has_index_files() {
            return Ok(false);
        }
        let store = mailroom.store();
        let ends: Result<i64, StoreError> = store.read(|tx: &mut dyn Tx| changes::newest(tx)).await;
        let position: Result<Cursor, StoreError> = store
            .write_index(IndexSide::Serving, |tx: &mut dyn Tx| {
                changes::cursor(tx, READER)
            })
            .await;
        let (ends, position) = match (ends, position) {
            // Not to be waited for: indexing finds out as well, and makes the index anew.
            (_, Err(StoreError::Damaged(_))) => return Ok(false),
            (ends, position) => (ends?, position?),
        };
        Ok(self.decide(Instant::now(), ends, ends - position.seq))
    }

    fn decide(&mut self, now: Instant, ends: i64, behind: i64) -> bool {
        let before = self.last.replace((now, ends));
        let is_busy = before.is_some_and(|(then, ended)| {
            let millis = i64::try_from((now - then).as_millis()).unwrap_or(i64::MAX);
            (ends - ended).saturating_mul(1_000) > BUSY_CHANGES_PER_SECOND.saturating_mul(millis)
        });
        if !is_busy {
            self.waiting_since = None;
            return false;
        }
        // Once it has waited for too long it goes on until it has caught up or the server has time.
        let since = *self.waiting_since.get_or_insert(now);
        now - since < BUSY_WAIT && behind < BUSY_CHANGES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn indexing_waits_while_mail_pours_in_but_neither_long_nor_for_much() {
        let start = Instant::now();
        let at = |tenths: u64| start + Duration::from_millis(tenths * 100);
        let mut pace = Pace::default();
        assert!(
            !pace.decide(at(0), 1_000_000, 1_000_000),
            "nothing is known"
        );
        assert!(!pace.decide(at(1), 1_000_050, 50), "500 a second");
        assert!(pace.decide(at(2), 1_000_300, 300), "2,500 a second");
        assert!(!pace.decide(at(3), 1_000_310, 310), "quiet again");
        let mut ends = 1_000_310;
        let mut waited = 0;
        for tenth in 4..1_000 {
            ends += 300;
            if !pace.decide(at(tenth), ends, ends - 1_000_310) {
                break;
            }
            waited += 1;
        }
        assert_eq!(waited, 300, "thirty seconds");
        let mut pace = Pace::default();
        pace.decide(at(0), 0, 0);
        assert!(!pace.decide(at(1), 200_000, 200_000), "too much");
    }
}
