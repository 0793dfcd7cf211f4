//! Who wants aggregate reports about a domain, and what its record says at that moment (RFC 9990 3.4, 4).

use super::record::{Alignment, Record};
use super::{text_at, walk};
use crate::authentication::dns::{Dns, NotFound};
use crate::authentication::domain;
use crate::authentication::limits::{
    REPORT_ADDRESS_OCTETS_MAX, REPORT_ADDRESSES_MAX, REPORT_NAME_OCTETS_MAX,
};
use crate::authentication::verdict::Policy;

/// What a domain publishes, as a report repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// For the domain itself.
    pub policy: Policy,
    /// For names below it.
    pub subdomains: Option<Policy>,
    /// For names below it that do not exist.
    pub absent: Option<Policy>,
    /// DKIM has to name the author's domain itself.
    pub is_dkim_strict: bool,
    /// SPF has to.
    pub is_spf_strict: bool,
    /// The domain's owner is still trying.
    pub is_testing: bool,
}

/// An address that reports go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportAddress {
    /// The address, not checked any further.
    pub address: String,
    /// Bytes that a report may have there.
    pub bytes_max: Option<u64>,
}

/// A domain that wants reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRequest {
    /// What it publishes.
    pub published: Published,
    /// Where they go: those addresses that agree.
    pub addresses: Vec<ReportAddress>,
}

/// Asks whether a domain wants reports; `None` when it publishes nothing, names nobody, or only such as did not agree.
///
/// # Errors
/// [`NotFound::Trouble`] when the DNS gives no answer; it may be asked again later.
pub async fn report_request(
    dns: &dyn Dns,
    policy_domain: &str,
) -> Result<Option<ReportRequest>, NotFound> {
    let Some((record, text)) = text_at(dns, policy_domain).await? else {
        return Ok(None);
    };
    let mut addresses = Vec::new();
    for wanted in report_addresses(&text) {
        if let Some(agreed) = agreed(dns, policy_domain, wanted).await? {
            addresses.push(agreed);
        }
    }
    Ok((!addresses.is_empty()).then(|| ReportRequest {
        published: published(&record),
        addresses,
    }))
}

fn published(record: &Record) -> Published {
    Published {
        policy: record.policy,
        subdomains: record.subdomains,
        absent: record.absent,
        is_dkim_strict: record.dkim == Alignment::Strict,
        is_spf_strict: record.spf == Alignment::Strict,
        is_testing: record.is_testing,
    }
}

/// RFC 9990 4: an address of another organisation gets reports only where its domain says so; it may name another one of
/// its own host.
async fn agreed(
    dns: &dyn Dns,
    policy_domain: &str,
    wanted: ReportAddress,
) -> Result<Option<ReportAddress>, NotFound> {
    let Some(host) = host_of(&wanted.address) else {
        return Ok(None);
    };
    let own = walk(dns, policy_domain).await?.organization;
    if walk(dns, &host).await?.organization == own {
        return Ok(Some(wanted));
    }
    let name = format!("{policy_domain}._report._dmarc.{host}");
    if name.len() > REPORT_NAME_OCTETS_MAX {
        return Ok(None);
    }
    let texts = match dns.txt(&name).await {
        Ok(texts) => texts,
        Err(NotFound::NoName) => return Ok(None),
        Err(NotFound::Trouble) => return Err(NotFound::Trouble),
    };
    let Some(text) = texts.iter().find(|text| Record::parse(text).is_some()) else {
        return Ok(None);
    };
    let Some(other) = report_addresses(text).into_iter().next() else {
        return Ok(Some(wanted));
    };
    Ok((host_of(&other.address).as_deref() == Some(host.as_str())).then_some(other))
}

fn host_of(address: &str) -> Option<String> {
    domain::canonical(address.rsplit_once('@')?.1)
}

/// Returns the addresses of `rua=`, each once, in their order.
fn report_addresses(text: &[u8]) -> Vec<ReportAddress> {
    let text = String::from_utf8_lossy(text);
    let tags = text.split(';').filter_map(|tag| tag.split_once('='));
    let mut named = tags.filter(|(name, _)| name.trim().eq_ignore_ascii_case("rua"));
    let Some((_, list)) = named.next() else {
        return Vec::new();
    };
    let mut addresses: Vec<ReportAddress> = Vec::new();
    for uri in list.split(',').filter_map(|uri| report_address(uri.trim())) {
        let is_new = addresses.iter().all(|other| other.address != uri.address);
        if is_new && addresses.len() < REPORT_ADDRESSES_MAX {
            addresses.push(uri);
        }
    }
    addresses
}

