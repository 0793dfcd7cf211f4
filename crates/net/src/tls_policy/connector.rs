//! Enforcing a policy on a connection.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, Error};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::mta_sts::Mode;
use super::refusal::{ReportedAs, TlsRefusal};
use super::verifiers::{Check, Held, NO_MATCH, Verifier};
use super::{TlsPolicies, TlsPolicy};
use crate::limits::MX_TLS_HANDSHAKE_DEADLINE;
use crate::tls;

/// What vouches for the server at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authenticated {
    /// Nothing: the connection is only encrypted.
    No,
    /// A TLSA record.
    Dane,
    /// A publicly trusted certificate for its name.
    Pkix,
}

/// How a connection is secured; for the log, the message's record and reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecuredBy {
    /// Version and cipher, as in `TLSv1.3 TLS_AES_256_GCM_SHA384`.
    pub session: String,
    /// Who the peer is known to be.
    pub authenticated: Authenticated,
    /// What a policy in testing mode would have refused; to be reported, no obstacle.
    pub would_refuse: Option<TlsRefusal>,
}

impl TlsPolicies {
    /// Does the handshake on `stream`, whose peer has just said that it is ready for TLS.
    ///
    /// The stream must have been read to exactly there: bytes that came behind the reply to STARTTLS were not protected and
    /// the caller has to hang up on them.
    ///
    /// # Errors
    /// The handshake failed or the policy refuses what the server showed. The stream is of no further use; whether the mail may
    /// go in plain text over a new connection is [`TlsPolicy::allows_plain_text`].
    pub async fn connect<S>(
        &self,
        policy: &TlsPolicy,
        mx_host: &str,
        stream: S,
    ) -> Result<(TlsStream<S>, SecuredBy), TlsRefusal>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let held = Held::default();
        let config = config(self.check(policy, &held));
        let wanted = match policy {
            TlsPolicy::Dane { base, .. } => base.as_str(),
            _ => mx_host,
        };
        let name = ServerName::try_from(wanted.to_owned()).map_err(|_| {
            let reason = "its name cannot stand in a certificate";
            policy.refuses(mx_host, ReportedAs::ValidationFailure, reason)
        })?;
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let outcome = tokio::time::timeout(MX_TLS_HANDSHAKE_DEADLINE, handshake).await;
        let encrypted = match outcome {
            Ok(Ok(encrypted)) => encrypted,
            Ok(Err(error)) => return Err(failed(policy, mx_host, &error)),
            Err(_) => {
                let reason = "the TLS handshake took too long";
                return Err(policy.refuses(mx_host, ReportedAs::ValidationFailure, reason));
            }
        };
        let secured = SecuredBy {
            session: tls::session_text(encrypted.get_ref().1),
            authenticated: authenticated(policy, &held),
            would_refuse: would_refuse(policy, mx_host, &held),
        };
        Ok((encrypted, secured))
    }

    fn check(&self, policy: &TlsPolicy, held: &Held) -> Check {
        let pkix = self.roots().verifier();
        match (policy, pkix) {
            (TlsPolicy::Opportunistic | TlsPolicy::Encrypted, _) => Check::Nothing,
            (TlsPolicy::Dane { records, names, .. }, _) => Check::Dane {
                records: records.clone(),
                names: names
                    .iter()
                    .filter_map(|name| ServerName::try_from(name.clone()).ok())
                    .collect(),
            },
            (
                TlsPolicy::MtaSts {
                    mode: Mode::Testing,
                    ..
                },
                Some(pkix),
            ) => Check::Testing(pkix, Arc::clone(held)),
            (TlsPolicy::MtaSts { .. } | TlsPolicy::Pkix, Some(pkix)) => Check::Pkix(pkix),
            (
                TlsPolicy::MtaSts {
                    mode: Mode::Testing,
                    ..
                },
                None,
            ) => Check::Nothing,
            (TlsPolicy::MtaSts { .. } | TlsPolicy::Pkix, None) => Check::Impossible,
        }
    }
}

/// Sessions are never resumed: a resumed one would not be verified by the policy of today.
fn config(check: Check) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .expect("the provider supports the default protocol versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier::new(check)))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config
}

fn authenticated(policy: &TlsPolicy, held: &Held) -> Authenticated {
    match policy {
        TlsPolicy::Opportunistic | TlsPolicy::Encrypted => Authenticated::No,
        TlsPolicy::Dane { .. } => Authenticated::Dane,
        TlsPolicy::MtaSts { .. } if held.get().is_some() => Authenticated::No,
        TlsPolicy::MtaSts { .. } | TlsPolicy::Pkix => Authenticated::Pkix,
    }
}

fn would_refuse(policy: &TlsPolicy, mx_host: &str, held: &Held) -> Option<TlsRefusal> {
    if let Some(error) = held.get() {
        return Some(certificate_refused(policy, mx_host, error));
    }
    let unlisted = matches!(policy, TlsPolicy::MtaSts { unlisted: true, .. });
    unlisted.then(|| {
        let reason = "the domain's policy does not name it";
        policy.refuses(mx_host, ReportedAs::ValidationFailure, reason)
    })
}

fn failed(policy: &TlsPolicy, mx_host: &str, error: &std::io::Error) -> TlsRefusal {
    let library = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>());
    match library {
        Some(error) => certificate_refused(policy, mx_host, error),
        None => {
            let reason = format!("the TLS handshake failed: {error}");
            policy.refuses(mx_host, ReportedAs::ValidationFailure, reason)
        }
    }
}

fn certificate_refused(policy: &TlsPolicy, mx_host: &str, error: &Error) -> TlsRefusal {
    use CertificateError as Wrong;
    let (as_, reason) = match error {
        Error::General(text) if text == NO_MATCH => (ReportedAs::TlsaInvalid, NO_MATCH.to_owned()),
        Error::InvalidCertificate(wrong) => (
            match wrong {
                Wrong::Expired | Wrong::ExpiredContext { .. } => ReportedAs::CertificateExpired,
                Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
                    ReportedAs::CertificateHostMismatch
                }
                _ => ReportedAs::CertificateNotTrusted,
            },
            format!("its certificate is not valid: {wrong}"),
        ),
        other => (
            ReportedAs::ValidationFailure,
            format!("the TLS handshake failed: {other}"),
        ),
    };
    policy.refuses(mx_host, as_, reason)
}
