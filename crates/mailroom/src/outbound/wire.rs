//! The message as it goes out: the trace line of this server, the signatures of its domain, the message in ASCII with strict
//! line ends.

use std::borrow::Cow;

use bytes::Bytes;
use posthouse_net::authentication::sign;
use posthouse_store::Tx;
use posthouse_store::tables::blobs;
use posthouse_store::tables::outbound::Outbound;
use posthouse_types::ids::{Key, Kind};

use super::claim::ClaimedMail;
use super::limits::INLINE_WORK_BYTES_MAX;
use super::return_path_token;
use super::sending::OwnMailKind;
use crate::read::{away_from_async_threads, blob_source};
use crate::receive::rfc5322_date;
use crate::suppressions::sending_domain;
use crate::{Mailroom, Refusal};

/// A message ready to be transmitted.
#[derive(Debug, Clone)]
pub struct WireMail {
    /// What goes between DATA and the dot, before dots are stuffed: every line ends with CRLF.
    pub content: Bytes,
    /// The envelope sender; empty for none.
    pub envelope_from: String,
    /// Names the message to servers that report on it (RFC 3461 4.4).
    pub envelope_id: String,
    /// Whether there are octets above 127 in it (RFC 6152).
    pub is_8bit: bool,
    /// Whether there are such in its header, or in the addresses of its envelope (RFC 6531).
    pub needs_utf8: bool,
}

/// A message on its way to the wire.
struct Going<'a> {
    /// With strict line ends.
    raw: Vec<u8>,
    /// The row, or the first of them.
    row: Key,
    message: Key,
    author: &'a str,
    created_at: i64,
    /// Whether an address of its envelope has octets above 127.
    needs_utf8: bool,
}

impl Mailroom {
    /// Returns claimed mail as it goes out; the bytes are the same at every attempt, but for what signing adds.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; [`Refusal::NotFound`] when the message is gone.
    pub async fn wire_mail(&self, mail: &ClaimedMail) -> Result<WireMail, Refusal> {
        let raw = self.outgoing_source(mail.blob).await?;
        let addresses = mail.recipients.iter().map(|one| one.address.as_str());
        let first = mail.recipients.first().ok_or(Refusal::NotFound)?;
        self.put_on_wire(Going {
            raw,
            row: first.id,
            message: mail.message,
            author: &mail.author,
            created_at: first.created_at,
            needs_utf8: addresses
                .chain([mail.author.as_str()])
                .any(|one| !one.is_ascii()),
        })
        .await
    }

    /// Returns mail for one recipient as it goes, or would go, out.
    pub(crate) async fn wire_of_row(
        &self,
        row: &Outbound,
        raw: Vec<u8>,
    ) -> Result<WireMail, Refusal> {
        let needs_utf8 = !row.envelope_from.is_ascii() || !row.recipient.is_ascii();
        self.put_on_wire(Going {
            raw: strict_lines(raw),
            row: row.id,
            message: row.message,
            author: &row.envelope_from,
            created_at: row.created_at,
            needs_utf8,
        })
        .await
    }

    async fn put_on_wire(&self, going: Going<'_>) -> Result<WireMail, Refusal> {
        let codec = self.store().ids();
        let path = self.return_path(sending_domain(going.author)).await?;
        let envelope_from = return_path_token::envelope_from(codec, &path, going.row)
            .unwrap_or_else(|| going.author.to_owned());
        let envelope_id = return_path_token::seal(codec, going.row);
        let id = self.public_id(Kind::Message, going.message);
        let received = received(&self.config().hostname, &id, going.created_at);
        let signers = self
            .signers_for(&self.signing_domain(&going).await?)
            .await?;
        let is_signed = !signers.is_empty();
        let now = self.now_seconds();
        let (raw, is_utf8) = (going.raw, going.needs_utf8);
        let is_large = raw.len() > INLINE_WORK_BYTES_MAX;
        let make = move || -> Result<WireMail, Refusal> {
            let raw = without_8bit(raw);
            let signatures = sign(&signers, &raw, now).map_err(|error| Refusal::Internal {
                message: format!("cannot sign a message: {error}"),
            })?;
            Ok(WireMail {
                needs_utf8: is_utf8 || !posthouse_mime::header_section(&raw).is_ascii(),
                is_8bit: !raw.is_ascii(),
                content: assemble(&received, &signatures, &raw),
                envelope_from,
                envelope_id,
            })
        };
        if is_signed || is_large {
            return away_from_async_threads(make).await?;
        }
        make()
    }

