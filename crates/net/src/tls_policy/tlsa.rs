//! TLSA records: which of them can be used, and whether a certificate matches one. RFC 6698, as RFC 7672 narrows it for mail.

use hickory_resolver::proto::rr::rdata::TLSA;
use hickory_resolver::proto::rr::rdata::tlsa::{CertUsage, Matching, Selector};
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use sha2::{Digest as _, Sha256, Sha512};

/// What a record names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsaUsage {
    /// DANE-TA(2): an authority above the server's certificate.
    Authority,
    /// DANE-EE(3): the server's own certificate; its names and dates do not matter. RFC 7672 3.1.1.
    Server,
}

/// Which part of the certificate is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsaSelector {
    /// Cert(0): all of it.
    Certificate,
    /// SPKI(1): its public key.
    PublicKey,
}

/// How it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsaMatching {
    /// Full(0): byte for byte.
    Full,
    /// SHA2-256(1).
    Sha256,
    /// SHA2-512(2).
    Sha512,
}

/// A record that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsaRecord {
    /// What it names.
    pub usage: TlsaUsage,
    /// What is compared.
    pub selector: TlsaSelector,
    /// How.
    pub matching: TlsaMatching,
    /// With what.
    pub data: Vec<u8>,
}

impl TlsaRecord {
    /// Takes a record over, or `None` when it cannot be used: an unknown number, a digest of the wrong length, or the usages
    /// PKIX-TA(0) and PKIX-EE(1). RFC 7672 3.1.3: those are not used for mail.
    pub(super) fn usable(record: &TLSA) -> Option<Self> {
        let usage = match record.cert_usage {
            CertUsage::DaneTa => TlsaUsage::Authority,
            CertUsage::DaneEe => TlsaUsage::Server,
            _ => return None,
        };
        let selector = match record.selector {
            Selector::Full => TlsaSelector::Certificate,
            Selector::Spki => TlsaSelector::PublicKey,
            _ => return None,
        };
        let (matching, length) = match record.matching {
            Matching::Raw => (TlsaMatching::Full, None),
            Matching::Sha256 => (TlsaMatching::Sha256, Some(32)),
            Matching::Sha512 => (TlsaMatching::Sha512, Some(64)),
            _ => return None,
        };
        let data = record.cert_data.clone();
        let length_fits = length.map_or(!data.is_empty(), |bytes: usize| data.len() == bytes);
        length_fits.then_some(Self {
            usage,
            selector,
            matching,
            data,
        })
    }

    /// Whether the record is about this certificate.
    pub(super) fn matches(&self, certificate: &CertificateDer<'_>) -> bool {
        match self.selector {
            TlsaSelector::Certificate => self.is_of(certificate.as_ref()),
            TlsaSelector::PublicKey => match ParsedCertificate::try_from(certificate) {
                Ok(parsed) => self.is_of(parsed.subject_public_key_info().as_ref()),
                Err(_) => false,
            },
        }
    }

    /// The certificate itself, from a record that holds all of it.
    pub(super) fn whole_certificate(&self) -> Option<CertificateDer<'static>> {
        let whole =
            self.selector == TlsaSelector::Certificate && self.matching == TlsaMatching::Full;
        whole.then(|| CertificateDer::from(self.data.clone()))
    }

    fn is_of(&self, selected: &[u8]) -> bool {
        match self.matching {
            TlsaMatching::Full => selected == self.data,
            TlsaMatching::Sha256 => Sha256::digest(selected).as_slice() == self.data,
            TlsaMatching::Sha512 => Sha512::digest(selected).as_slice() == self.data,
        }
    }
}
