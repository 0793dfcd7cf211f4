//! The records that a domain's owner publishes: what each is for, and what it says.

use std::net::IpAddr;

use super::limits::{RECORD_TTL_SECONDS, RETIRED_RECORD_SECONDS};
use super::mta_sts::{MtaStsMode, mta_sts_id, mta_sts_policy};
use posthouse_store::tables::dkim_keys::{DkimKeyRow, KeyState};
use serde::Serialize;

/// What a record proves or does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// The registrant controls the domain.
    Ownership,
    /// Mail for the domain comes to this server.
    Mx,
    /// This server may send for the domain.
    Spf,
    /// Our signing keys.
    Dkim,
    /// Bounces come to this server.
    Feedback,
    /// What receivers do with mail that fails both.
    Dmarc,
    /// Follows from the signing keys; has no record.
    Arc,
    /// Where failures of TLS are reported.
    TlsRpt,
    /// Other servers insist on TLS.
    MtaSts,
}

impl RecordKind {
    /// Every kind, the ones that come first to an owner first.
    pub const ALL: [Self; 9] = [
        Self::Ownership,
        Self::Mx,
        Self::Spf,
        Self::Dkim,
        Self::Feedback,
        Self::Dmarc,
        Self::Arc,
        Self::TlsRpt,
        Self::MtaSts,
    ];

    /// Returns the kind as the API spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ownership => "ownership",
            Self::Mx => "mx",
            Self::Spf => "spf",
            Self::Dkim => "dkim",
            Self::Feedback => "feedback",
            Self::Dmarc => "dmarc",
            Self::Arc => "arc",
            Self::TlsRpt => "tls_rpt",
            Self::MtaSts => "mta_sts",
        }
    }

    /// Returns the kind of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Tells whether something does not work without it.
    #[must_use]
    pub fn is_required(self) -> bool {
        matches!(self, Self::Ownership | Self::Mx | Self::Spf | Self::Dkim)
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::Ownership => "proves that the domain is yours",
            Self::Mx => "brings mail for the domain here",
            Self::Spf => "lets this server send for the domain",
            Self::Dkim => "the key that signs your mail",
            Self::Feedback => "brings bounces here",
            Self::Dmarc => "tells receivers what to do with forged mail, and to report it",
            Self::Arc => "follows from dkim",
            Self::TlsRpt => "lets other servers report failures of TLS",
            Self::MtaSts => "lets other servers insist on TLS",
        }
    }
}

/// A record to publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DnsRecord {
    /// `TXT`, `MX` …
    #[serde(rename = "type")]
    pub record_type: &'static str,
    /// Its name below the domain; `@` for the domain itself.
    pub host: String,
    /// Its whole name, without a trailing dot.
    pub name: String,
    /// What it says, as zone files write it but without the quotes of texts.
    pub value: String,
    /// Seconds.
    pub ttl: u32,
    /// What it is for.
    pub purpose: String,
    /// Whether something does not work without it.
    pub required: bool,
}

/// What the records of a domain are made from.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The domain as A-labels.
    pub(crate) domain: String,
    /// The mail host's name.
    pub(crate) mail_host: String,
    /// Where the mail host is, as far as the operator has said.
    pub(crate) addresses: Vec<IpAddr>,
    /// Where the domain's mail leaves from, if not from there.
    pub(crate) sources: Vec<IpAddr>,
    /// What proves the ownership.
    pub(crate) token: String,
    /// What the operator wants included in SPF instead of the mail host.
    pub(crate) spf_include: Option<String>,
    /// Accounts may be at any name below the domain.
    pub(crate) include_subdomains: bool,
    /// What the policy for other servers asks for.
    pub(crate) mta_sts_mode: MtaStsMode,
    /// The domain's keys, oldest first.
    pub(crate) keys: Vec<DkimKeyRow>,
    /// Unix seconds.
    pub(crate) now: i64,
}

