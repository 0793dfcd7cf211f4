//! One look into DNS for one kind of record: what should be there, what is, and how the two compare.

use std::net::IpAddr;

use posthouse_net::resolver::LiveError;
use posthouse_store::tables::dkim_keys::{DkimKeyRow, KeyState};
use posthouse_store::tables::domain_checks::CheckStatus;
use posthouse_types::ids::Key;

use super::limits::{DMARC_PARENTS_MAX, FOUND_CHARACTERS_MAX};
use super::records::{Plan, RecordKind};
use super::sight::Sight;
use super::tags;

/// How a look came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// For the caller.
    pub(crate) status: CheckStatus,
    /// Whether the record counts as found now: also while a new key waits beside the one that signs.
    pub(crate) holds: bool,
    /// What should be there.
    pub(crate) expected: String,
    /// What was there; empty for nothing.
    pub(crate) found: String,
    /// Both in words.
    pub(crate) message: String,
    /// What was seen of each signing key.
    pub(crate) keys: Vec<(Key, KeySeen)>,
}

/// What is published where a key should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeySeen {
    /// It is.
    Published,
    /// Nothing is.
    Absent,
    /// Something else is.
    Different,
}

impl Finding {
    fn new(status: CheckStatus, expected: &str, found: &str, message: String) -> Self {
        Self {
            status,
            holds: status == CheckStatus::Done,
            expected: expected.to_owned(),
            found: tame(found),
            message: tame(&message),
            keys: Vec::new(),
        }
    }

    fn done(expected: &str, found: &str) -> Self {
        Self::new(
            CheckStatus::Done,
            expected,
            found,
            sentence(format!("Found {found}")),
        )
    }

    fn absent(at: &str, expected: &str) -> Self {
        let message = format!("Expected {expected} at {at}, found nothing there yet.");
        Self::new(CheckStatus::Pending, expected, "", message)
    }

    fn conflict(at: &str, expected: &str, found: &str) -> Self {
        let message = sentence(format!("Expected {expected} at {at}, found {found}"));
        Self::new(CheckStatus::Failed, expected, found, message)
    }
}

/// Looks for one kind of record.
///
/// # Errors
/// [`LiveError`] when nobody can tell what is published.
pub(crate) async fn look(
    plan: &Plan,
    kind: RecordKind,
    sight: &dyn Sight,
) -> Result<Finding, LiveError> {
    match kind {
        RecordKind::Ownership => ownership(plan, sight).await,
        RecordKind::Mx => mx(plan, sight, &plan.domain).await,
        RecordKind::Feedback => mx(plan, sight, &format!("bounce.{}", plan.domain)).await,
        RecordKind::Spf => spf(plan, sight).await,
        RecordKind::Dkim | RecordKind::Arc => dkim(plan, sight).await,
        RecordKind::Dmarc => dmarc(plan, sight).await,
        RecordKind::TlsRpt => tls_rpt(plan, sight).await,
        RecordKind::MtaSts => mta_sts(plan, sight).await,
    }
}

async fn ownership(plan: &Plan, sight: &dyn Sight) -> Result<Finding, LiveError> {
    let expected = plan.ownership_value();
    let shown = format!("TXT \"{expected}\"");
    let mut others = Vec::new();
    for name in [plan.domain.clone(), format!("_posthouse.{}", plan.domain)] {
        for text in sight.texts(&name).await? {
            if text.trim() == expected {
                return Ok(Finding::done(&shown, &shown));
            }
            if text.trim_start().starts_with("posthouse-verify=") {
                others.push(format!("TXT \"{text}\""));
            }
        }
    }
    Ok(match others.first() {
        Some(other) => Finding::conflict(&plan.domain, &shown, other),
        None => Finding::absent(&plan.domain, &shown),
    })
}

