//! Signed messages and what was done to them.

use aws_lc_rs::digest;

use super::super::key::{DkimKey, KeyAlgorithm};
use super::super::sign::{Signer, sign};
use super::super::table::Table;
use super::*;

const NOW: i64 = 1_700_000_000;

const MESSAGE: &[u8] =
    b"From: Agent <agent@example.org>\r\nTo: person@example.net\r\nSubject: hello\r\n\
    Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <1@example.org>\r\n\r\nHi  there.\r\n\r\n";

struct Domain {
    key: DkimKey,
    dns: Table,
}

impl Domain {
    fn new(algorithm: KeyAlgorithm) -> Self {
        let key = DkimKey::generate(algorithm, 2_048).unwrap();
        let dns = Table::default().txt("s._domainkey.example.org", &key.public_record());
        Self { key, dns }
    }

    fn signed(&self, message: &[u8]) -> Vec<u8> {
        let signer = Signer::new("example.org", "s", &self.key);
        [sign(&[signer], message, NOW).unwrap(), message.to_vec()].concat()
    }
}

async fn verify(dns: &Table, message: &[u8], now: i64) -> Vec<DkimVerdict> {
    let fields = Fields::of(message);
    let authors = ["example.org".to_owned()];
    settle(dns, candidates(&fields, &authors, now)).await
}

async fn result(dns: &Table, message: &[u8]) -> (DkimResult, Option<&'static str>) {
    let verdicts = verify(dns, message, NOW).await;
    assert_eq!(verdicts.len(), 1);
    (verdicts[0].result, verdicts[0].reason)
}

fn replaced(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(message.to_vec()).unwrap();
    assert!(text.contains(from), "{text}");
    text.replacen(from, to, 1).into_bytes()
}

#[tokio::test]
async fn what_we_sign_we_verify_with_both_algorithms() {
    for algorithm in [KeyAlgorithm::RsaSha256, KeyAlgorithm::Ed25519Sha256] {
        let domain = Domain::new(algorithm);
        let verdicts = verify(&domain.dns, &domain.signed(MESSAGE), NOW).await;
        assert_eq!(verdicts.len(), 1);
        assert_eq!(verdicts[0].result, DkimResult::Pass, "{verdicts:?}");
        assert_eq!(verdicts[0].domain, "example.org");
        assert_eq!(verdicts[0].selector, "s");
        assert_eq!(verdicts[0].algorithm, algorithm.name());
        assert!(!verdicts[0].has_length);
    }
}

#[tokio::test]
async fn white_space_may_change_and_words_may_not() {
    let domain = Domain::new(KeyAlgorithm::Ed25519Sha256);
    let signed = domain.signed(MESSAGE);
    let harmless = replaced(&signed, "Subject: hello", "SUBJECT:\r\n   hello ");
    let harmless = replaced(&harmless, "Hi  there.", "Hi there. \t");
    assert_eq!(result(&domain.dns, &harmless).await.0, DkimResult::Pass);
    let body = replaced(&signed, "Hi  there.", "Hi there!");
    assert_eq!(
        result(&domain.dns, &body).await,
        (DkimResult::Fail, Some("body hash did not verify"))
    );
    let subject = replaced(&signed, "Subject: hello", "Subject: hallo");
    assert_eq!(
        result(&domain.dns, &subject).await,
        (DkimResult::Fail, Some("signature did not verify"))
    );
}

#[tokio::test]
async fn auth_02_nothing_can_be_added_to_a_signed_message() {
    let domain = Domain::new(KeyAlgorithm::Ed25519Sha256);
    let signed = domain.signed(MESSAGE);
    for added in [
        "Subject: other",
        "From: other@example.org",
        "Reply-To: other@example.com",
        "Cc: other@example.com",
        "Content-Type: text/html",
        "MIME-Version: 1.0",
        "Content-Transfer-Encoding: base64",
    ] {
        let on_top = [added.as_bytes(), b"\r\n", &signed].concat();
        assert_eq!(
            result(&domain.dns, &on_top).await.0,
            DkimResult::Fail,
            "{added}"
        );
        let below = replaced(&signed, "\r\n\r\n", &format!("\r\n{added}\r\n\r\n"));
        assert_eq!(
            result(&domain.dns, &below).await.0,
            DkimResult::Fail,
            "{added}"
        );
    }
    let listed = [
        b"List-Id: <l.example.com>\r\nReceived: x\r\n",
        signed.as_slice(),
    ]
    .concat();
    assert_eq!(result(&domain.dns, &listed).await.0, DkimResult::Pass);
    let appended = [signed.as_slice(), b"Buy!\r\n"].concat();
    assert_eq!(result(&domain.dns, &appended).await.0, DkimResult::Fail);
}

