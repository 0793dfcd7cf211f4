//! A message that waits is called off.

use posthouse_store::tables::{blobs, schedules};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Kind;

use crate::actor::GrantRef;
use crate::limits::SCHEDULE_CANCEL_SECONDS_MIN;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Calls a message off; what it was made of is gone when this returns.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] when it is about to be sent or closed already.
    pub async fn cancel_schedule(
        &self,
        grant: &GrantRef,
        schedule_id: &str,
    ) -> Result<(), Refusal> {
        let id = self.open_id(Kind::Schedule, schedule_id)?;
        let (grant, now) = (grant.grant, self.now_seconds());
        let earliest = now + SCHEDULE_CANCEL_SECONDS_MIN;
        let cancelled = self
            .store()
            .write(move |tx: &mut dyn Tx| -> Result<_, StoreError> {
                if let Some(blob) = schedules::cancel(tx, grant, id, earliest, now)? {
                    let lock = tx.dialect().lock_rows();
                    return Ok(Some(Ok(blobs::remove_unreferenced(tx, &[blob], lock)?)));
                }
                Ok(schedules::find(tx, grant, id)?.map(Err))
            })
            .await
            .map_err(Refusal::from)?;
        match cancelled {
            None => Err(Refusal::NotFound),
            Some(Ok(external)) => {
                tracing::info!(schedule.id = %schedule_id, "called off");
                self.remove_objects(external).await;
                Ok(())
            }
            Some(Err(found)) => Err(Refusal::Invalid {
                field: None,
                message: match found.closed_at {
                    Some(_) => "the schedule is closed already".to_owned(),
                    None => format!(
                        "a schedule can be cancelled until {SCHEDULE_CANCEL_SECONDS_MIN} seconds before its time"
                    ),
                },
                fix: None,
            }),
        }
    }
}
