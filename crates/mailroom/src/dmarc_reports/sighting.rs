//! What is counted of a message: nothing but domains, the peer's address, and what was found.

use std::net::IpAddr;

use posthouse_net::authentication::Verdicts;
use posthouse_net::authentication::verdict::{DmarcResult, Policy};
use serde::{Deserialize, Serialize};

use super::limits::{DAY_SECONDS, SIGNATURES_MAX, TEXT_CHARACTERS_MAX};

/// What becomes of a message by DMARC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes where it would have gone.
    Taken,
    /// It goes to Junk.
    Junk,
    /// It is refused.
    Refused,
    /// It failed and is taken all the same: a trusted forwarder vouches for it.
    VouchedFor,
}

/// A message as a report tells of it; those that are the same are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Sighting {
    pub(super) source_ip: IpAddr,
    pub(super) disposition: String,
    pub(super) dkim_aligned: bool,
    pub(super) spf_aligned: bool,
    /// Something else became of it than the domain asks for.
    pub(super) reason: Option<String>,
    pub(super) header_from: String,
    pub(super) envelope_from: String,
    /// Domain, selector, result.
    pub(super) dkim: Vec<(String, String, String)>,
    /// Domain, result.
    pub(super) spf: Option<(String, String)>,
}

/// Whose policy a message fell under on which day.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// Days since 1970-01-01, UTC.
    pub(super) day: i64,
    pub(super) domain: String,
}

/// Returns what is counted; `None` where no domain has a policy, or nothing is known of the peer.
pub(super) fn sighting(
    verdicts: &Verdicts,
    envelope_domain: Option<&str>,
    fate: Fate,
    now: i64,
) -> Option<(Place, Sighting)> {
    let source_ip = verdicts.peer?.to_canonical();
    let dmarc = verdicts.dmarc.as_ref()?;
    let asked = dmarc.policy?;
    let has_passed = match dmarc.result {
        DmarcResult::Pass => true,
        DmarcResult::Fail => false,
        _ => return None,
    };
    let disposition = match (has_passed, fate) {
        // RFC 9990 3.1: `pass` where the policy would have asked for something.
        (true, _) if asked == Policy::None => "none",
        (true, _) => "pass",
        (false, Fate::Taken | Fate::VouchedFor) => "none",
        (false, Fate::Junk) => "quarantine",
        (false, Fate::Refused) => "reject",
    };
    let reason = match fate {
        _ if has_passed || disposition == asked.word() => None,
        Fate::VouchedFor => Some("trusted_forwarder"),
        _ => Some("local_policy"),
    };
    // RFC 9990 3.1.3: what passed first.
    let mut signatures: Vec<_> = verdicts.dkim.iter().collect();
    signatures.sort_by_key(|one| one.result.word() != "pass");
    let signatures = signatures.into_iter().take(SIGNATURES_MAX);
    let sighting = Sighting {
        source_ip,
        disposition: disposition.to_owned(),
        dkim_aligned: dmarc.aligned.dkim,
        spf_aligned: dmarc.aligned.spf,
        reason: reason.map(str::to_owned),
        header_from: short(&dmarc.domain),
        envelope_from: short(envelope_domain.unwrap_or_default()),
        dkim: signatures
            .map(|one| {
                (
                    short(&one.domain),
                    short(&one.selector),
                    one.result.word().to_owned(),
                )
            })
            .collect(),
        spf: verdicts
            .spf
            .as_ref()
            .map(|spf| (short(&spf.domain), spf.result.word().to_owned())),
    };
    let place = Place {
        day: now.div_euclid(DAY_SECONDS),
        domain: dmarc.policy_domain.clone(),
    };
    Some((place, sighting))
}

fn short(text: &str) -> String {
    text.chars().take(TEXT_CHARACTERS_MAX).collect()
}