/// Signs with tags of the test's choice.
fn signed_with(key: &DkimKey, tags: &str, signed: &[u8], body_hash: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD;
    let algorithm = key.algorithm().name();
    let hash = base64.encode(body_hash);
    let unsigned = format!("DKIM-Signature: a={algorithm}; {tags}; bh={hash}; b=");
    let mut input = signed.to_vec();
    let own = Field {
        name: b"DKIM-Signature",
        value: &unsigned.as_bytes()["DKIM-Signature:".len()..],
        raw: unsigned.as_bytes(),
    };
    append_unsigned(&own, Canonicalization::Relaxed, &mut input);
    let signature = base64.encode(key.sign(&input).unwrap());
    format!("{unsigned}{signature}\r\n").into_bytes()
}

#[tokio::test]
async fn auth_02_a_body_that_goes_on_beyond_its_length_does_not_pass() {
    let domain = Domain::new(KeyAlgorithm::Ed25519Sha256);
    let header = b"From: a@example.org\r\n\r\n";
    let (hash, _) = Canonicalization::Relaxed.hash_body(b"Hi\r\n", None, &digest::SHA256);
    for (length, body, expected) in [
        (4, "Hi\r\n", DkimResult::Pass),
        (4, "Hi\r\nBuy!\r\n", DkimResult::Policy),
        (5, "Hi\r\n", DkimResult::PermError),
    ] {
        let tags = format!("v=1; c=relaxed/relaxed; d=example.org; s=s; h=from; l={length}");
        let field = signed_with(&domain.key, &tags, b"from:a@example.org\r\n", &hash);
        let message = [&field, header.as_slice(), body.as_bytes()].concat();
        let verdicts = verify(&domain.dns, &message, NOW).await;
        assert_eq!(verdicts[0].result, expected, "{verdicts:?}");
        assert!(verdicts[0].has_length);
    }
}

#[tokio::test]
async fn auth_04_an_expired_signature_fails() {
    let domain = Domain::new(KeyAlgorithm::Ed25519Sha256);
    let signed = domain.signed(MESSAGE);
    let last = NOW + super::super::limits::SIGNATURE_LIFE_SECONDS;
    assert_eq!(
        verify(&domain.dns, &signed, last).await[0].result,
        DkimResult::Pass
    );
    let late = verify(&domain.dns, &signed, last + 1).await;
    assert_eq!(late[0].result, DkimResult::Fail);
    assert_eq!(late[0].reason, Some("signature expired"));
}

#[tokio::test]
async fn auth_03_of_a_thousand_signatures_few_are_evaluated_and_the_authors_is_among_them() {
    let domain = Domain::new(KeyAlgorithm::Ed25519Sha256);
    let signed = domain.signed(MESSAGE);
    let foreign = replaced(&signed, "d=example.org", "d=elsewhere.example");
    let end = foreign.windows(4).position(|w| w == b"\r\nFr").unwrap() + 2;
    let message = [foreign[..end].repeat(1_000), signed].concat();
    let verdicts = verify(&domain.dns, &message, NOW).await;
    assert_eq!(verdicts.len(), DKIM_SIGNATURES_VERIFY_MAX);
    assert_eq!(verdicts.last().unwrap().result, DkimResult::Pass);
    assert!(domain.dns.times_asked() <= DKIM_SIGNATURES_VERIFY_MAX);
}