impl Plan {
    /// Returns the records of a kind; the one that decides comes first.
    pub(crate) fn records(&self, kind: RecordKind) -> Vec<DnsRecord> {
        match kind {
            RecordKind::Ownership => vec![self.text(kind, "@", self.ownership_value())],
            RecordKind::Mx => self.mx(),
            RecordKind::Spf => vec![self.text(kind, "@", self.spf_value())],
            RecordKind::Dkim => self.dkim(),
            RecordKind::Feedback => vec![
                self.record(kind, "MX", "bounce", self.mx_value()),
                self.text(
                    kind,
                    "bounce",
                    format!("v=spf1 a:{}{} -all", self.mail_host, self.spf_sources()),
                ),
            ],
            RecordKind::Dmarc => vec![self.text(kind, "_dmarc", self.dmarc_value())],
            RecordKind::Arc => Vec::new(),
            RecordKind::TlsRpt => vec![self.text(kind, "_smtp._tls", self.tls_rpt_value())],
            RecordKind::MtaSts => vec![
                self.text(kind, "_mta-sts", self.mta_sts_value()),
                self.record(kind, "CNAME", "mta-sts", format!("{}.", self.mail_host)),
            ],
        }
    }

    /// Returns all records, in the order in which an owner reads them.
    pub(crate) fn all(&self) -> Vec<DnsRecord> {
        let mut records: Vec<DnsRecord> = RecordKind::ALL
            .into_iter()
            .flat_map(|kind| self.records(kind))
            .collect();
        records.extend(self.retired());
        records.extend(self.mail_host_addresses());
        records.extend(self.autoconfiguration());
        records
    }

    /// Returns the keys that sign or will, the newest first.
    pub(crate) fn living_keys(&self) -> impl Iterator<Item = &DkimKeyRow> {
        let living = |key: &&DkimKeyRow| key.state != KeyState::Retired;
        self.keys.iter().rev().filter(living)
    }

    pub(crate) fn ownership_value(&self) -> String {
        format!("posthouse-verify={}", self.token)
    }

    pub(crate) fn mx_value(&self) -> String {
        format!("10 {}.", self.mail_host)
    }

    pub(crate) fn spf_value(&self) -> String {
        match &self.spf_include {
            Some(include) => format!("v=spf1 include:{include}{} ~all", self.spf_sources()),
            None => format!("v=spf1 mx a:{}{} ~all", self.mail_host, self.spf_sources()),
        }
    }

    /// RFC 7208 5.6: addresses that the mail host's name does not stand for.
    fn spf_sources(&self) -> String {
        let apart = self
            .sources
            .iter()
            .filter(|one| !self.addresses.contains(one));
        apart
            .map(|address| match address {
                IpAddr::V4(address) => format!(" ip4:{address}"),
                IpAddr::V6(address) => format!(" ip6:{address}"),
            })
            .collect()
    }

    pub(crate) fn dmarc_value(&self) -> String {
        format!(
            "v=DMARC1; p=none; rua=mailto:dmarc-reports@{}",
            self.mail_host
        )
    }

    pub(crate) fn tls_rpt_value(&self) -> String {
        format!("v=TLSRPTv1; rua=mailto:tls-reports@{}", self.mail_host)
    }

    /// RFC 8461 3.1: the id changes when the policy does.
    pub(crate) fn mta_sts_value(&self) -> String {
        let policy = mta_sts_policy(&self.mail_host, self.mta_sts_mode);
        format!("v=STSv1; id={}", mta_sts_id(&policy))
    }

    fn mx(&self) -> Vec<DnsRecord> {
        let mut records = vec![self.record(RecordKind::Mx, "MX", "@", self.mx_value())];
        if self.include_subdomains {
            records.push(DnsRecord {
                purpose: "brings mail for names below the domain here".to_owned(),
                ..self.record(RecordKind::Mx, "MX", "*", self.mx_value())
            });
        }
        records
    }

