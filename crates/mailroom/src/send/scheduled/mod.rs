//! Messages that are sent later.
//!
//! A scheduled message is checked as any other when it is taken; what it was made of is kept, and when its time has come
//! it goes the whole way again. It is sent once: the claim's token is checked in the transaction that stores the copy in
//! Sent, queues the mail and closes the schedule.
//!
//! | module | what it is for |
//! |---|---|
//! | `take` | a message is taken to be sent later |
//! | `payload` | how what it is made of is kept |
//! | `list`, `cancel` | schedules are shown and called off |
//! | `release` | those whose time has come are sent |
//! | `failure` | what is told of those that cannot be |

mod cancel;
mod failure;
mod list;
mod payload;
mod release;
mod take;

pub(crate) use failure::Failure;
pub use list::ScheduleView;
pub(in crate::send) use payload::Payload;
pub use take::ScheduledMessage;
pub(in crate::send) use take::{Taken, Waiting};

use posthouse_store::StoreError;
use posthouse_store::tables::schedules;

use crate::Mailroom;
use crate::limits::SCHEDULE_KEPT_SECONDS;

/// Records that one step of the clean-up removes at most.
const ROWS_PER_STEP_MAX: i64 = 500;

impl Mailroom {
    /// Removes records of schedules that were closed long ago; returns whether more are left.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn expire_schedules(&self) -> Result<bool, StoreError> {
        let before = self.now_seconds() - SCHEDULE_KEPT_SECONDS;
        let removed = self
            .store()
            .write(move |tx| schedules::expire(tx, before, ROWS_PER_STEP_MAX))
            .await?;
        Ok(removed >= ROWS_PER_STEP_MAX as u64)
    }
}