    /// Returns whose signatures a message gets. Mail of this server's own has no author: its letters are signed in the name of
    /// the host, and what it passes on is not.
    async fn signing_domain(&self, going: &Going<'_>) -> Result<String, Refusal> {
        if !going.author.is_empty() {
            return Ok(sending_domain(going.author).to_owned());
        }
        Ok(match self.own_mail_kind(going.message).await? {
            Some(OwnMailKind::Letter) => self.config().hostname.to_ascii_lowercase(),
            Some(OwnMailKind::Forward) | None => String::new(),
        })
    }

    async fn outgoing_source(&self, blob: Key) -> Result<Vec<u8>, Refusal> {
        let place = self
            .store()
            .read(move |tx: &mut dyn Tx| blobs::find(tx, blob))
            .await?
            .ok_or(Refusal::NotFound)?;
        let raw = blob_source(self.store().blobs(), place).await?;
        if raw.len() <= INLINE_WORK_BYTES_MAX {
            return Ok(strict_lines(raw));
        }
        away_from_async_threads(move || strict_lines(raw)).await
    }
}

/// RFC 6376 5.3: what is signed is what can travel anywhere, so that nobody on the way has to write it anew. What has no such
/// form stays as it is, for servers that take it.
fn without_8bit(raw: Vec<u8>) -> Vec<u8> {
    match posthouse_mime::seven_bit(&raw) {
        Some(Cow::Owned(written)) => written,
        Some(Cow::Borrowed(_)) | None => raw,
    }
}

/// RFC 5321 4.4: who took the message over, and when. Where its author was then is nobody's business.
fn received(hostname: &str, id: &str, created_at: i64) -> String {
    let date = rfc5322_date(created_at);
    format!("Received: by {hostname} with HTTP\r\n\tid {id};\r\n\t{date}\r\n")
}

/// The trace line is on top and not signed: relays move it about.
fn assemble(received: &str, signatures: &[u8], raw: &[u8]) -> Bytes {
    [received.as_bytes(), signatures, raw].concat().into()
}

/// SMTP-02: makes every line end CRLF, before anything is signed. What is so already is left alone.
fn strict_lines(raw: Vec<u8>) -> Vec<u8> {
    if is_strict(&raw) {
        return raw;
    }
    let mut strict = Vec::with_capacity(raw.len() + raw.len() / 32 + 2);
    let mut rest = raw.as_slice();
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        strict.extend_from_slice(&rest[..end]);
        strict.extend_from_slice(b"\r\n");
        let skipped = if rest[end..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        rest = &rest[end + skipped..];
    }
    if !rest.is_empty() {
        strict.extend_from_slice(rest);
        strict.extend_from_slice(b"\r\n");
    }
    strict
}

fn is_strict(raw: &[u8]) -> bool {
    let mut before = b'\n';
    for byte in raw {
        if (before == b'\r') != (*byte == b'\n') {
            return false;
        }
        before = *byte;
    }
    raw.is_empty() || raw.ends_with(b"\r\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn smtp_02_bare_line_ends_become_crlf() {
        for (raw, strict) in [
            ("", ""),
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("a\nb", "a\r\nb\r\n"),
            ("a\r.\r\nMAIL", "a\r\n.\r\nMAIL\r\n"),
            ("a\r\r\nb\n\n", "a\r\n\r\nb\r\n\r\n"),
            ("\n", "\r\n"),
            ("\r", "\r\n"),
        ] {
            let made = strict_lines(raw.as_bytes().to_vec());
            assert_eq!(String::from_utf8(made).unwrap(), strict, "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn what_leaves_has_strict_lines_and_strict_lines_are_left_alone(raw in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), any::<u8>()], 0..200)) {
            let made = strict_lines(raw);
            prop_assert!(is_strict(&made));
            prop_assert_eq!(strict_lines(made.clone()), made);
        }
    }
}
