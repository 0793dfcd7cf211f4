//! Aggregate reports are shown.

use posthouse_store::Tx;
use posthouse_store::tables::domain_reports::{self, DomainReport};
use posthouse_types::ids::Kind;
use serde_json::Value;

use super::{REPORT_KINDS, kind_of};
use crate::domains::find_domain;
use crate::{Mailroom, Refusal};

/// A report about a domain, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct DomainReportView {
    /// Public id.
    pub id: String,
    /// The domain.
    pub domain_address: String,
    /// Who made it, by its own word.
    pub organization: String,
    /// What its maker calls it.
    pub report_id: String,
    /// Unix seconds.
    pub begins_at: i64,
    /// Unix seconds.
    pub ends_at: i64,
    /// Unix seconds.
    pub received_at: i64,
    /// What it says.
    pub document: Value,
}

/// A page of reports.
#[derive(Debug, Clone, Default)]
pub struct DomainReportPage {
    /// Newest first.
    pub rows: Vec<DomainReportView>,
    /// Names the next page; `None` on the last one.
    pub next: Option<String>,
}

impl Mailroom {
    /// Lists reports of a kind about a domain, newest first; `page` is the `next` of an earlier page.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a domain that is not registered; [`Refusal::Invalid`] for an unknown kind, or a page that
    /// no earlier one named.
    pub async fn list_domain_reports(
        &self,
        domain: &str,
        kind: &str,
        limit: u32,
        page: Option<&str>,
    ) -> Result<DomainReportPage, Refusal> {
        let name = self.open_domain(domain)?;
        let unknown = || {
            let message = format!("type: expected one of {}", REPORT_KINDS.join(", "));
            Refusal::invalid("type", message)
        };
        let kind = kind_of(kind).ok_or_else(unknown)?;
        let malformed = |_| Refusal::invalid("page_token", "malformed");
        let behind = match page {
            Some(token) => Some(self.open_id(Kind::DomainReport, token).map_err(malformed)?),
            None => None,
        };
        let most = i64::from(limit) + 1;
        let mut rows = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                let domain = find_domain(tx, &name)?;
                let rows = domain_reports::list(tx, &domain.address, kind, behind, most)?;
                Ok(rows)
            })
            .await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        Ok(DomainReportPage {
            next: last.map(|row| self.public_id(Kind::DomainReport, row.id)),
            rows: rows.into_iter().map(|row| self.view_report(row)).collect(),
        })
    }

    fn view_report(&self, row: DomainReport) -> DomainReportView {
        DomainReportView {
            id: self.public_id(Kind::DomainReport, row.id),
            domain_address: row.domain,
            organization: row.organization,
            report_id: row.report_id,
            begins_at: row.begins_at,
            ends_at: row.ends_at,
            received_at: row.received_at,
            document: serde_json::from_str(&row.document).unwrap_or_default(),
        }
    }
}
