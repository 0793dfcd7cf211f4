//! Certificates from an authority: ACME, RFC 8555.
//!
//! This module speaks the protocol and remembers nothing: what must outlive the process (the account, the address of
//! an open order, its key) is handed out as bytes and handed in again. Calls go through the guarded client, as all
//! calls outward do. Used-up nonces are replaced and tried again here.

mod http;

use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount,
    NewOrder, Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use self::http::Guarded;
use crate::http::GuardedClient;

/// The authority that is used when the operator names none.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// How long an authority is asked whether it has made up its mind, each time.
const POLL_DEADLINE: Duration = Duration::from_secs(90);

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// The authority cannot be reached, or answers nonsense; trying again later may help.
    #[error("the certificate authority cannot be reached: {0}")]
    Unreachable(String),
    /// The authority refuses, and says why.
    #[error("the certificate authority refuses: {0}")]
    Refused(String),
    /// It would not take a nonce, again and again; the next one may do.
    #[error("the certificate authority refuses every nonce")]
    Nonce,
    /// It does not know our account any more.
    #[error("the certificate authority does not know this account")]
    NoAccount,
    /// What was kept, or what came, cannot be used.
    #[error("{0}")]
    Unusable(String),
}

/// How a name is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A file under `http://<name>/.well-known/acme-challenge/`. RFC 8555 8.3.
    Http,
    /// A certificate shown on port 443. RFC 8737.
    TlsAlpn,
}

impl Proof {
    fn kind(self) -> ChallengeType {
        match self {
            Self::Http => ChallengeType::Http01,
            Self::TlsAlpn => ChallengeType::TlsAlpn01,
        }
    }
}

/// What an authority will ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The file's name, for [`Proof::Http`].
    pub token: String,
    /// The file's content; what the certificate is made from, for [`Proof::TlsAlpn`].
    pub key_authorization: String,
}

/// What an authority issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// PEM: the certificate, then its issuers.
    pub chain: String,
    /// Unix seconds from which it is valid.
    pub issued_at: i64,
    /// Unix seconds at which it runs out.
    pub expires_at: i64,
}

/// Who we are to an authority.
pub struct AcmeAccount {
    account: Account,
}

impl AcmeAccount {
    /// Takes a kept account up again.
    ///
    /// # Errors
    /// The authority cannot be reached, or the bytes are no account.
    pub async fn restore(client: &GuardedClient, kept: &[u8]) -> Result<Self, AcmeError> {
        let credentials: AccountCredentials = serde_json::from_slice(kept)
            .map_err(|_| AcmeError::Unusable("the kept account is damaged".to_owned()))?;
        let builder = Account::builder_with_http(Box::new(Guarded::new(client)));
        let account = builder
            .from_credentials(credentials)
            .await
            .map_err(translated)?;
        Ok(Self { account })
    }

    /// Opens an account, agreeing to the authority's terms, and returns what is to be kept of it: a secret.
    ///
    /// # Errors
    /// The authority cannot be reached or refuses.
    pub async fn open(
        client: &GuardedClient,
        directory: &str,
        contact: &str,
    ) -> Result<(Self, Vec<u8>), AcmeError> {
        let contact = format!("mailto:{contact}");
        let new = NewAccount {
            contact: &[&contact],
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let builder = Account::builder_with_http(Box::new(Guarded::new(client)));
        let made = builder.create(&new, directory.to_owned(), None).await;
        let (account, credentials) = made.map_err(translated)?;
        let kept = serde_json::to_vec(&credentials)
            .map_err(|error| AcmeError::Unusable(error.to_string()))?;
        Ok((Self { account }, kept))
    }

    /// Orders a certificate for one name.
    ///
    /// # Errors
    /// The authority cannot be reached or refuses.
    pub async fn begin(&self, name: &str) -> Result<AcmeOrder, AcmeError> {
        let identifiers = [Identifier::Dns(name.to_owned())];
        let order = self.account.new_order(&NewOrder::new(&identifiers)).await;
        Ok(AcmeOrder {
            order: order.map_err(translated)?,
        })
    }

    /// Goes on with an order that was begun earlier; `None` when it has failed or is forgotten, and a new one is needed.
    ///
    /// # Errors
    /// The authority cannot be reached.
    pub async fn resume(&self, url: &str) -> Result<Option<AcmeOrder>, AcmeError> {
        match self.account.order(url.to_owned()).await {
            Ok(mut order) => {
                let is_lost = order.state().status == OrderStatus::Invalid;
                Ok((!is_lost).then_some(AcmeOrder { order }))
            }
            Err(error) => match translated(error) {
                AcmeError::Refused(_) => Ok(None),
                other => Err(other),
            },
        }
    }
}

/// An order for one name.
pub struct AcmeOrder {
    order: Order,
}

impl AcmeOrder {
    /// Where the order is: with this it is found again.
    pub fn url(&self) -> &str {
        self.order.url()
    }

