//! The one question: who sent this message, as far as anybody can tell?

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::arc;
use super::dkim::{self, Candidate};
use super::dmarc::{self, Authenticated};
use super::dns::{Dns, NotFound};
use super::domain;
use super::fields::Fields;
use super::limits::{ALIGNMENT_TIME, DMARC_AUTHORS_MAX, INLINE_BODY_BYTES_MAX};
use super::spf;
use super::verdict::{
    ArcResult, ArcVerdict, DkimResult, DkimVerdict, DmarcResult, DmarcVerdict, SpfIdentity,
    SpfResult, SpfVerdict, Verdicts,
};

/// How a message came.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The peer; `None` when its address says nothing of who it is, and SPF is not asked.
    pub peer: Option<IpAddr>,
    /// What it called itself.
    pub helo: &'a str,
    /// Local part and domain of the envelope sender; `None` for the null sender.
    pub sender: Option<(&'a str, &'a str)>,
}

/// Finds out who sent a message. Cheap to clone; holds nothing but the way to the DNS, whose cache is bounded.
#[derive(Clone)]
pub struct Authenticator {
    dns: Arc<dyn Dns>,
    budget: Duration,
}

impl Authenticator {
    /// Asks this DNS and spends no more than `budget` on waiting for it, for one message and all checks together, but
    /// for [`ALIGNMENT_TIME`] when the budget was used up.
    pub fn new(dns: Arc<dyn Dns>, budget: Duration) -> Self {
        Self { dns, budget }
    }

    /// Asks SPF about the envelope sender, or about the HELO name for the null sender.
    pub async fn check_spf(&self, envelope: &Envelope<'_>) -> Option<SpfVerdict> {
        self.spf(envelope, Instant::now() + self.budget).await
    }

    /// Finds out all that can be. Never fails: what the DNS does not tell in time is `temperror`.
    ///
    /// `authors` are the domains of all addresses in From; `now` is in Unix seconds.
    pub async fn verify(
        &self,
        envelope: &Envelope<'_>,
        authors: &[String],
        message: Bytes,
        now: i64,
    ) -> Verdicts {
        let authors = distinct(authors);
        let prepared = prepare(message, authors.clone(), now).await;
        let deadline = Instant::now() + self.budget;
        let dns = &*self.dns;

        // Without the peer SPF is silent; then DMARC has something to go by only if somebody signed.
        let asks_dmarc = envelope.peer.is_some() || !prepared.candidates.is_empty();
        let walked: &[String] = if asks_dmarc && authors.len() <= DMARC_AUTHORS_MAX {
            &authors
        } else {
            &[]
        };
        let walks = walked.iter().map(|author| dmarc::walk(dns, author));
        let (spf, helo, dkim, arc, walks) = tokio::join!(
            self.spf(envelope, deadline),
            self.helo(envelope, deadline),
            settle_dkim(dns, prepared.candidates, deadline),
            settle_arc(dns, prepared.chain, deadline),
            timeout_at(deadline, join_all(walks)),
        );

        let walks = walks.unwrap_or_else(|_| vec![Err(NotFound::Trouble); walked.len()]);
        let mut verdicts = Verdicts {
            peer: envelope.peer,
            spf,
            helo,
            dkim,
            dmarc: None,
            arc,
        };
        if asks_dmarc {
            verdicts.dmarc = self.dmarc(&authors, walks, &verdicts, deadline).await;
        }
        verdicts
    }

    async fn spf(&self, envelope: &Envelope<'_>, deadline: Instant) -> Option<SpfVerdict> {
        let peer = envelope.peer?;
        let (identity, local_part, domain) = match envelope.sender {
            Some((local_part, domain)) => (SpfIdentity::MailFrom, local_part, domain),
            // RFC 7208 2.4: the null sender is postmaster at the HELO name.
            None => (SpfIdentity::Helo, "postmaster", envelope.helo),
        };
        let query = spf::Query {
            peer,
            helo: envelope.helo,
            local_part,
            domain,
        };
        Some(self.evaluate(query, identity, deadline).await)
    }

    /// Asks about the HELO name where there is a sender, too (RFC 7208 2.3); silent when nothing is published.
    async fn helo(&self, envelope: &Envelope<'_>, deadline: Instant) -> Option<SpfVerdict> {
        let (peer, (_, domain)) = (envelope.peer?, envelope.sender?);
        if domain.eq_ignore_ascii_case(envelope.helo) {
            return None;
        }
        let query = spf::Query {
            peer,
            helo: envelope.helo,
            local_part: "postmaster",
            domain: envelope.helo,
        };
        let verdict = self.evaluate(query, SpfIdentity::Helo, deadline).await;
        (verdict.result != SpfResult::None).then_some(verdict)
    }