    fn dkim(&self) -> Vec<DnsRecord> {
        let mut keys: Vec<&DkimKeyRow> = self.living_keys().collect();
        // The RSA key of the newest pair decides.
        keys.sort_by_key(|key| {
            (
                key.state != KeyState::Pending || key.bits == 0,
                key.bits == 0,
            )
        });
        let newest = keys.iter().find(|key| key.bits > 0).map(|key| key.id);
        keys.into_iter()
            .map(|key| {
                let decides = Some(key.id) == newest;
                let purpose = match (key.state, key.bits) {
                    (KeyState::Active, _) if !decides && key.bits > 0 => {
                        "the key that signs until the new one is found; keep it".to_owned()
                    }
                    (_, 0) => {
                        "a further key that signs, for receivers that know Ed25519".to_owned()
                    }
                    _ => RecordKind::Dkim.purpose().to_owned(),
                };
                DnsRecord {
                    purpose,
                    required: key.bits > 0,
                    ..self.key_record(key)
                }
            })
            .collect()
    }

    /// Returns the records of keys that have stopped to sign but whose mail may still be on its way.
    fn retired(&self) -> impl Iterator<Item = DnsRecord> {
        let recent = |key: &&DkimKeyRow| {
            let over = key.retired_at.map(|at| at + RETIRED_RECORD_SECONDS);
            key.state == KeyState::Retired && over.is_some_and(|over| self.now < over)
        };
        self.keys.iter().filter(recent).map(|key| DnsRecord {
            purpose: "a former key: mail that it signed is still on its way".to_owned(),
            required: false,
            ..self.key_record(key)
        })
    }

    /// Returns where the mail host is, if its name is in the domain and so belongs into the same zone.
    fn mail_host_addresses(&self) -> Vec<DnsRecord> {
        let Some(host) = self.host_within() else {
            return Vec::new();
        };
        let record = |address: &IpAddr| {
            let kind = match address {
                IpAddr::V4(_) => "A",
                IpAddr::V6(_) => "AAAA",
            };
            DnsRecord {
                purpose: "where this server is".to_owned(),
                ..self.record(RecordKind::Mx, kind, &host, address.to_string())
            }
        };
        self.addresses.iter().map(record).collect()
    }

    /// RFC 6186: where mail clients find their server.
    fn autoconfiguration(&self) -> [DnsRecord; 2] {
        [("_imaps._tcp", 993), ("_submissions._tcp", 465)].map(|(host, port)| DnsRecord {
            purpose: "lets mail clients find their server".to_owned(),
            required: false,
            ..self.record(
                RecordKind::Mx,
                "SRV",
                host,
                format!("0 1 {port} {}.", self.mail_host),
            )
        })
    }

    fn host_within(&self) -> Option<String> {
        if self.mail_host == self.domain {
            return Some("@".to_owned());
        }
        let host = self.mail_host.strip_suffix(&self.domain)?;
        host.strip_suffix('.').map(str::to_owned)
    }

    fn key_record(&self, key: &DkimKeyRow) -> DnsRecord {
        let host = format!("{}._domainkey", key.selector);
        self.text(RecordKind::Dkim, &host, key.record.clone())
    }

    fn text(&self, kind: RecordKind, host: &str, value: String) -> DnsRecord {
        self.record(kind, "TXT", host, value)
    }

