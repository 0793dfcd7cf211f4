//! What arrives at addresses of reports is read.

use posthouse_mime::report::{Report, report};
use posthouse_store::Tx;

use super::ReportAddress;
use super::bounced::bounced;
use super::complained::{complained, row_behind};
use crate::Mailroom;
use crate::read::away_from_async_threads;
use crate::receive::{InboundDelivery, ReceiveRefusal, Role};

/// Messages above this size are read away from the async threads.
const INLINE_WORK_BYTES_MAX: usize = 64 * 1024;

impl Mailroom {
    /// Reads what a message reports, for those of its recipients that are there for reports, and returns it with the
    /// recipients that are to get it as mail. To be done again does no harm.
    pub(crate) async fn take_reports(
        &self,
        mut delivery: InboundDelivery,
    ) -> Result<InboundDelivery, ReceiveRefusal> {
        let roles: Vec<Role> = delivery
            .recipients
            .iter()
            .map(|recipient| recipient.role)
            .filter(|role| *role != Role::Mailbox)
            .collect();
        if roles.is_empty() {
            return Ok(delivery);
        }
        let found = self.read_report(&delivery).await?;
        for role in roles {
            match (role, &found) {
                (Role::ReturnPath(row), Some(Report::Delivery(told))) => {
                    let (mailroom, told, now_us) =
                        (self.clone(), told.clone(), self.clock().unix_us());
                    self.store()
                        .write(move |tx: &mut dyn Tx| bounced(tx, &mailroom, row, &told, now_us))
                        .await?;
                }
                (
                    Role::ReturnPath(_) | Role::Reports(ReportAddress::Complaints),
                    Some(Report::Feedback(told)),
                ) => {
                    let to = match role {
                        Role::ReturnPath(row) => Some(row),
                        _ => None,
                    };
                    let Some(row) = to.or_else(|| row_behind(self.store().ids(), told)) else {
                        tracing::info!("a complaint names no message of this server");
                        continue;
                    };
                    let (mailroom, told, now_us) =
                        (self.clone(), told.clone(), self.clock().unix_us());
                    self.store()
                        .write(move |tx: &mut dyn Tx| complained(tx, &mailroom, row, &told, now_us))
                        .await?;
                }
                _ => tracing::debug!("mail that reports nothing came to an address of reports"),
            }
        }
        let is_complaint = matches!(found, Some(Report::Feedback(_)));
        let mut mailboxes = Vec::new();
        delivery.recipients.retain(|recipient| {
            let gets =
                recipient.role == Role::Mailbox || (recipient.has_mailbox() && !is_complaint);
            let is_first = gets && !mailboxes.contains(&recipient.grant);
            if is_first {
                mailboxes.push(recipient.grant);
            }
            is_first
        });
        Ok(delivery)
    }

    async fn read_report(
        &self,
        delivery: &InboundDelivery,
    ) -> Result<Option<Report>, ReceiveRefusal> {
        let raw = delivery.raw.clone();
        if raw.len() <= INLINE_WORK_BYTES_MAX {
            return Ok(report(&raw));
        }
        let reading = away_from_async_threads(move || report(&raw));
        reading.await.map_err(|_| ReceiveRefusal::Unavailable)
    }
}
