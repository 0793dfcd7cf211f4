//! Others are asked about a message: block lists, spam scanners, a virus scanner; all at once, and at once with the checks of
//! its sender.
//!
//! Whoever looks for spam and is silent costs nothing but a note. A silent virus scanner is the operator's choice: by default
//! mail waits for it.

use std::net::IpAddr;

use futures::future::OptionFuture;
use posthouse_net::address_class::{AddressClass, classify};
use posthouse_net::scanners::block_list::{BlockLists, Listing};
use posthouse_net::scanners::clamd::{Clamd, Finding};
use posthouse_net::scanners::rspamd::Rspamd;
use posthouse_net::scanners::spamassassin::Spamd;
use posthouse_net::scanners::{Opinion, ScanError, Specimen};
use posthouse_rules::spam::{Signal, THRESHOLD};

use super::limits::{LINK_DOMAINS_ASKED_MAX, SCANNED_FOR_SPAM_BYTES_MAX};
use crate::Mailroom;
use crate::receive::CheckedPeers;

/// What block lists can add at most, however many of them copy each other.
const LISTINGS_SCORE_MAX: f64 = 6.0;
/// What a scanner can take off and add at most.
const SCANNER_SCORES: (f64, f64) = (-2.0, 10.0);

/// What becomes of mail that the virus scanner cannot look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VirusTrouble {
    /// It waits: arriving mail is put off, sending is answered that it is unavailable for now.
    #[default]
    Wait,
    /// It passes, with a note in the log.
    Pass,
}

/// Who else is asked about mail.
#[derive(Clone, Default)]
pub struct Outside {
    /// Block lists, for policies that want them.
    pub block_lists: Option<BlockLists>,
    /// An rspamd.
    pub rspamd: Option<Rspamd>,
    /// A SpamAssassin.
    pub spamassassin: Option<Spamd>,
    /// A clamd, for mail in both directions.
    pub clamd: Option<Clamd>,
    /// What becomes of mail that clamd cannot look at.
    pub virus_trouble: VirusTrouble,
}

impl Outside {
    /// Tells whether there is anybody to ask.
    pub(crate) fn is_anybody(&self) -> bool {
        self.block_lists.is_some()
            || self.rspamd.is_some()
            || self.spamassassin.is_some()
            || self.clamd.is_some()
    }
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outside")
            .field("block_lists", &self.block_lists.is_some())
            .field("rspamd", &self.rspamd.is_some())
            .field("spamassassin", &self.spamassassin.is_some())
            .field("clamd", &self.clamd.is_some())
            .field("virus_trouble", &self.virus_trouble)
            .finish()
    }
}

/// Malware was found: its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Infected(pub String);

/// Why a message is not known to be clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unscanned {
    /// It is not.
    Infected(Infected),
    /// Nobody could look, and it is not to pass then.
    Wait,
}

/// What others said of a message.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Heard {
    listings: Vec<Listing>,
    link_listings: Vec<Listing>,
    scanners: Vec<Signal>,
}

impl Heard {
    /// Returns what counts for a recipient, whose policy may not want block lists.
    pub(super) fn signals_for(&self, with_block_lists: bool) -> Vec<Signal> {
        let mut signals = self.scanners.clone();
        if with_block_lists {
            signals.extend(listed("BLOCK_LIST", &self.listings));
            signals.extend(listed("LINK_BLOCK_LIST", &self.link_listings));
        }
        signals
    }
}

fn listed(name: &'static str, listings: &[Listing]) -> Option<Signal> {
    let sum: f64 = listings.iter().map(|listing| listing.score).sum();
    let told: Vec<String> = listings
        .iter()
        .map(|listing| format!("{} on {}", listing.what, listing.zone))
        .collect();
    (!listings.is_empty()).then(|| Signal::new(name, sum.min(LISTINGS_SCORE_MAX), told.join(", ")))
}