    fn record(
        &self,
        kind: RecordKind,
        record_type: &'static str,
        host: &str,
        value: String,
    ) -> DnsRecord {
        DnsRecord {
            record_type,
            host: host.to_owned(),
            name: match host {
                "@" => self.domain.clone(),
                host => format!("{host}.{}", self.domain),
            },
            value,
            ttl: RECORD_TTL_SECONDS,
            purpose: kind.purpose().to_owned(),
            required: kind.is_required(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use posthouse_types::ids::Key;

    pub(in crate::domains) fn key(
        id: i64,
        selector: &str,
        bits: i64,
        state: KeyState,
    ) -> DkimKeyRow {
        DkimKeyRow {
            id: Key(id),
            domain: Key(1),
            selector: selector.to_owned(),
            algorithm: String::new(),
            bits,
            private_key: Vec::new(),
            record: format!("v=DKIM1; p={selector}"),
            state,
            created_at: 0,
            verified_at: None,
            retired_at: (state == KeyState::Retired).then_some(1_000),
        }
    }

    pub(in crate::domains) fn plan() -> Plan {
        Plan {
            domain: "bots.example.org".to_owned(),
            mail_host: "mx.example.net".to_owned(),
            addresses: vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
            sources: Vec::new(),
            token: "0123456789abcdef0123456789abcdef".to_owned(),
            spf_include: None,
            include_subdomains: false,
            mta_sts_mode: MtaStsMode::Testing,
            keys: vec![
                key(1, "ph1", 2_048, KeyState::Pending),
                key(2, "ph1e", 0, KeyState::Pending),
            ],
            now: 2_000,
        }
    }

    fn shown(records: &[DnsRecord]) -> Vec<String> {
        let line =
            |record: &DnsRecord| format!("{} {} {}", record.host, record.record_type, record.value);
        records.iter().map(line).collect()
    }

    #[test]
    fn each_kind_has_the_records_of_its_row() {
        let expect = |kind, records: &[&str]| assert_eq!(shown(&plan().records(kind)), records);
        expect(
            RecordKind::Ownership,
            &["@ TXT posthouse-verify=0123456789abcdef0123456789abcdef"],
        );
        expect(RecordKind::Mx, &["@ MX 10 mx.example.net."]);
        expect(RecordKind::Spf, &["@ TXT v=spf1 mx a:mx.example.net ~all"]);
        expect(
            RecordKind::Dkim,
            &[
                "ph1._domainkey TXT v=DKIM1; p=ph1",
                "ph1e._domainkey TXT v=DKIM1; p=ph1e",
            ],
        );
        expect(
            RecordKind::Feedback,
            &[
                "bounce MX 10 mx.example.net.",
                "bounce TXT v=spf1 a:mx.example.net -all",
            ],
        );
        expect(
            RecordKind::Dmarc,
            &["_dmarc TXT v=DMARC1; p=none; rua=mailto:dmarc-reports@mx.example.net"],
        );
        expect(RecordKind::Arc, &[]);
    }

    #[test]
    fn subdomains_take_a_wildcard_and_a_provider_its_own_spf() {
        let mut plan = plan();
        plan.include_subdomains = true;
        plan.spf_include = Some("_spf.provider.example".to_owned());
        assert_eq!(
            shown(&plan.records(RecordKind::Mx))[1],
            "* MX 10 mx.example.net."
        );
        assert_eq!(
            plan.records(RecordKind::Spf)[0].value,
            "v=spf1 include:_spf.provider.example ~all"
        );
    }

    #[test]
    fn while_keys_change_the_new_record_comes_first_and_the_old_one_stays() {
        let mut plan = plan();
        plan.keys[0].state = KeyState::Active;
        plan.keys[1].state = KeyState::Active;
        plan.keys.push(key(3, "ph2", 2_048, KeyState::Pending));
        plan.keys.push(key(4, "ph2e", 0, KeyState::Pending));
        let hosts: Vec<String> = plan
            .records(RecordKind::Dkim)
            .into_iter()
            .map(|record| record.host)
            .collect();
        assert_eq!(hosts[0], "ph2._domainkey");
        assert_eq!(hosts.len(), 4);
        plan.keys[0] = key(1, "ph1", 2_048, KeyState::Retired);
        let all = plan.all();
        let old = all.iter().find(|record| record.host == "ph1._domainkey");
        assert!(old.is_some_and(|record| !record.required));
        plan.now = 1_000 + RETIRED_RECORD_SECONDS;
        assert!(
            plan.all()
                .iter()
                .all(|record| record.host != "ph1._domainkey")
        );
    }

    #[test]
    fn a_mail_host_within_the_domain_brings_its_addresses() {
        let mut plan = plan();
        assert!(plan.all().iter().all(|record| record.record_type != "A"));
        plan.mail_host = "mx.bots.example.org".to_owned();
        let lines = shown(&plan.all());
        assert!(lines.contains(&"mx A 192.0.2.1".to_owned()), "{lines:?}");
        assert!(lines.contains(&"mx AAAA 2001:db8::1".to_owned()));
    }
}