    /// What has to be answered to prove the name; `None` when nothing has to be any more.
    ///
    /// # Errors
    /// The authority cannot be reached, or does not take this proof for the name.
    pub async fn challenge(&mut self, proof: Proof) -> Result<Option<Challenge>, AcmeError> {
        let mut authorizations = self.order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(translated)?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let challenge = authorization
                .challenge(proof.kind())
                .ok_or_else(|| not_taken(proof))?;
            return Ok(Some(Challenge {
                token: challenge.token.clone(),
                key_authorization: challenge.key_authorization().as_str().to_owned(),
            }));
        }
        Ok(None)
    }

    /// Lets the authority come and ask, and waits until it has.
    ///
    /// # Errors
    /// The proof did not convince it, for the reason it gives.
    pub async fn prove(&mut self, proof: Proof) -> Result<(), AcmeError> {
        self.come_and_ask(proof).await?;
        let policy = RetryPolicy::new().timeout(POLL_DEADLINE);
        match self.order.poll_ready(&policy).await {
            Ok(OrderStatus::Invalid) => Err(AcmeError::Refused(self.why_not(proof).await)),
            Ok(_) => Ok(()),
            Err(error) => match translated(error) {
                AcmeError::Refused(_) => Err(AcmeError::Refused(self.why_not(proof).await)),
                other => Err(other),
            },
        }
    }

    async fn come_and_ask(&mut self, proof: Proof) -> Result<(), AcmeError> {
        let mut authorizations = self.order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(translated)?;
            if authorization.status != AuthorizationStatus::Pending {
                continue;
            }
            let mut challenge = authorization
                .challenge(proof.kind())
                .ok_or_else(|| not_taken(proof))?;
            challenge.set_ready().await.map_err(translated)?;
        }
        Ok(())
    }

    /// The reason stands with the challenge, not with the order.
    async fn why_not(&mut self, proof: Proof) -> String {
        let mut authorizations = self.order.authorizations();
        while let Some(Ok(mut authorization)) = authorizations.next().await {
            if authorization.refresh().await.is_err() {
                continue;
            }
            if let Some(challenge) = authorization.challenge(proof.kind())
                && let Some(problem) = &challenge.error
            {
                return said(problem);
            }
        }
        "it was not convinced that the name is ours".to_owned()
    }

    /// Whether the name is proven and only the certificate is missing.
    pub fn is_proven(&mut self) -> bool {
        self.order.state().status != OrderStatus::Pending
    }

    /// Has the certificate made for `key` (PKCS #8) and fetches it.
    ///
    /// # Errors
    /// The authority cannot be reached or refuses, or what it sends is no certificate.
    pub async fn finish(&mut self, name: &str, key: &[u8]) -> Result<Issued, AcmeError> {
        if self.order.state().status == OrderStatus::Ready {
            let request = signing_request(name, key)?;
            self.order
                .finalize_csr(&request)
                .await
                .map_err(translated)?;
        }
        let policy = RetryPolicy::new().timeout(POLL_DEADLINE);
        let chain = self
            .order
            .poll_certificate(&policy)
            .await
            .map_err(translated)?;
        let (issued_at, expires_at) = validity(&chain)?;
        Ok(Issued {
            chain,
            issued_at,
            expires_at,
        })
    }
}

