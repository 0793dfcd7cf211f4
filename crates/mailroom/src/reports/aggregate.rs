//! Receivers report how they saw the mail, and the mail hosts, of domains.

use posthouse_net::aggregate_reports::{self, AggregateReport, ReportFile};
use posthouse_net::authentication::verdict::DmarcResult;
use posthouse_store::tables::domain_reports::{self, DomainReport, ReportKind};
use posthouse_store::tables::domains;
use posthouse_store::{StoreError, Tx};
use posthouse_types::domain::Domain;
use posthouse_types::ids::Key;

use crate::Mailroom;
use crate::read::away_from_async_threads;
use crate::receive::{InboundDelivery, ReceiveRefusal};

/// Files of a message that are looked at.
const FILES_MAX: usize = 4;

/// AUTH-08: reports of a kind that are kept of a domain in a day.
const REPORTS_PER_DAY_MAX: i64 = 1_000;

const DAY_MS: i64 = 24 * 3_600 * 1_000;

impl Mailroom {
    /// Keeps the aggregate reports in a message.
    pub(super) async fn take_aggregate(
        &self,
        delivery: &InboundDelivery,
        kind: ReportKind,
    ) -> Result<(), ReceiveRefusal> {
        let raw = delivery.raw.clone();
        let reading = away_from_async_threads(move || read(&raw, kind));
        let reports = reading.await.map_err(|_| ReceiveRefusal::Unavailable)?;
        if reports.is_empty() {
            tracing::info!("mail without a report that can be read came to an address of reports");
            return Ok(());
        }
        let is_authenticated = self.is_authenticated(delivery).await;
        let (mailroom, now_ms) = (self.clone(), self.clock().unix_ms());
        self.store()
            .write(move |tx: &mut dyn Tx| {
                reports.iter().try_for_each(|report| {
                    keep_report(tx, &mailroom, kind, report, is_authenticated, now_ms)
                })
            })
            .await?;
        Ok(())
    }

    /// Tells whether the domain that a message is from stands behind it, as far as that is checked.
    async fn is_authenticated(&self, delivery: &InboundDelivery) -> Option<bool> {
        let verdicts = self.verify(delivery).await?;
        let dmarc = verdicts.dmarc.as_ref()?;
        Some(dmarc.result == DmarcResult::Pass)
    }
}

fn read(raw: &[u8], kind: ReportKind) -> Vec<AggregateReport> {
    let message = posthouse_mime::parse(raw);
    let mut reports = Vec::new();
    for attachment in message.attachments.iter().take(FILES_MAX) {
        let Some(content) = posthouse_mime::decode_part(raw, attachment.part) else {
            continue;
        };
        let file = ReportFile {
            name: &attachment.filename,
            content_type: &attachment.content_type,
            content: &content,
        };
        match kind {
            ReportKind::Dmarc => reports.extend(aggregate_reports::dmarc(&file)),
            ReportKind::Tls => reports.extend(aggregate_reports::tls(&file)),
        }
    }
    reports
}

/// Keeps a report about a domain of this server, unless it is here already or too many came today. AUTH-08: anybody can send
/// one, so it is kept with it whether its sender is who it says; `None` where that was not checked.
pub(crate) fn keep_report(
    tx: &mut dyn Tx,
    mailroom: &Mailroom,
    kind: ReportKind,
    report: &AggregateReport,
    is_authenticated: Option<bool>,
    now_ms: i64,
) -> Result<(), StoreError> {
    let Ok(domain) = Domain::parse(&report.domain) else {
        return Ok(());
    };
    let Some(domain) = domains::covering(tx, domain.as_str())? else {
        tracing::info!("a report is about a domain that is not registered");
        return Ok(());
    };
    let since = Key::floor_of(now_ms - DAY_MS);
    let most = REPORTS_PER_DAY_MAX;
    if domain_reports::count_since(tx, &domain.address, kind, since, most)? >= most {
        metrics::counter!("posthouse_reports_dropped_total").increment(1);
        return Ok(());
    }
    let mut document = report.document.clone();
    document["authenticated"] = is_authenticated.into();
    let row = DomainReport {
        id: mailroom.store().new_key(),
        domain: domain.address,
        kind,
        organization: report.organization.clone(),
        report_id: report.report_id.clone(),
        begins_at: report.begins_at,
        ends_at: report.ends_at,
        received_at: now_ms / 1_000,
        document: document.to_string(),
    };
    if domain_reports::insert(tx, &row)? {
        metrics::counter!("posthouse_reports_kept_total").increment(1);
    }
    Ok(())
}
