//! A signed request becomes an actor.

use posthouse_net::request_signing::is_signed;
use posthouse_store::tables::applications;
use posthouse_store::tables::service_accounts::{self, ServiceAccount};
use posthouse_store::{StoreError, Tx};

use crate::actor::{Actor, Scope};
use crate::limits::KEY_USE_SECONDS_MIN;
use crate::{Mailroom, Refusal};

/// Seconds by which a request's time may differ from the server's, in both directions.
pub const TIMESTAMP_SECONDS_MAX: i64 = 300;
/// Seconds for which a number that was used is remembered: as long as a request with it could pass by its time.
const NONCE_SECONDS: i64 = 600;
/// Characters of a number that is used once.
const NONCE_CHARACTERS: usize = 20;
/// Numbers forgotten in one step.
const NONCES_PER_STEP_MAX: i64 = 1_000;

/// A request and the signature under it.
///
/// Signed is the JSON text `{"method":…,"nonce":…,"path":…,"payload":…,"timestamp":…}` without spaces, `payload` only for
/// a request with a body, whose bytes it holds as a text.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// What the key is named by.
    pub kid: &'a str,
    /// Unix seconds, as the client wrote them.
    pub timestamp: &'a str,
    /// 20 letters and digits that the client uses once.
    pub nonce: &'a str,
    /// RSA PKCS #1 v1.5 with SHA-256.
    pub signature: &'a [u8],
    /// The method, in any case.
    pub method: &'a str,
    /// From `/v3` on, in the percent-encoding that the client sent, without the query.
    pub path: &'a str,
    /// The bytes of the body; empty for none.
    pub body: &'a [u8],
}

impl Mailroom {
    /// Returns whose key could have signed a request, before its body is read: the key is there, and so is the time.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`], whatever is wrong.
    pub async fn expect_signer(&self, kid: &str, timestamp: &str) -> Result<(), Refusal> {
        self.check_timestamp(timestamp)?;
        self.service_account(kid).await.map(|_| ())
    }

    /// Returns who signed a request. Each signature opens one request: its number is used up by it.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] for an unknown or revoked key, a time too far from now, a number that was used, or a
    /// signature that does not match, all alike.
    pub async fn authenticate_signed(&self, request: SignedRequest<'_>) -> Result<Actor, Refusal> {
        self.check_timestamp(request.timestamp)?;
        let is_nonce = request.nonce.len() == NONCE_CHARACTERS
            && request
                .nonce
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric());
        let account = self.service_account(request.kid).await?;
        let text = signed_text(&request).ok_or(Refusal::Unauthorized)?;
        if !is_nonce || !is_signed(&account.public_key, text.as_bytes(), request.signature) {
            return Err(Refusal::Unauthorized);
        }
        let (nonce, now) = (request.nonce.to_owned(), self.now_seconds());
        let id = account.id;
        let application = self
            .store()
            .write(move |tx: &mut dyn Tx| -> Result<_, StoreError> {
                if !service_accounts::use_nonce(tx, id, &nonce, now + NONCE_SECONDS)? {
                    return Ok(None);
                }
                service_accounts::touch(tx, id, now, now - KEY_USE_SECONDS_MIN)?;
                applications::oldest(tx)
            })
            .await
            .map_err(Refusal::from)?;
        let application = application.ok_or(Refusal::Unauthorized)?;
        Ok(Actor {
            application: application.id,
            api_key: account.id,
            scope: Scope::Application,
            read_only: false,
            admin: true,
            is_service_account: true,
        })
    }

    /// Forgets numbers that can pass no more; returns whether there may be others.
    pub(crate) async fn expire_nonces(&self) -> Result<bool, StoreError> {
        let now = self.now_seconds();
        let forgotten = self.store().write(move |tx: &mut dyn Tx| {
            service_accounts::expire_nonces(tx, now, NONCES_PER_STEP_MAX)
        });
        Ok(forgotten.await? >= NONCES_PER_STEP_MAX as u64)
    }

    fn check_timestamp(&self, text: &str) -> Result<(), Refusal> {
        let time: i64 = text.parse().map_err(|_| Refusal::Unauthorized)?;
        let is_near = (self.now_seconds().saturating_sub(time)).abs() <= TIMESTAMP_SECONDS_MAX;
        match is_near {
            true => Ok(()),
            false => Err(Refusal::Unauthorized),
        }
    }

    async fn service_account(&self, kid: &str) -> Result<ServiceAccount, Refusal> {
        let kid = kid.to_owned();
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| service_accounts::by_kid(tx, &kid));
        let account = found.await.map_err(Refusal::from)?;
        account
            .filter(|account| account.revoked_at.is_none())
            .ok_or(Refusal::Unauthorized)
    }
}

/// Returns what the signature is made over; `None` for a body that is no text.
fn signed_text(request: &SignedRequest<'_>) -> Option<String> {
    let quoted = |text: &str| serde_json::to_string(text).ok();
    let method = request.method.to_ascii_lowercase();
    let takes_payload = matches!(method.as_str(), "post" | "put" | "patch");
    let payload = match takes_payload && !request.body.is_empty() {
        true => format!(
            ",\"payload\":{}",
            quoted(std::str::from_utf8(request.body).ok()?)?
        ),
        false => String::new(),
    };
    let timestamp: i64 = request.timestamp.parse().ok()?;
    Some(format!(
        "{{\"method\":{},\"nonce\":{},\"path\":{}{payload},\"timestamp\":{timestamp}}}",
        quoted(&method)?,
        quoted(request.nonce)?,
        quoted(request.path)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'a>(method: &'a str, body: &'a [u8]) -> SignedRequest<'a> {
        SignedRequest {
            kid: "k",
            timestamp: "1790000000",
            nonce: "abcdefghij0123456789",
            signature: b"",
            method,
            path: "/v3/admin/domains/b%C3%BCcher.example",
            body,
        }
    }

    #[test]
    fn the_signed_text_has_its_members_in_order_and_the_body_as_it_came() {
        assert_eq!(
            signed_text(&request("POST", b"{\"name\": \"B\xc3\xbccher\"}")).unwrap(),
            "{\"method\":\"post\",\"nonce\":\"abcdefghij0123456789\",\"path\":\"/v3/admin/domains/b%C3%BCcher.example\",\
             \"payload\":\"{\\\"name\\\": \\\"B\u{fc}cher\\\"}\",\"timestamp\":1790000000}"
        );
    }

    #[test]
    fn only_methods_with_a_body_have_a_payload() {
        assert!(
            !signed_text(&request("GET", b"{}"))
                .unwrap()
                .contains("payload")
        );
        assert!(
            !signed_text(&request("PUT", b""))
                .unwrap()
                .contains("payload")
        );
        assert_eq!(signed_text(&request("PUT", b"\xff")), None);
    }
}