/// Makes a key for a certificate: ECDSA on P-256, as PKCS #8.
///
/// # Errors
/// When the machine has no randomness to give.
pub fn new_key() -> Result<Vec<u8>, AcmeError> {
    let key = KeyPair::generate().map_err(|error| AcmeError::Unusable(error.to_string()))?;
    Ok(key.serialize_der())
}

fn signing_request(name: &str, key: &[u8]) -> Result<Vec<u8>, AcmeError> {
    let unusable = |error: rcgen::Error| AcmeError::Unusable(error.to_string());
    let key = KeyPair::try_from(&PrivatePkcs8KeyDer::from(key)).map_err(unusable)?;
    let mut params = CertificateParams::new([name.to_owned()]).map_err(unusable)?;
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key).map_err(unusable)?;
    Ok(request.der().to_vec())
}

/// Returns from when until when the first certificate of a PEM chain is valid, in Unix seconds.
fn validity(chain: &str) -> Result<(i64, i64), AcmeError> {
    let unusable = || AcmeError::Unusable("what the authority sent is no certificate".to_owned());
    let der = CertificateDer::from_pem_slice(chain.as_bytes()).map_err(|_| unusable())?;
    let certificate = Certificate::from_der(&der).map_err(|_| unusable())?;
    let validity = certificate.tbs_certificate.validity;
    let seconds = |time: x509_cert::time::Time| {
        i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
    };
    Ok((seconds(validity.not_before), seconds(validity.not_after)))
}

fn not_taken(proof: Proof) -> AcmeError {
    AcmeError::Refused(match proof {
        Proof::Http => "it does not take a proof over HTTP for this name".to_owned(),
        Proof::TlsAlpn => "it does not take a proof over TLS for this name".to_owned(),
    })
}

fn said(problem: &instant_acme::Problem) -> String {
    let mut text = problem.detail.clone().unwrap_or_default();
    for part in &problem.subproblems {
        if let Some(detail) = &part.detail {
            text.push_str("; ");
            text.push_str(detail);
        }
    }
    let kind = problem.r#type.as_deref().unwrap_or("no reason given");
    format!("{text} ({})", kind.rsplit(':').next().unwrap_or(kind))
}

fn translated(error: Error) -> AcmeError {
    match error {
        Error::Api(problem) => match problem.r#type.as_deref() {
            Some("urn:ietf:params:acme:error:accountDoesNotExist") => AcmeError::NoAccount,
            // RFC 8555 6.5: no fault of the order, which can be gone on with.
            Some("urn:ietf:params:acme:error:badNonce") => AcmeError::Nonce,
            _ => AcmeError::Refused(said(&problem)),
        },
        Error::Crypto | Error::KeyRejected => AcmeError::Unusable(error.to_string()),
        Error::Json(_) => AcmeError::Unreachable(format!("its answer is not understood: {error}")),
        other => AcmeError::Unreachable(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_made_with_the_kept_key_and_validity_is_read() {
        let key = new_key().expect("made");
        assert!(
            !signing_request("mx.example.org", &key)
                .expect("made")
                .is_empty()
        );
        assert!(signing_request("mx.example.org", b"no key").is_err());

        let pair = KeyPair::generate().expect("made");
        let mut params = CertificateParams::new(["mx.example.org".to_owned()]).expect("a name");
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 4, 1);
        let pem = params.self_signed(&pair).expect("made").pem();
        assert_eq!(
            validity(&pem).expect("read"),
            (1_767_225_600, 1_775_001_600)
        );
        assert!(validity("nothing").is_err());
    }
}
