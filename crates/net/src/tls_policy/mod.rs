//! How securely mail is handed to another server.
//!
//! Between mail servers TLS is optional and certificates prove nothing, unless the receiving domain says otherwise.
//! It can say so in three ways, asked in this order:
//!
//! 1. **DANE** (RFC 7672): TLSA records, signed by DNSSEC, name the server's certificate or its issuer.
//! 2. **MTA-STS** (RFC 8461): a policy, fetched over HTTPS and kept, names the servers and wants publicly trusted certificates.
//! 3. Nothing: TLS where it is offered, with any certificate, and plain text where it is not.
//!
//! A sender can want more for one message (REQUIRETLS, RFC 8689). [`TlsPolicies::for_mx`] decides what holds for one
//! server; [`TlsPolicies::connect`] enforces it on a connection after STARTTLS was answered. Both fail with a
//! [`TlsRefusal`], which names the policy and its reason in the words of TLS reports (RFC 8460 4.3).

mod connector;
mod dane;
pub mod mta_sts;
mod refusal;
mod tlsa;
mod verifiers;

use std::sync::Arc;

use posthouse_types::clock::SharedClock;
use rustls::pki_types::CertificateDer;

pub use self::connector::{Authenticated, SecuredBy};
use self::dane::DaneFinding;
use self::mta_sts::{Mode, MtaSts, StsFinding};
pub use self::refusal::{PolicyKind, ReportedAs, TlsRefusal};
pub use self::tlsa::{TlsaMatching, TlsaRecord, TlsaSelector, TlsaUsage};
use self::verifiers::Roots;
use crate::resolver::{Resolver, Security};

/// What holds for one connection to one mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsPolicy {
    /// TLS where it is offered, any certificate; plain text otherwise. A failed handshake is tried again in plain text, on a
    /// new connection.
    Opportunistic,
    /// TLS is a must, any certificate will do: the domain publishes TLSA records none of which can be used. RFC 7672 2.1.1.
    Encrypted,
    /// The certificate must match one of the records.
    Dane {
        /// Usable records, at least one.
        records: Vec<TlsaRecord>,
        /// Name under which the records stand; sent as SNI. RFC 7672 8.1.
        base: String,
        /// Names of which a certificate issued by a named authority must bear one; `base` is among them.
        names: Vec<String>,
    },
    /// The certificate must be publicly trusted and be for the server's name.
    MtaSts {
        /// Whether a failure stops the delivery or is only reported.
        mode: Mode,
        /// In testing mode, that the policy does not name this server: reported, no obstacle.
        unlisted: bool,
    },
    /// As MTA-STS enforces it, without one: a message that requires TLS to a server that DNSSEC vouches for, or a relay.
    Pkix,
}

impl TlsPolicy {
    /// Whether mail may leave in plain text when the server offers no TLS or the handshake fails.
    pub fn allows_plain_text(&self) -> bool {
        matches!(
            self,
            Self::Opportunistic
                | Self::MtaSts {
                    mode: Mode::Testing,
                    ..
                }
        )
    }

    /// The policy's name in refusals and reports.
    pub fn kind(&self) -> PolicyKind {
        match self {
            Self::Opportunistic => PolicyKind::Opportunistic,
            Self::Encrypted | Self::Dane { .. } => PolicyKind::Dane,
            Self::MtaSts { .. } => PolicyKind::MtaSts,
            Self::Pkix => PolicyKind::RequireTls,
        }
    }

    /// What is to be said of a server that offers no STARTTLS: fine, or why not.
    ///
    /// # Errors
    /// The refusal, when this policy wants TLS.
    pub fn without_starttls(&self, mx_host: &str) -> Result<(), TlsRefusal> {
        if self.allows_plain_text() {
            return Ok(());
        }
        Err(self.refuses(
            mx_host,
            ReportedAs::StarttlsNotSupported,
            "it does not offer STARTTLS",
        ))
    }

    fn refuses(&self, mx_host: &str, as_: ReportedAs, reason: impl Into<String>) -> TlsRefusal {
        TlsRefusal::new(self.kind(), mx_host, as_, reason)
    }
}

/// One server as the next hop of mail for a domain.
#[derive(Debug, Clone, Copy)]
pub struct MxTarget<'a> {
    /// The domain of the recipients, in A-labels.
    pub domain: &'a str,
    /// The server's name, from the MX record or, without one, the domain itself.
    pub host: &'a str,
    /// The port that will be connected to; 25 but in tests.
    pub port: u16,
    /// The message may only travel over verified TLS. RFC 8689.
    pub require_tls: bool,
}

/// What decides about TLS to other servers. Cheap to clone; clones share the policies they keep.
#[derive(Clone)]
pub struct TlsPolicies {
    inner: Arc<Inner>,
}

struct Inner {
    resolver: Resolver,
    sts: MtaSts,
    roots: Roots,
}

impl TlsPolicies {
    /// Puts the parts together. Reads the system's root certificates from disk, so call it at start.
    pub fn new(
        resolver: Resolver,
        sts: mta_sts::Source,
        extra_roots: &[CertificateDer<'static>],
        clock: SharedClock,
    ) -> Self {
        let inner = Inner {
            sts: MtaSts::new(sts, resolver.clone(), clock),
            resolver,
            roots: Roots::trusting(extra_roots),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Decides what holds for mail to `target`. Asks the DNS, and the domain's policy server if there is one.
    ///
    /// # Errors
    /// The server must not be used, now or ever: the DNS lies or is silent where DNSSEC promises an answer, the domain's policy
    /// does not name the server, or nothing vouches for it and the message requires that.
    pub async fn for_mx(&self, target: &MxTarget<'_>) -> Result<TlsPolicy, TlsRefusal> {
        let mx = dane::mx_security(&self.inner.resolver, target).await?;
        if mx == Security::Secure {
            match dane::find(&self.inner.resolver, target).await? {
                DaneFinding::Records {
                    records,
                    base,
                    names,
                } => {
                    return Ok(TlsPolicy::Dane {
                        records,
                        base,
                        names,
                    });
                }
                // Encryption without authentication is not what the message asks for; the policy below may be.
                DaneFinding::Unusable if !target.require_tls => return Ok(TlsPolicy::Encrypted),
                DaneFinding::Unusable | DaneFinding::None => {}
            }
        }
        match self.inner.sts.judge(target).await? {
            StsFinding::Policy { mode, unlisted } => Ok(TlsPolicy::MtaSts { mode, unlisted }),
            StsFinding::None if !target.require_tls => Ok(TlsPolicy::Opportunistic),
            // RFC 8689 4.2.1: the server's name must be vouched for by DNSSEC or MTA-STS.
            StsFinding::None if mx == Security::Secure => Ok(TlsPolicy::Pkix),
            StsFinding::None => Err(TlsRefusal::new(
                PolicyKind::RequireTls,
                target.host,
                ReportedAs::ValidationFailure,
                "neither DNSSEC nor MTA-STS vouches for it",
            )
            .for_good()),
        }
    }

    /// The policy server's part alone, for jobs that look after what is kept.
    pub fn mta_sts(&self) -> &MtaSts {
        &self.inner.sts
    }

    fn roots(&self) -> &Roots {
        &self.inner.roots
    }
}

impl std::fmt::Debug for TlsPolicies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsPolicies").finish_non_exhaustive()
    }
}