/// Also for the bounce domain, which has the same MX.
async fn mx(plan: &Plan, sight: &dyn Sight, name: &str) -> Result<Finding, LiveError> {
    let expected = format!("MX {}", plan.mx_value());
    let exchanges = sight.exchanges(name).await?;
    let Some(first) = exchanges.first() else {
        return Ok(Finding::absent(name, &expected));
    };
    let shown: Vec<String> = exchanges
        .iter()
        .map(|one| format!("MX {} {}.", one.preference, one.host))
        .collect();
    let shown = shown.join(", ");
    if first.host.is_empty() {
        return Ok(Finding::conflict(name, &expected, &shown));
    }
    let ours = server_addresses(plan, sight).await?;
    let mut theirs = Vec::new();
    // RFC 5321 5.1: hosts of equal preference are tried in any order, so that all of them have to be ours.
    let most_preferred = exchanges
        .iter()
        .take_while(|one| one.preference == first.preference);
    for exchange in most_preferred {
        let addresses = sight.addresses(&exchange.host).await?;
        if !addresses.iter().any(|address| ours.contains(address)) {
            let place = format!("{shown}, where {} is {}", exchange.host, list(&addresses));
            let mut finding = Finding::conflict(name, &expected, &place);
            finding.message = format!("{} This server is {}.", finding.message, list(&ours));
            return Ok(finding);
        }
        theirs.extend(addresses);
    }
    Ok(Finding::done(&expected, &shown))
}

async fn spf(plan: &Plan, sight: &dyn Sight) -> Result<Finding, LiveError> {
    let expected = format!("TXT \"{}\"", plan.spf_value());
    let domain = &plan.domain;
    let texts = sight.texts(domain).await?;
    let policies: Vec<&String> = texts.iter().filter(|text| tags::is_spf(text)).collect();
    let (Some(policy), others) = (policies.first(), policies.len() - policies.len().min(1)) else {
        return Ok(Finding::absent(domain, &expected));
    };
    let found = format!("TXT \"{policy}\"");
    if others > 0 {
        let all: Vec<String> = policies
            .iter()
            .map(|text| format!("TXT \"{text}\""))
            .collect();
        let mut finding = Finding::conflict(domain, &expected, &all.join(", "));
        // RFC 7208 4.5
        finding
            .message
            .push_str(" Only one SPF record may be there: join them into one.");
        return Ok(finding);
    }
    let ours = server_addresses(plan, sight).await?;
    if ours.is_empty() {
        let mut finding = Finding::absent(&plan.mail_host, "an address of this server");
        finding.found = found;
        return Ok(finding);
    }
    for address in sending_addresses(plan, ours) {
        let result = sight.spf(address, domain).await?;
        if result != "pass" {
            let mut finding = Finding::conflict(domain, &expected, &found);
            let verdict = format!(" It says {result} for {address}, from which this server sends.");
            finding.message.push_str(&verdict);
            return Ok(finding);
        }
    }
    Ok(Finding::done(&expected, &found))
}

async fn dkim(plan: &Plan, sight: &dyn Sight) -> Result<Finding, LiveError> {
    let mut seen = Vec::new();
    let mut findings = Vec::new();
    for key in plan.living_keys() {
        let (what, finding) = one_key(plan, sight, key).await?;
        seen.push((key.id, what));
        findings.push((key, what, finding));
    }
    let deciding = |(key, _, _): &&(&DkimKeyRow, KeySeen, Finding)| key.bits > 0;
    let rsa: Vec<_> = findings.iter().filter(deciding).collect();
    let Some((newest, _, finding)) = rsa.first() else {
        return Ok(Finding::absent(&plan.domain, "a signing key"));
    };
    let mut finding = finding.clone();
    let signing = rsa
        .iter()
        .find(|(key, what, _)| key.state == KeyState::Active && *what == KeySeen::Published);
    if let Some((key, _, _)) = signing
        && key.id != newest.id
    {
        finding.holds = true;
        let still = format!(" The key {} is found and signs until then.", key.selector);
        finding.message.push_str(&still);
    }
    finding.keys = seen;
    Ok(finding)
}

async fn one_key(
    plan: &Plan,
    sight: &dyn Sight,
    key: &DkimKeyRow,
) -> Result<(KeySeen, Finding), LiveError> {
    let name = format!("{}._domainkey.{}", key.selector, plan.domain);
    let expected = format!("TXT \"{}\"", key.record);
    let texts = sight.texts(&name).await?;
    if texts
        .iter()
        .any(|text| tags::is_same_key(text, &key.record))
    {
        return Ok((KeySeen::Published, Finding::done(&expected, &expected)));
    }
    Ok(match texts.first() {
        None => (KeySeen::Absent, Finding::absent(&name, &expected)),
        Some(other) => {
            let found = format!("TXT \"{other}\"");
            (
                KeySeen::Different,
                Finding::conflict(&name, &expected, &found),
            )
        }
    })
}