/// Reads `mailto:address`, with a size such as `!10m` behind it or none (RFC 7489 6.2, which RFC 9990 3.5 still heeds).
fn report_address(uri: &str) -> Option<ReportAddress> {
    let scheme = uri.get(..7)?;
    if !scheme.eq_ignore_ascii_case("mailto:") {
        return None;
    }
    let (address, size) = match uri[7..].split_once('!') {
        Some((address, size)) => (address, Some(bytes_of(size)?)),
        None => (&uri[7..], None),
    };
    let address = unescaped(address)?;
    let is_plain = !address.is_empty()
        && address.len() <= REPORT_ADDRESS_OCTETS_MAX
        && !address.contains(|one: char| one.is_control() || one.is_whitespace());
    is_plain.then_some(ReportAddress {
        address,
        bytes_max: size,
    })
}

fn bytes_of(size: &str) -> Option<u64> {
    let size = size.trim().to_ascii_lowercase();
    let digits = size.trim_end_matches(['k', 'm', 'g', 't']);
    let shift = match &size[digits.len()..] {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// RFC 3986 2.1: `,`, `!` and `;` in an address are written as octets.
fn unescaped(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let digit = |octet: u8| (octet as char).to_digit(16);
        let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
        octets.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authentication::table::Table;

    fn world() -> Table {
        Table::default()
            .txt(
                "_dmarc.blue.example",
                "v=DMARC1; p=reject; sp=none; np=quarantine; adkim=s; t=y; rua=mailto:Own@blue.example!10m,mailto:r@red.example, mailto:g@grey.example,https://x.example,mailto:deep@mail.blue.example",
            )
            .txt("blue.example._report._dmarc.red.example", "v=DMARC1;")
            .txt("_dmarc.green.example", "v=DMARC1; p=none; rua=mailto:g@gold.example")
            .txt(
                "green.example._report._dmarc.gold.example",
                "v=DMARC1; rua=mailto:other@gold.example!1k",
            )
            .txt("_dmarc.pink.example", "v=DMARC1; p=none; rua=mailto:p@gold.example")
            .txt(
                "pink.example._report._dmarc.gold.example",
                "v=DMARC1; rua=mailto:victim@elsewhere.example",
            )
            .txt("_dmarc.mute.example", "v=DMARC1; p=none")
    }

    async fn ask(domain: &str) -> Option<ReportRequest> {
        report_request(&world(), domain).await.unwrap()
    }

    fn to(address: &str, bytes_max: Option<u64>) -> ReportAddress {
        ReportAddress {
            address: address.to_owned(),
            bytes_max,
        }
    }

    #[tokio::test]
    async fn reports_go_to_the_own_organisation_and_to_others_that_agreed() {
        let request = ask("blue.example").await.unwrap();
        assert_eq!(
            request.addresses,
            [
                to("Own@blue.example", Some(10 << 20)),
                to("r@red.example", None),
                to("deep@mail.blue.example", None),
            ]
        );
        assert_eq!(
            request.published,
            Published {
                policy: Policy::Reject,
                subdomains: Some(Policy::None),
                absent: Some(Policy::Quarantine),
                is_dkim_strict: true,
                is_spf_strict: false,
                is_testing: true,
            }
        );
        assert_eq!(ask("mute.example").await, None);
        assert_eq!(ask("silent.example").await, None);
    }

    #[tokio::test]
    async fn whoever_agrees_may_name_another_address_of_its_own_host_only() {
        let request = ask("green.example").await.unwrap();
        assert_eq!(request.addresses, [to("other@gold.example", Some(1 << 10))]);
        assert_eq!(ask("pink.example").await, None);
    }

    #[test]
    fn addresses_are_read_as_uris() {
        let read = |text: &str| report_addresses(text.as_bytes());
        assert_eq!(
            read("v=DMARC1; RUA = MAILTO:a%2Cb%21c@x.example!5"),
            [to("a,b!c@x.example", Some(5))]
        );
        for wrong in [
            "mailto:",
            "mailto:a@x.example!5y",
            "mailto:a%2@x.example",
            "mailto:a%0d%0ab@x.example",
            "http://x.example",
            "é",
            "mailto:a@x.example!99999999999999999999",
        ] {
            assert_eq!(read(&format!("v=DMARC1; rua={wrong}")), [], "{wrong}");
        }
        let many: Vec<String> = (0..99).map(|n| format!("mailto:{n}@x.example")).collect();
        let many = read(&format!("v=DMARC1; rua={}", many.join(",")));
        assert_eq!(many.len(), REPORT_ADDRESSES_MAX);
    }

    proptest::proptest! {
        #[test]
        fn any_record_names_a_bounded_number_of_addresses(text in proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..200)) {
            let text = [b"v=DMARC1; rua=mailto:", text.as_slice()].concat();
            proptest::prop_assert!(report_addresses(&text).len() <= REPORT_ADDRESSES_MAX);
        }
    }
}
