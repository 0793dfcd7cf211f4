//! Once a day each domain that asks for it is told what was counted.
//!
//! The transaction that puts a report into the queue ends its day: so there is one of each, whatever dies, and however many
//! processes look.

use std::sync::Arc;

use posthouse_net::aggregate_reports::{self, AggregateReport, ReportFile};
use posthouse_net::authentication::dmarc::{ReportRequest, report_request};
use posthouse_net::authentication::dns::{Dns, NotFound};
use posthouse_store::blobs::PreparedBlob;
use posthouse_store::tables::dmarc_seen;
use posthouse_store::tables::domain_reports::ReportKind;
use posthouse_store::{StoreError, Tx, leases};
use posthouse_types::address::EmailAddress;

use super::limits::{
    AGAIN_SECONDS, ASKING_TIME, BOUNDS, DAY_SECONDS, KEPT_DAYS, PATIENCE_DAYS,
    REPORTS_PER_STEP_MAX, ROWS_PER_STEP_MAX,
};
use super::make::{Day, Made};
use crate::operator::{Letter, LetterFile, OwnMail};
use crate::outbound::OwnMailKind;
use crate::read::away_from_async_threads;
use crate::reports::keep_report;
use crate::{Mailroom, Refusal};

const LEASE: &str = "dmarc-reports";

/// What a domain is sent.
struct Parcel {
    blob: PreparedBlob,
    recipients: Vec<EmailAddress>,
}

/// What a day of a domain comes to.
#[derive(Default)]
struct Outcome {
    parcel: Option<Parcel>,
    /// The report itself, where it is asked for at this server's own address.
    own: Option<AggregateReport>,
}