    async fn evaluate(
        &self,
        query: spf::Query<'_>,
        identity: SpfIdentity,
        deadline: Instant,
    ) -> SpfVerdict {
        let evaluation = spf::check_host(&*self.dns, query);
        let result = timeout_at(deadline, evaluation).await;
        SpfVerdict {
            result: result.unwrap_or(SpfResult::TempError),
            domain: domain::canonical(query.domain).unwrap_or_default(),
            identity,
        }
    }

    /// Asks whether what passed is aligned; `None` when that hangs on SPF, which was not asked.
    async fn dmarc(
        &self,
        authors: &[String],
        walks: Vec<Result<dmarc::Walk, NotFound>>,
        verdicts: &Verdicts,
        deadline: Instant,
    ) -> Option<DmarcVerdict> {
        let mut authenticated: Vec<Authenticated<'_>> = Vec::new();
        let mut is_undecided = false;
        if let Some(spf) = &verdicts.spf {
            match spf.result {
                SpfResult::Pass => authenticated.push(Authenticated::Spf(&spf.domain)),
                SpfResult::TempError => is_undecided = true,
                _ => {}
            }
        }
        for dkim in &verdicts.dkim {
            match dkim.result {
                DkimResult::Pass => authenticated.push(Authenticated::Dkim(&dkim.domain)),
                DkimResult::TempError => is_undecided = true,
                _ => {}
            }
        }
        let deadline = deadline.max(Instant::now() + ALIGNMENT_TIME);
        let judged = dmarc::verdict(&*self.dns, authors, walks, &authenticated);
        let mut verdict = match timeout_at(deadline, judged).await {
            Ok(verdict) => verdict,
            Err(_) => dmarc::of(authors.first(), DmarcResult::TempError),
        };
        if verdict.result == DmarcResult::Fail {
            // What might have passed has not failed.
            if is_undecided {
                verdict.result = DmarcResult::TempError;
            } else if verdicts.spf.is_none() {
                return None;
            }
        }
        Some(verdict)
    }
}

/// Returns the canonical domains, each once; what is no domain is left as an author of nothing.
fn distinct(authors: &[String]) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for author in authors {
        let Some(author) = domain::canonical(author) else {
            continue;
        };
        if !distinct.contains(&author) {
            distinct.push(author);
        }
        if distinct.len() > DMARC_AUTHORS_MAX {
            break;
        }
    }
    distinct
}

/// What could be worked out from the bytes alone.
struct PreparedMessage {
    candidates: Vec<Candidate>,
    chain: arc::Chain,
}

/// Reads and hashes; large bodies away from the async threads.
async fn prepare(message: Bytes, authors: Vec<String>, now: i64) -> PreparedMessage {
    if message.len() <= INLINE_BODY_BYTES_MAX {
        return read(&message, &authors, now);
    }
    let work = tokio::task::spawn_blocking(move || read(&message, &authors, now));
    work.await.unwrap_or_else(|panic| {
        tracing::error!("reading a message's signatures panicked: {panic}");
        read(b"", &[], now)
    })
}

fn read(message: &[u8], authors: &[String], now: i64) -> PreparedMessage {
    let fields = Fields::of(message);
    PreparedMessage {
        candidates: dkim::candidates(&fields, authors, now),
        chain: arc::chain(&fields, now),
    }
}

async fn settle_dkim(
    dns: &dyn Dns,
    candidates: Vec<Candidate>,
    deadline: Instant,
) -> Vec<DkimVerdict> {
    let without_answer = candidates
        .iter()
        .map(Candidate::verdict_without_key)
        .collect();
    timeout_at(deadline, dkim::settle(dns, candidates))
        .await
        .unwrap_or(without_answer)
}

async fn settle_arc(dns: &dyn Dns, chain: arc::Chain, deadline: Instant) -> ArcVerdict {
    let chain = match chain {
        arc::Chain::Settled(verdict) => return verdict,
        ready @ arc::Chain::Ready { .. } => ready,
    };
    let without_answer = ArcVerdict {
        result: ArcResult::TempError,
        reason: Some("no answer in time"),
        ..chain.verdict().clone()
    };
    timeout_at(deadline, arc::settle(dns, chain))
        .await
        .unwrap_or(without_answer)
}

#[cfg(test)]
mod tests;
