//! Pauses are lifted, and the mail that they kept goes out.

use posthouse_store::tables::pauses;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Kind;

use crate::actor::Actor;
use crate::audit::Object;
use crate::{Mailroom, Refusal};

/// Rows of the queue that one transaction gives back.
const ROWS_PER_STEP_MAX: i64 = 500;

/// Steps that whoever lifts a pause waits for; the rest follows by itself.
const STEPS_WAITED_FOR_MAX: usize = 20;

impl Mailroom {
    /// Lets a paused sender send again. When this returns, at least the first of its mail that was kept is due.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn lift_pause(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        let (key, application) = (self.open_id(Kind::Pause, id)?, actor.application);
        let now = self.now_seconds();
        let mailroom = self.clone();
        let lifted = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                let lifted = pauses::lift(tx, application, key, now)?;
                if lifted {
                    let object = Object::Row(Kind::Pause, key);
                    mailroom.audit_done(tx, application, "pause.lift", object)?;
                }
                Ok::<_, StoreError>(lifted)
            })
            .await
            .map_err(Refusal::from)?;
        if !lifted {
            return Err(Refusal::NotFound);
        }
        tracing::info!(pause.id = %id, "lifted a pause");
        for _ in 0..STEPS_WAITED_FOR_MAX {
            if !self.give_back_paused().await? {
                break;
            }
        }
        Ok(())
    }

    /// Gives some of the mail that lifted pauses kept back to the queue; returns whether there may be more.
    pub(crate) async fn give_back_paused(&self) -> Result<bool, StoreError> {
        let now_us = self.clock().unix_us();
        let more = self
            .store()
            .write(move |tx: &mut dyn Tx| pauses::give_back(tx, now_us, ROWS_PER_STEP_MAX))
            .await?;
        if more {
            self.has_queued();
        }
        Ok(more)
    }
}
