//! What arrives at addresses of reports is read.

use posthouse_mime::report::{Report, report};
use posthouse_store::Tx;
use posthouse_store::tables::dispatched;
use posthouse_store::tables::domain_reports::ReportKind;
use posthouse_types::ids::Key;

use super::ReportAddress;
use super::bounced::bounced;
use super::complained::{complained, row_behind};
use crate::Mailroom;
use crate::outbound::return_path_token;
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
            .filter(|role| !matches!(role, Role::Mailbox | Role::Operator))
            .collect();
        // RFC 3464 2: a report has the null sender.
        if roles.is_empty() && delivery.envelope_from.is_some() {
            return Ok(delivery);
        }
        let found = self.read_report(&delivery).await?;
        self.take_by_envelope_id(&delivery, found.as_ref()).await?;
        for role in roles {
            match role {
                Role::Mailbox | Role::Operator => {}
                Role::Reports(ReportAddress::Dmarc) => {
                    self.take_aggregate(&delivery, ReportKind::Dmarc).await?;
                }
                Role::Reports(ReportAddress::Tls) => {
                    self.take_aggregate(&delivery, ReportKind::Tls).await?;
                }
                Role::Reports(ReportAddress::Complaints) => {
                    self.take_about_message(None, found.as_ref()).await?;
                }
                Role::ReturnPath(row) => {
                    self.take_about_message(Some(row), found.as_ref()).await?;
                }
            }
        }
        let is_complaint = matches!(found, Some(Report::Feedback(_)));
        let mut mailboxes = Vec::new();
        delivery.recipients.retain(|recipient| {
            let gets = matches!(recipient.role, Role::Mailbox | Role::Operator)
                || (recipient.has_mailbox() && !is_complaint);
            let is_first = gets && !mailboxes.contains(&recipient.grant);
            if is_first {
                mailboxes.push(recipient.grant);
            }
            is_first
        });
        Ok(delivery)
    }

    /// Does what a delivery report asks for that came to the sender's own address: it names the message by what its
    /// envelope called it, which only servers on its way have seen.
    async fn take_by_envelope_id(
        &self,
        delivery: &InboundDelivery,
        found: Option<&Report>,
    ) -> Result<(), ReceiveRefusal> {
        let Some(Report::Delivery(told)) = found.filter(|_| delivery.envelope_from.is_none())
        else {
            return Ok(());
        };
        let id = told.original_envelope_id.as_deref().unwrap_or_default();
        let Some(row) = return_path_token::open(self.store().ids(), id) else {
            return Ok(());
        };
        let mut recipients = delivery.recipients.iter();
        let behind = self
            .store()
            .read(move |tx: &mut dyn Tx| dispatched::behind(tx, row))
            .await?;
        let Some((_, Some(sender), _)) = behind else {
            return Ok(());
        };
        if recipients.any(|one| one.role == Role::Mailbox && one.grant == sender) {
            self.take_about_message(Some(row), found).await?;
        }
        Ok(())
    }

    /// Does what a report about a message asks for; `row` is the one whose return path it came to.
    async fn take_about_message(
        &self,
        row: Option<Key>,
        found: Option<&Report>,
    ) -> Result<(), ReceiveRefusal> {
        let (mailroom, now_us) = (self.clone(), self.clock().unix_us());
        match (row, found) {
            (Some(row), Some(Report::Delivery(told))) => {
                let told = told.clone();
                let work = move |tx: &mut dyn Tx| bounced(tx, &mailroom, row, &told, now_us);
                self.store().write(work).await?;
            }
            (row, Some(Report::Feedback(told))) => {
                let Some(row) = row.or_else(|| row_behind(self.store().ids(), told)) else {
                    tracing::info!("a complaint names no message of this server");
                    return Ok(());
                };
                let told = told.clone();
                let work = move |tx: &mut dyn Tx| complained(tx, &mailroom, row, &told, now_us);
                self.store().write(work).await?;
            }
            _ => tracing::debug!("mail that reports nothing came to an address of reports"),
        }
        Ok(())
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