#[tokio::test]
async fn a_signature_that_cannot_be_evaluated_says_why() {
    let domain = Domain::new(KeyAlgorithm::Ed25519Sha256);
    let signed = domain.signed(MESSAGE);
    for (from, to, expected) in [
        ("v=1;", "v=2;", DkimResult::Neutral),
        ("a=ed25519-sha256", "a=rsa-sha1", DkimResult::PermError),
        ("a=ed25519-sha256", "a=rsa-sha256", DkimResult::PermError),
        ("s=s;", "s=t;", DkimResult::PermError),
        ("d=example.org", "d=org", DkimResult::Neutral),
        ("h=from:from:", "h=", DkimResult::PermError),
        ("c=relaxed/relaxed", "c=other", DkimResult::Neutral),
        ("s=s;", "s=s; i=@example.com;", DkimResult::PermError),
        ("s=s;", "s=s; l=x;", DkimResult::Neutral),
        ("s=s;", "s=s; s=s;", DkimResult::Neutral),
        ("v=1;", "v=1; q=http;", DkimResult::Neutral),
    ] {
        let message = replaced(&signed, from, to);
        let (result, reason) = result(&domain.dns, &message).await;
        assert_eq!(result, expected, "{to}");
        assert!(reason.is_some(), "{to}");
    }
}

#[tokio::test]
async fn a_key_that_is_gone_or_silent_is_told_apart() {
    let domain = Domain::new(KeyAlgorithm::Ed25519Sha256);
    let signed = domain.signed(MESSAGE);
    let name = "s._domainkey.example.org";
    for (dns, expected) in [
        (Table::default(), DkimResult::PermError),
        (
            Table::default().txt(name, "v=DKIM1; p="),
            DkimResult::PermError,
        ),
        (Table::default().trouble(name), DkimResult::TempError),
        (
            Table::default()
                .txt(name, "nonsense")
                .txt(name, &domain.key.public_record()),
            DkimResult::Pass,
        ),
    ] {
        assert_eq!(result(&dns, &signed).await.0, expected);
    }
}

// RFC 6376 A.2 and C: simple in header and body, with a key of 1024 bits.
#[tokio::test]
async fn the_example_of_rfc_6376_verifies() {
    let message = include_bytes!("rfc6376.eml").as_slice();
    let dns = Table::default().txt(
        "brisbane._domainkey.example.com",
        "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkM\
         oGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v\
         /RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBc\
         WToIMmPSPDdQPNUYckcQ2QIDAQAB",
    );
    let verdicts = verify(&dns, message, NOW).await;
    assert_eq!(verdicts[0].result, DkimResult::Pass, "{verdicts:?}");
    let respaced = replaced(message, "Subject: Is", "Subject:  Is");
    assert_eq!(result(&dns, &respaced).await.0, DkimResult::Fail);
}

// RFC 8463 appendix A: the message that is signed with both algorithms.
#[tokio::test]
async fn the_example_of_rfc_8463_verifies() {
    let message = include_bytes!("rfc8463.eml").as_slice();
    let dns = Table::default()
        .txt(
            "brisbane._domainkey.football.example.com",
            "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        )
        .txt(
            "test._domainkey.football.example.com",
            "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR\
             iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC\
             DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3\
             Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
        );
    let verdicts = verify(&dns, message, 1_528_637_909).await;
    let results: Vec<(&str, DkimResult)> = verdicts
        .iter()
        .map(|one| (one.algorithm, one.result))
        .collect();
    assert_eq!(
        results,
        [
            ("ed25519-sha256", DkimResult::Pass),
            ("rsa-sha256", DkimResult::Pass)
        ]
    );
}

// RFC 6376 3.5, 3.7: folds and white space inside b= count for nothing.
#[test]
fn only_the_value_of_b_is_taken_out() {
    for (value, expected) in [
        (" a=1; b=QUJD; bh=x\r\n", " a=1; b=; bh=x\r\n"),
        (" bh=b=1; b=\r\n\tQUJD\r\n", " bh=b=1; b=\r\n"),
        (" b = A B ;c=1\r\n", " b =;c=1\r\n"),
    ] {
        assert_eq!(without_signature(value.as_bytes()), expected.as_bytes());
    }
}
