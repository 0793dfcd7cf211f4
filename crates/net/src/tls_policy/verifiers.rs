//! Who is believed to be whom, for each policy.
//!
//! Every verifier checks that the peer owns the key of the certificate it shows; they differ in which certificates do.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor, verify_server_name,
};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::tlsa::{TlsaRecord, TlsaUsage};
use crate::limits::MX_CERTIFICATES_MAX;
use crate::tls;

/// The public authorities and the operator's own.
pub(super) struct Roots {
    store: Arc<RootCertStore>,
}

impl Roots {
    pub(super) fn trusting(extra: &[CertificateDer<'static>]) -> Self {
        Self {
            store: Arc::new(tls::root_store(extra)),
        }
    }

    /// The ordinary check of names and issuers; `None` when there is no root at all.
    pub(super) fn verifier(&self) -> Option<Arc<WebPkiServerVerifier>> {
        WebPkiServerVerifier::builder_with_provider(Arc::clone(&self.store), tls::provider())
            .build()
            .ok()
    }
}

/// What a verifier that lets a certificate pass held against it.
pub(super) type Held = Arc<OnceLock<Error>>;

/// Which certificates pass.
#[derive(Debug)]
pub(super) enum Check {
    /// Any.
    Nothing,
    /// What TLSA records name.
    Dane {
        records: Vec<TlsaRecord>,
        names: Vec<ServerName<'static>>,
    },
    /// Publicly trusted ones for the server's name.
    Pkix(Arc<WebPkiServerVerifier>),
    /// Any; what is wrong with it is kept for the report.
    Testing(Arc<WebPkiServerVerifier>, Held),
    /// None: there is not one root certificate to go by.
    Impossible,
}

/// A check as the library wants it.
#[derive(Debug)]
pub(super) struct Verifier {
    check: Check,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    pub(super) fn new(check: Check) -> Self {
        Self {
            check,
            provider: tls::provider(),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.check {
            Check::Nothing => Ok(ServerCertVerified::assertion()),
            Check::Dane { records, names } => verify_dane(
                records,
                names,
                end_entity,
                intermediates,
                now,
                &self.provider,
            ),
            Check::Pkix(pkix) => {
                pkix.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            Check::Testing(pkix, held) => {
                if let Err(error) = pkix.verify_server_cert(
                    end_entity,
                    intermediates,
                    server_name,
                    ocsp_response,
                    now,
                ) {
                    let _ = held.set(error);
                }
                Ok(ServerCertVerified::assertion())
            }
            Check::Impossible => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// RFC 7672 3.1: one record that fits is enough.
fn verify_dane(
    records: &[TlsaRecord],
    names: &[ServerName<'static>],
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    now: UnixTime,
    provider: &CryptoProvider,
) -> Result<ServerCertVerified, Error> {
    let of = |usage| records.iter().filter(move |record| record.usage == usage);
    // RFC 7672 3.1.1: names and dates of the certificate do not matter.
    if of(TlsaUsage::Server).any(|record| record.matches(end_entity)) {
        return Ok(ServerCertVerified::assertion());
    }
    let intermediates = &intermediates[..intermediates.len().min(MX_CERTIFICATES_MAX)];
    // RFC 7672 3.1.2: the authority is among the certificates shown, or the record holds all of it.
    let mut anchors = RootCertStore::empty();
    for record in of(TlsaUsage::Authority) {
        for shown in intermediates {
            if record.matches(shown) {
                let _ = anchors.add(shown.clone().into_owned());
            }
        }
        if let Some(whole) = record.whole_certificate() {
            let _ = anchors.add(whole);
        }
    }
    if anchors.is_empty() {
        return Err(Error::General(NO_MATCH.to_owned()));
    }
    let parsed = ParsedCertificate::try_from(end_entity)?;
    let algorithms = provider.signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(&parsed, &anchors, intermediates, now, algorithms)?;
    // RFC 7672 3.2.3: any of the names will do.
    let mut verdict = Err(CertificateError::NotValidForName.into());
    for name in names {
        verdict = verify_server_name(&parsed, name);
        if verdict.is_ok() {
            break;
        }
    }
    verdict.map(|()| ServerCertVerified::assertion())
}

/// What is said when no record fits.
pub(super) const NO_MATCH: &str = "no TLSA record matches its certificate";