/// RFC 9989 4.10: the policy of the domain, else of the names above it.
async fn dmarc(plan: &Plan, sight: &dyn Sight) -> Result<Finding, LiveError> {
    let expected = format!("TXT \"{}\"", plan.dmarc_value());
    let at = format!("_dmarc.{}", plan.domain);
    let above = std::iter::successors(Some(plan.domain.as_str()), |name| {
        name.split_once('.').map(|(_, above)| above)
    });
    let names = above
        .filter(|name| name.contains('.'))
        .take(DMARC_PARENTS_MAX);
    for name in names {
        let texts = match sight.texts(&format!("_dmarc.{name}")).await {
            // What nobody can tell of a name above is not held against the domain's own answer.
            Err(_) if name != plan.domain => continue,
            answer => answer?,
        };
        let policies: Vec<&String> = texts.iter().filter(|text| tags::is_dmarc(text)).collect();
        let Some(policy) = policies.first() else {
            if let (true, Some(other)) = (name == plan.domain, texts.first()) {
                return Ok(Finding::conflict(
                    &at,
                    &expected,
                    &format!("TXT \"{other}\""),
                ));
            }
            continue;
        };
        let found = format!("TXT \"{policy}\"");
        // RFC 9989 4.7: of several records none counts.
        if policies.len() > 1 || !tags::is_valid_dmarc(policy) {
            return Ok(Finding::conflict(&at, &expected, &found));
        }
        return Ok(Finding::done(&expected, &found));
    }
    Ok(Finding::absent(&at, &expected))
}

async fn tls_rpt(plan: &Plan, sight: &dyn Sight) -> Result<Finding, LiveError> {
    let at = format!("_smtp._tls.{}", plan.domain);
    let expected = format!("TXT \"{}\"", plan.tls_rpt_value());
    let texts = sight.texts(&at).await?;
    Ok(match texts.as_slice() {
        [] => Finding::absent(&at, &expected),
        [one] if tags::has_version(one, "TLSRPTv1") && one.contains("rua=") => {
            Finding::done(&expected, &format!("TXT \"{one}\""))
        }
        [one, ..] => Finding::conflict(&at, &expected, &format!("TXT \"{one}\"")),
    })
}

async fn mta_sts(plan: &Plan, sight: &dyn Sight) -> Result<Finding, LiveError> {
    let at = format!("_mta-sts.{}", plan.domain);
    let expected = format!("TXT \"{}\"", plan.mta_sts_value());
    let texts = sight.texts(&at).await?;
    let Some(text) = texts.first() else {
        return Ok(Finding::absent(&at, &expected));
    };
    let found = format!("TXT \"{text}\"");
    if texts.len() > 1 || !tags::has_version(text, "STSv1") {
        return Ok(Finding::conflict(&at, &expected, &found));
    }
    let host = format!("mta-sts.{}", plan.domain);
    let here = format!("CNAME {}.", plan.mail_host);
    let ours = server_addresses(plan, sight).await?;
    let addresses = sight.addresses(&host).await?;
    if addresses.is_empty() {
        return Ok(Finding::absent(&host, &here));
    }
    if !addresses.iter().any(|address| ours.contains(address)) {
        let place = format!("addresses {}", list(&addresses));
        return Ok(Finding::conflict(&host, &here, &place));
    }
    Ok(Finding::done(&expected, &found))
}

/// Returns where this server is: what the operator has said, else where its name is.
/// Returns where mail of the domain leaves from: of a family that the operator named an address of, from there alone.
fn sending_addresses(plan: &Plan, ours: Vec<IpAddr>) -> Vec<IpAddr> {
    let named = |family: bool| plan.sources.iter().any(|source| source.is_ipv4() == family);
    let unnamed = ours.into_iter().filter(|one| !named(one.is_ipv4()));
    plan.sources.iter().copied().chain(unnamed).collect()
}

async fn server_addresses(plan: &Plan, sight: &dyn Sight) -> Result<Vec<IpAddr>, LiveError> {
    if !plan.addresses.is_empty() {
        return Ok(plan.addresses.clone());
    }
    sight.addresses(&plan.mail_host).await
}

/// Ends with a full stop, which names in records have already.
fn sentence(mut text: String) -> String {
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}

/// SMTP-07: what strangers publish may be long and hold anything; it is shown to people and kept in the store.
fn tame(text: &str) -> String {
    let plain = |letter: char| match letter.is_control() {
        true => char::REPLACEMENT_CHARACTER,
        false => letter,
    };
    text.chars().map(plain).take(FOUND_CHARACTERS_MAX).collect()
}

fn list(addresses: &[IpAddr]) -> String {
    if addresses.is_empty() {
        return "nowhere".to_owned();
    }
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    texts.join(", ")
}
