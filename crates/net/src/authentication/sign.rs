//! DKIM-Signature fields for a message that leaves.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::canon::Canonicalization;
use super::fields::{Field, Fields};
use super::key::{DkimKey, KeyAlgorithm};
use super::limits::SIGNATURE_LIFE_SECONDS;

/// Fields that are signed once more than they occur, so that nobody can add one and keep the signature.
///
/// RFC 6376 8.15: a verifier that shows the topmost Subject, or reads a Content-Type that was put on top, would show
/// something nobody signed.
const OVERSIGNED: [&str; 10] = [
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "reply-to",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

/// Fields that are signed once more than they occur if they occur. A message without them may be given them by a
/// mailing list that changes nothing else, and keeps its signature.
const OVERSIGNED_IF_PRESENT: [&str; 16] = [
    "sender",
    "in-reply-to",
    "references",
    "content-disposition",
    "content-id",
    "content-description",
    "content-language",
    "auto-submitted",
    "list-id",
    "list-help",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-subscribe",
    "list-post",
    "list-owner",
    "list-archive",
];

/// Bytes in a line of a signature field before it is folded.
const LINE_BYTES: usize = 76;

/// Why a message was not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// RFC 6376 5.4: From must be signed, and there is none.
    #[error("the message has no From field")]
    NoFrom,
    /// More header fields than a signature of ours would cover.
    #[error("the message has too many header fields")]
    TooManyFields,
    /// The cryptographic library refused.
    #[error("the signature could not be made")]
    Crypto,
}

/// One key under one name: what signs for a domain. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Signer {
    domain: String,
    selector: String,
    key: DkimKey,
}

impl Signer {
    /// Takes the domain (A-labels) and the selector under which the key's record is published.
    pub fn new(domain: &str, selector: &str, key: &DkimKey) -> Self {
        Self {
            domain: domain.to_ascii_lowercase(),
            selector: selector.to_ascii_lowercase(),
            key: key.clone(),
        }
    }

    /// Returns the domain that signs (`d=`).
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Returns the selector (`s=`).
    pub fn selector(&self) -> &str {
        &self.selector
    }

    /// Returns the algorithm of the key.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.key.algorithm()
    }
}

/// Signs a message with every signer and returns the DKIM-Signature fields, each with its CRLF, to put before `raw`.
///
/// `raw` must be what goes over the wire before dot-stuffing, with CRLF line endings. `now` is in Unix seconds; the
/// signatures run out [`SIGNATURE_LIFE_SECONDS`] later. No signers: no bytes.
///
/// The signatures do not cover each other, so that each can be verified alone (RFC 8463 5).
pub fn sign(signers: &[Signer], raw: &[u8], now: i64) -> Result<Vec<u8>, SignError> {
    if signers.is_empty() {
        return Ok(Vec::new());
    }
    let fields = Fields::of(raw);
    if fields.truncated {
        return Err(SignError::TooManyFields);
    }
    if fields.named("from").next().is_none() {
        return Err(SignError::NoFrom);
    }
    let covered = covered_by(&fields);
    let (body_hash, _) = Canonicalization::Relaxed.hash_body(fields.body, None, &digest::SHA256);

    let mut lines = Vec::with_capacity(signers.len() * 1_024);
    for signer in signers {
        lines.extend_from_slice(&signature_field(signer, &covered, &body_hash, now)?);
    }
    Ok(lines)
}

/// What a signature covers: the `h=` list and the canonical fields in its order.
struct Covered {
    names: Vec<&'static str>,
    canonical: Vec<u8>,
}

fn covered_by(fields: &Fields<'_>) -> Covered {
    let mut covered = Covered {
        names: Vec::new(),
        canonical: Vec::with_capacity(2_048),
    };
    let always = OVERSIGNED.iter().map(|name| (*name, true));
    let if_present = OVERSIGNED_IF_PRESENT.iter().map(|name| (*name, false));
    for (name, is_always) in always.chain(if_present) {
        let occurrences = fields.named(name).count();
        if occurrences == 0 && !is_always {
            continue;
        }
        covered
            .names
            .extend(std::iter::repeat_n(name, occurrences + 1));
        // RFC 6376 5.4.2: of several fields of one name, the lowest is signed first.
        for field in fields.named(name).rev() {
            Canonicalization::Relaxed.append_field(field, &mut covered.canonical);
        }
    }
    covered
}

fn signature_field(
    signer: &Signer,
    covered: &Covered,
    body_hash: &[u8],
    now: i64,
) -> Result<Vec<u8>, SignError> {
    let mut field = unsigned_field(signer, &covered.names, body_hash, now);

    // RFC 6376 3.7: the field itself comes last, its b= empty, without a line ending.
    let mut input = covered.canonical.clone();
    let own = Field {
        name: b"DKIM-Signature",
        value: &field["DKIM-Signature:".len()..],
        raw: &field,
    };
    Canonicalization::Relaxed.append_field(&own, &mut input);
    input.truncate(input.len() - 2);

    let signature = signer.key.sign(&input).ok_or(SignError::Crypto)?;
    append_folded(&mut field, &BASE64.encode(signature));
    field.extend_from_slice(b"\r\n");
    Ok(field)
}