impl Mailroom {
    /// Asks everybody about an arriving message, at once.
    ///
    /// # Errors
    /// [`Unscanned`] when it holds malware, or nobody could look and it is to wait.
    pub(crate) async fn hear(
        &self,
        specimen: &Specimen,
        with_block_lists: bool,
    ) -> Result<Heard, Unscanned> {
        let outside = &self.spam_settings().outside;
        let is_small = specimen.raw.len() <= SCANNED_FOR_SPAM_BYTES_MAX;
        let lists = outside
            .block_lists
            .as_ref()
            .filter(|_| with_block_lists && (is_public(specimen.peer) || self.asks_about_all()));
        let rspamd = outside.rspamd.as_ref().filter(|_| is_small);
        let spamd = outside.spamassassin.as_ref().filter(|_| is_small);
        let (listings, rspamd, spamd, clean) = tokio::join!(
            OptionFuture::from(lists.map(|lists| lists.of_address(specimen.peer))),
            OptionFuture::from(rspamd.map(|rspamd| rspamd.check(specimen))),
            OptionFuture::from(spamd.map(|spamd| spamd.check(specimen))),
            self.without_malware(&specimen.raw),
        );
        clean?;
        let scanners = [
            rspamd.map(|said| scanner("RSPAMD", "rspamd", said)),
            spamd.map(|said| scanner("SPAMASSASSIN", "SpamAssassin", said)),
        ];
        Ok(Heard {
            listings: listings.unwrap_or_default(),
            link_listings: Vec::new(),
            scanners: scanners.into_iter().flatten().collect(),
        })
    }

    /// Asks block lists about the domains that links lead to, where there are such lists.
    pub(crate) async fn hear_of_links(&self, heard: &mut Heard, domains: &[String]) {
        let lists = self.spam_settings().outside.block_lists.as_ref();
        let Some(lists) = lists.filter(|lists| lists.asks_about_domains()) else {
            return;
        };
        let some = &domains[..domains.len().min(LINK_DOMAINS_ASKED_MAX)];
        heard.link_listings = lists.of_domains(some).await;
    }

    /// Has a message looked at for malware, where the operator has named a scanner.
    ///
    /// # Errors
    /// [`Unscanned`].
    pub(crate) async fn without_malware(&self, raw: &[u8]) -> Result<(), Unscanned> {
        let outside = &self.spam_settings().outside;
        let Some(clamd) = &outside.clamd else {
            return Ok(());
        };
        let outcome = match clamd.scan(raw).await {
            Ok(Finding::Clean) => "clean",
            Ok(Finding::Infected(name)) => {
                count_scan("clamd", "infected");
                return Err(Unscanned::Infected(Infected(name)));
            }
            Err(error) => {
                count_scan("clamd", "failed");
                tracing::warn!(
                    "clamd has not looked at a message of {} bytes: {error}",
                    raw.len()
                );
                return match outside.virus_trouble {
                    VirusTrouble::Wait => Err(Unscanned::Wait),
                    VirusTrouble::Pass => Ok(()),
                };
            }
        };
        count_scan("clamd", outcome);
        Ok(())
    }
}

impl Mailroom {
    /// Tells whether private addresses are asked about like public ones: in a network of one's own.
    fn asks_about_all(&self) -> bool {
        let arrivals = self.inner.arrivals.get();
        arrivals.is_some_and(|arrivals| arrivals.peers == CheckedPeers::All)
    }
}

fn is_public(peer: IpAddr) -> bool {
    classify(peer) == AddressClass::Global
}

fn count_scan(scanner: &'static str, outcome: &'static str) {
    metrics::counter!("posthouse_spam_scans_total", "scanner" => scanner, "outcome" => outcome)
        .increment(1);
}

/// Returns what a scanner's opinion counts: its score as a share of what it requires, on our scale.
fn scanner(name: &'static str, shown: &'static str, said: Result<Opinion, ScanError>) -> Signal {
    match said {
        Ok(opinion) => {
            count_scan(shown, "answered");
            let scale = THRESHOLD / opinion.required.max(0.1);
            let score = (opinion.score * scale).clamp(SCANNER_SCORES.0, SCANNER_SCORES.1);
            let detail = format!(
                "{} of {}: {}",
                opinion.score,
                opinion.required,
                opinion.rules.join(", ")
            );
            Signal::new(name, score, detail)
        }
        Err(error) => {
            count_scan(shown, "failed");
            tracing::warn!("{shown} has not judged a message: {error}");
            Signal::new("SCANNER_SILENT", 0.0, format!("{shown} did not answer"))
        }
    }
}
