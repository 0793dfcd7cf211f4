//! Why mail must not be handed to a server, said so that people and TLS reports can use it.

use std::fmt;

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// TLSA records of the server.
    Dane,
    /// The MTA-STS policy of the domain.
    MtaSts,
    /// The message, by REQUIRETLS, or the operator, for a relay.
    RequireTls,
    /// Nobody: TLS was tried because it was offered.
    Opportunistic,
}

impl PolicyKind {
    /// RFC 8460 4.2: `policy-type` of a report.
    pub fn reported(self) -> &'static str {
        match self {
            Self::Dane => "tlsa",
            Self::MtaSts => "sts",
            Self::RequireTls | Self::Opportunistic => "no-policy-found",
        }
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dane => "DANE",
            Self::MtaSts => "MTA-STS",
            Self::RequireTls => "required TLS",
            Self::Opportunistic => "opportunistic TLS",
        })
    }
}

/// RFC 8460 4.3: the `result-type` of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportedAs {
    /// The server does not offer STARTTLS.
    StarttlsNotSupported,
    /// The certificate is for other names.
    CertificateHostMismatch,
    /// The certificate has expired.
    CertificateExpired,
    /// The certificate's issuer is not trusted.
    CertificateNotTrusted,
    /// Any other trouble, such as no TLS version in common.
    ValidationFailure,
    /// The TLSA records match no certificate of the server.
    TlsaInvalid,
    /// DNSSEC signatures are wrong or missing.
    DnssecInvalid,
    /// The policy cannot be fetched.
    StsPolicyFetchError,
    /// The policy has mistakes.
    StsPolicyInvalid,
    /// The certificate of the policy's web server is not valid.
    StsWebpkiInvalid,
}

impl ReportedAs {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StarttlsNotSupported => "starttls-not-supported",
            Self::CertificateHostMismatch => "certificate-host-mismatch",
            Self::CertificateExpired => "certificate-expired",
            Self::CertificateNotTrusted => "certificate-not-trusted",
            Self::ValidationFailure => "validation-failure",
            Self::TlsaInvalid => "tlsa-invalid",
            Self::DnssecInvalid => "dnssec-invalid",
            Self::StsPolicyFetchError => "sts-policy-fetch-error",
            Self::StsPolicyInvalid => "sts-policy-invalid",
            Self::StsWebpkiInvalid => "sts-webpki-invalid",
        }
    }
}

/// Mail must not go to this server on this connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{policy} refuses {mx_host}: {reason} ({})", .reported_as.as_str())]
pub struct TlsRefusal {
    /// Who refused.
    pub policy: PolicyKind,
    /// The server that was to be used.
    pub mx_host: String,
    /// The reason's class.
    pub reported_as: ReportedAs,
    /// The reason in words.
    pub reason: String,
    /// Trying again later is no use: the message must be returned. Otherwise it waits for its next attempt.
    pub permanent: bool,
}

impl TlsRefusal {
    pub(super) fn new(
        policy: PolicyKind,
        mx_host: &str,
        reported_as: ReportedAs,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            policy,
            mx_host: mx_host.to_owned(),
            reported_as,
            reason: reason.into(),
            permanent: false,
        }
    }

    pub(super) fn for_good(mut self) -> Self {
        self.permanent = true;
        self
    }
}