/// Returns the field up to and including `b=`.
fn unsigned_field(signer: &Signer, names: &[&str], body_hash: &[u8], now: i64) -> Vec<u8> {
    let algorithm = signer.algorithm().name();
    let (domain, selector) = (&signer.domain, &signer.selector);
    let expires = now.saturating_add(SIGNATURE_LIFE_SECONDS);
    let mut field = format!(
        "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;\r\n\
         \td={domain}; s={selector};\r\n\
         \tt={now}; x={expires};\r\n\t"
    )
    .into_bytes();

    let mut column = "\th=".len();
    field.extend_from_slice(b"h=");
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            field.push(b':');
            column += 1;
        }
        if column + name.len() >= LINE_BYTES {
            field.extend_from_slice(b"\r\n\t ");
            column = 2;
        }
        field.extend_from_slice(name.as_bytes());
        column += name.len();
    }
    field.extend_from_slice(b";\r\n\tbh=");
    field.extend_from_slice(BASE64.encode(body_hash).as_bytes());
    field.extend_from_slice(b";\r\n\tb=");
    field
}

fn append_folded(field: &mut Vec<u8>, text: &str) {
    for (index, line) in text.as_bytes().chunks(LINE_BYTES - 4).enumerate() {
        if index > 0 {
            field.extend_from_slice(b"\r\n\t ");
        }
        field.extend_from_slice(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"From: Agent <agent@example.org>\r\n\
        To: person@example.net\r\n\
        Subject: hello\r\n\
        List-Unsubscribe: <https://example.org/u>\r\n\
        \r\n\
        Hi.\r\n";

    fn ed25519() -> DkimKey {
        DkimKey::generate(KeyAlgorithm::Ed25519Sha256, 0).unwrap()
    }

    fn text(signers: &[Signer], raw: &[u8]) -> String {
        String::from_utf8(sign(signers, raw, 1_700_000_000).unwrap()).unwrap()
    }

    fn names_signed(field: &str) -> Vec<String> {
        let unfolded: String = field.split_whitespace().collect();
        let list = unfolded.split(";h=").nth(1).unwrap();
        let list = list.split(';').next().unwrap();
        list.split(':').map(str::to_owned).collect()
    }

    #[test]
    fn auth_02_fields_are_signed_once_more_than_they_occur() {
        let key = ed25519();
        let signed = names_signed(&text(&[Signer::new("example.org", "s", &key)], MESSAGE));
        let times = |name: &str| signed.iter().filter(|signed| *signed == name).count();
        for present in ["from", "to", "subject", "list-unsubscribe"] {
            assert_eq!(times(present), 2, "{present}");
        }
        for absent in [
            "cc",
            "date",
            "reply-to",
            "message-id",
            "content-type",
            "mime-version",
        ] {
            assert_eq!(times(absent), 1, "{absent}");
        }
        assert_eq!(times("list-id"), 0);
        assert_eq!(times("received"), 0);
    }

    #[test]
    fn auth_02_auth_04_signatures_have_no_length_and_run_out() {
        let key = ed25519();
        let field = text(&[Signer::new("Example.ORG", "s", &key)], MESSAGE);
        let unfolded: String = field.split_whitespace().collect();
        assert!(!unfolded.contains(";l="), "{field}");
        assert!(unfolded.contains(";d=example.org;s=s;"), "{field}");
        assert!(unfolded.contains(";c=relaxed/relaxed;"), "{field}");
        let expires = 1_700_000_000 + SIGNATURE_LIFE_SECONDS;
        assert!(
            unfolded.contains(&format!(";t=1700000000;x={expires};")),
            "{field}"
        );
    }

    #[test]
    fn every_signer_makes_a_field_of_its_own_in_order() {
        let rsa = DkimKey::generate(KeyAlgorithm::RsaSha256, 2_048).unwrap();
        let signers = [
            Signer::new("example.org", "ph1", &rsa),
            Signer::new("example.org", "ph1e", &ed25519()),
        ];
        let lines = text(&signers, MESSAGE);
        let first = lines.find("a=rsa-sha256").unwrap();
        let second = lines.find("a=ed25519-sha256").unwrap();
        assert!(first < second);
        assert_eq!(lines.matches("DKIM-Signature: v=1;").count(), 2);
        assert!(lines.ends_with("\r\n"));
        for line in lines.split("\r\n") {
            assert!(line.len() <= 78, "{line}");
            assert!(!line.contains('\n'));
        }
        assert_eq!(sign(&[], MESSAGE, 0).unwrap(), b"");
    }

    #[test]
    fn a_message_without_from_is_not_signed() {
        let signers = [Signer::new("example.org", "s", &ed25519())];
        assert_eq!(
            sign(&signers, b"Subject: x\r\n\r\n", 0).unwrap_err(),
            SignError::NoFrom
        );
    }
}
