//! DMARC aggregate reports of this server's own (RFC 9990): how it judged the mail that came in a domain's name.
//!
//! | module | what it is for |
//! |---|---|
//! | `sighting` | what is counted of a message; pure |
//! | `count` | counted in memory, and kept a moment later |
//! | `make` | what was counted becomes a file; pure |
//! | `send` | once a day: who wants it, and off it goes |
//! | `limits` | every number |
//!
//! A message costs no transaction here: counts are in memory for some seconds, and a process that dies takes those along.

mod count;
mod limits;
mod make;
mod send;
mod sighting;

pub(crate) use count::Sightings;
pub(crate) use sighting::Fate;

use std::sync::Arc;

use posthouse_net::authentication::dns::Dns;

use crate::Mailroom;

impl Mailroom {
    /// Has arriving mail counted and reported to the domains that ask for it, which are looked up in this DNS. To be called
    /// once, before doors are opened; without it nothing is.
    pub fn report_to_domains(&self, dns: Arc<dyn Dns>) {
        if self.inner.sightings.turn_on(dns).is_err() {
            tracing::warn!(
                "the mailroom was told twice to report to domains, and keeps to the first"
            );
        }
    }
}
