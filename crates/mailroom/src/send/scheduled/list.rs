//! Schedules are shown: those that wait, and for a while those that are closed.

use posthouse_store::Tx;
use posthouse_store::tables::schedules::{self, Schedule, ScheduleState};
use posthouse_types::ids::Kind;

use crate::actor::GrantRef;
use crate::limits::SCHEDULES_LISTED_MAX;
use crate::{Mailroom, Refusal};

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleView {
    /// Public id.
    pub schedule_id: String,
    /// `pending`, `success`, `failed` or `cancelled`.
    pub code: &'static str,
    /// The same in words.
    pub description: String,
    /// Unix seconds; `None` while it is pending.
    pub close_time: Option<i64>,
    /// Unix seconds.
    pub send_at: i64,
    /// Public id of the copy in Sent, there or to be.
    pub message_id: String,
    /// Of the message.
    pub subject: String,
}

impl Mailroom {
    /// Lists the schedules of an account, newest first: all that are kept, up to a bound that nobody reaches by waiting.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn list_schedules(&self, grant: &GrantRef) -> Result<Vec<ScheduleView>, Refusal> {
        let grant = grant.grant;
        let rows = self
            .store()
            .read(move |tx: &mut dyn Tx| schedules::of_grant(tx, grant, SCHEDULES_LISTED_MAX))
            .await
            .map_err(Refusal::from)?;
        Ok(rows
            .into_iter()
            .map(|row| self.view_schedule(row))
            .collect())
    }

    /// Returns a schedule of an account.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_schedule(
        &self,
        grant: &GrantRef,
        schedule_id: &str,
    ) -> Result<ScheduleView, Refusal> {
        let id = self.open_id(Kind::Schedule, schedule_id)?;
        let grant = grant.grant;
        let row = self
            .store()
            .read(move |tx: &mut dyn Tx| schedules::find(tx, grant, id))
            .await
            .map_err(Refusal::from)?;
        row.map(|row| self.view_schedule(row))
            .ok_or(Refusal::NotFound)
    }

    fn view_schedule(&self, row: Schedule) -> ScheduleView {
        let (code, description) = match row.state {
            ScheduleState::Pending => ("pending", "the message waits for its time"),
            ScheduleState::Success => ("success", "the message was sent"),
            ScheduleState::Failed => ("failed", "the message could not be sent"),
            ScheduleState::Cancelled => ("cancelled", "the message was called off"),
        };
        let description = match row.reason {
            Some(reason) => format!("{description}: {reason}"),
            None => description.to_owned(),
        };
        ScheduleView {
            schedule_id: self.public_id(Kind::Schedule, row.id),
            code,
            description,
            close_time: row.closed_at,
            send_at: row.send_at,
            message_id: self.public_id(Kind::Message, row.message),
            subject: row.subject,
        }
    }
}