impl Mailroom {
    /// Sends some of the reports that are due; returns whether there may be more. One process does it at a time; `holder` is
    /// its name.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn send_dmarc_reports(&self, holder: &str) -> Result<bool, Refusal> {
        let Some(dns) = self.inner.sightings.dns() else {
            return Ok(false);
        };
        if !self.may_report(holder).await? {
            return Ok(false);
        }
        let now = self.now_seconds();
        let due = self
            .store()
            .read(move |tx: &mut dyn Tx| dmarc_seen::due(tx, now, REPORTS_PER_STEP_MAX))
            .await?;
        let more = due.len() as i64 == REPORTS_PER_STEP_MAX;
        for (day, domain) in due {
            self.report(&*dns, day, domain).await?;
        }
        Ok(more)
    }

    /// Removes what was counted and reported long ago; returns whether more is left.
    pub(crate) async fn expire_sightings(&self) -> Result<bool, StoreError> {
        let before = self.now_seconds().div_euclid(DAY_SECONDS) - KEPT_DAYS;
        let removed = self
            .store()
            .write(move |tx: &mut dyn Tx| dmarc_seen::expire(tx, before, ROWS_PER_STEP_MAX))
            .await?;
        Ok(removed >= ROWS_PER_STEP_MAX as u64)
    }

    /// Takes the lease for as long as a step can last.
    async fn may_report(&self, holder: &str) -> Result<bool, Refusal> {
        let now_us = self.clock().unix_us();
        let step = i64::try_from(ASKING_TIME.as_micros()).unwrap_or(i64::MAX / 1_000);
        let until_us = now_us + step * REPORTS_PER_STEP_MAX;
        let holder = holder.to_owned();
        let lease = self
            .store()
            .write(move |tx: &mut dyn Tx| leases::acquire(tx, LEASE, &holder, now_us, until_us));
        Ok(lease.await.map_err(Refusal::from)?.is_some())
    }

    async fn report(&self, dns: &dyn Dns, day: i64, domain: String) -> Result<(), Refusal> {
        let asked = tokio::time::timeout(ASKING_TIME, report_request(dns, &domain)).await;
        match asked.unwrap_or(Err(NotFound::Trouble)) {
            Ok(Some(request)) => {
                let outcome = self.make_report(day, &domain, request).await?;
                self.end_day(day, domain, outcome).await
            }
            Ok(None) | Err(NotFound::NoName) => self.end_day(day, domain, Outcome::default()).await,
            Err(NotFound::Trouble) => self.try_again(day, domain).await,
        }
    }

    async fn try_again(&self, day: i64, domain: String) -> Result<(), Refusal> {
        let now = self.now_seconds();
        if now >= (day + 1 + PATIENCE_DAYS) * DAY_SECONDS {
            tracing::info!("a DMARC report is given up: the domain's name servers do not answer");
            return self.end_day(day, domain, Outcome::default()).await;
        }
        let postponing = self.store().write(move |tx: &mut dyn Tx| {
            dmarc_seen::postpone(tx, day, &domain, now + AGAIN_SECONDS)
        });
        Ok(postponing.await?)
    }

    async fn make_report(
        &self,
        day: i64,
        domain: &str,
        request: ReportRequest,
    ) -> Result<Outcome, Refusal> {
        let name = domain.to_owned();
        let seen = self
            .store()
            .read(move |tx: &mut dyn Tx| dmarc_seen::rows(tx, day, &name, BOUNDS.rows_per_domain));
        let (seen, application) = (seen.await?, self.own_application().await?);
        let (mailroom, domain) = (self.clone(), domain.to_owned());
        let write = move || -> Result<Outcome, StoreError> {
            let about = Day {
                hostname: &mailroom.config().hostname,
                domain: &domain,
                day,
            };
            let (Some(made), Some(application)) =
                (about.report(request.published, &seen), application)
            else {
                return Ok(Outcome::default());
            };
            let (own, others) = mailroom.part(&request);
            let own = own.then(|| read_own(&made)).flatten();
            let Some((raw, recipients)) = mailroom.letter(&made, others) else {
                return Ok(Outcome { parcel: None, own });
            };
            let blob = PreparedBlob::new(mailroom.store().new_key(), application, &raw)?;
            let parcel = Some(Parcel { blob, recipients });
            Ok(Outcome { parcel, own })
        };
        Ok(away_from_async_threads(write).await??)
    }

    /// Tells whether this server is asked itself, and returns the others, each with the bytes it takes.
    fn part(&self, request: &ReportRequest) -> (bool, Vec<(EmailAddress, Option<u64>)>) {
        let own = self.config().hostname.to_ascii_lowercase();
        let mut asks_here = false;
        let mut others = Vec::new();
        for one in &request.addresses {
            let Ok(address) = EmailAddress::parse_strict(&one.address) else {
                continue;
            };
            if address.domain().as_str() == own {
                asks_here = true;
            } else {
                others.push((address, one.bytes_max));
            }
        }
        (asks_here, others)
    }

    /// Writes the message, for those who take one of its size; `None` when that is nobody.
    fn letter(
        &self,
        made: &Made,
        mut others: Vec<(EmailAddress, Option<u64>)>,
    ) -> Option<(Vec<u8>, Vec<EmailAddress>)> {
        // RFC 9990 3.5: the size is that of the message as it is encoded.
        loop {
            let recipients: Vec<EmailAddress> =
                others.iter().map(|(address, _)| address.clone()).collect();
            if recipients.is_empty() {
                return None;
            }
            let raw = Letter {
                id: self.store().new_key(),
                hostname: &self.config().hostname,
                to: &recipients,
                subject: &made.subject,
                text: &made.text,
                file: Some(LetterFile {
                    name: &made.file_name,
                    content_type: "application/gzip",
                    content: &made.file,
                }),
                now: self.now_seconds(),
            }
            .write(self.store().ids())?;
            let before = others.len();
            others.retain(|(_, most)| most.is_none_or(|most| raw.len() as u64 <= most));
            if others.len() == before {
                return Some((raw, recipients));
            }
            tracing::info!("a DMARC report is larger than one who asked for it takes");
        }
    }

    /// Ends a day of a domain with its report, if there is one.
    async fn end_day(&self, day: i64, domain: String, outcome: Outcome) -> Result<(), Refusal> {
        let mut parcel = outcome.parcel;
        if let Some(made) = parcel.take() {
            let blob = self.store().blobs().keep(made.blob).await?;
            parcel = Some(Parcel { blob, ..made });
        }
        let (parcel, own) = (Arc::new(parcel), Arc::new(outcome.own));
        let (mailroom, now_us) = (self.clone(), self.clock().unix_us());
        let sent = Arc::clone(&parcel);
        let ending = self.store().write(move |tx: &mut dyn Tx| {
            if !dmarc_seen::close(tx, day, &domain, now_us / 1_000_000)? {
                return Ok(None);
            }
            if let Some(own) = &*own {
                keep_report(
                    tx,
                    &mailroom,
                    ReportKind::Dmarc,
                    own,
                    Some(true),
                    now_us / 1_000,
                )?;
            }
            let Some(parcel) = &*sent else {
                return Ok(None);
            };
            let mail = OwnMail {
                blob: &parcel.blob,
                kind: OwnMailKind::Letter,
                recipients: &parcel.recipients,
                now_us,
            };
            mail.queue(tx, &mailroom).map(Some)
        });
        let ended: Result<_, StoreError> = ending.await;
        let used = ended.as_ref().ok().copied().flatten();
        let is_final = ended.as_ref().err().is_none_or(StoreError::is_final);
        let blob = (*parcel).as_ref().map(|parcel| &parcel.blob);
        let unused = blob.filter(|blob| is_final && used != Some(blob.key));
        self.remove_bytes(unused.into_iter()).await;
        ended?;
        if used.is_some() {
            metrics::counter!("posthouse_dmarc_reports_sent_total").increment(1);
            self.has_queued();
        }
        Ok(())
    }
}

fn read_own(made: &Made) -> Option<AggregateReport> {
    aggregate_reports::dmarc(&ReportFile {
        name: &made.file_name,
        content_type: "application/gzip",
        content: &made.file,
    })
}
