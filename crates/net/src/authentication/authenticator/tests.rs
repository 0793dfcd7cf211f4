//! All checks together, in time and out of it.

use super::super::key::{DkimKey, KeyAlgorithm};
use super::super::sign::{Signer, sign};
use super::super::table::Table;
use super::super::verdict::{Policy, Sealer};
use super::*;

const NOW: i64 = 1_700_000_000;
const MESSAGE: &[u8] = b"From: a@example.org\r\nSubject: hi\r\n\r\nHi\r\n";

fn envelope(peer: Option<&str>) -> Envelope<'static> {
    Envelope {
        peer: peer.map(|peer| peer.parse().unwrap()),
        helo: "mx.example.org",
        sender: Some(("a", "example.org")),
    }
}

fn authenticator(dns: Table) -> Authenticator {
    Authenticator::new(Arc::new(dns), Duration::from_secs(5))
}

async fn verify(dns: Table, envelope: Envelope<'_>, message: &[u8]) -> Verdicts {
    let authors = ["example.org".to_owned()];
    let message = Bytes::copy_from_slice(message);
    authenticator(dns)
        .verify(&envelope, &authors, message, NOW)
        .await
}

fn published() -> Table {
    Table::default()
        .txt("example.org", "v=spf1 ip4:192.0.2.1 -all")
        .txt("mx.example.org", "v=spf1 a -all")
        .a("mx.example.org", &["192.0.2.1"])
        .txt("_dmarc.example.org", "v=DMARC1; p=reject")
}

fn signed(key: &DkimKey) -> Vec<u8> {
    let signer = Signer::new("example.org", "s", key);
    [sign(&[signer], MESSAGE, NOW).unwrap(), MESSAGE.to_vec()].concat()
}

#[tokio::test]
async fn honest_mail_passes_everything() {
    let verdicts = verify(published(), envelope(Some("192.0.2.1")), MESSAGE).await;
    assert_eq!(verdicts.spf.as_ref().unwrap().result, SpfResult::Pass);
    assert_eq!(verdicts.helo.as_ref().unwrap().result, SpfResult::Pass);
    let dmarc = verdicts.dmarc.as_ref().unwrap();
    assert_eq!(dmarc.result, DmarcResult::Pass);
    assert_eq!(dmarc.policy, Some(Policy::Reject));
    assert_eq!(verdicts.failed_policy(), None);
}

#[tokio::test]
async fn forged_mail_fails_with_the_policy_of_its_author() {
    let verdicts = verify(published(), envelope(Some("192.0.2.2")), MESSAGE).await;
    assert_eq!(verdicts.spf.as_ref().unwrap().result, SpfResult::Fail);
    assert_eq!(verdicts.failed_policy(), Some(Policy::Reject));
}

#[tokio::test]
async fn auth_05_the_null_sender_is_judged_by_its_helo_name() {
    let envelope = Envelope {
        sender: None,
        ..envelope(Some("192.0.2.1"))
    };
    let verdicts = verify(published(), envelope, MESSAGE).await;
    let spf = verdicts.spf.unwrap();
    assert_eq!(
        (spf.result, spf.identity),
        (SpfResult::Pass, SpfIdentity::Helo)
    );
    assert_eq!(spf.domain, "mx.example.org");
    assert_eq!(verdicts.helo, None);
    assert_eq!(verdicts.dmarc.unwrap().result, DmarcResult::Pass);
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_not_judged_and_unsigned_mail_asks_nobody() {
    let dns = Arc::new(published());
    let authenticator = Authenticator::new(dns.clone(), Duration::from_secs(5));
    let authors = ["example.org".to_owned()];
    let message = Bytes::from_static(MESSAGE);
    let verdicts = authenticator
        .verify(&envelope(None), &authors, message, NOW)
        .await;
    assert_eq!((verdicts.spf, verdicts.dmarc), (None, None));
    assert_eq!(dns.times_asked(), 0);
}

#[tokio::test]
async fn a_signature_counts_whoever_the_peer_is() {
    let key = DkimKey::generate(KeyAlgorithm::Ed25519Sha256, 0).unwrap();
    let dns = || published().txt("s._domainkey.example.org", &key.public_record());
    let verdicts = verify(dns(), envelope(None), &signed(&key)).await;
    assert_eq!(verdicts.dmarc.unwrap().result, DmarcResult::Pass);
    let broken = String::from_utf8(signed(&key))
        .unwrap()
        .replace("Hi\r\n", "Ho\r\n");
    let verdicts = verify(dns(), envelope(None), broken.as_bytes()).await;
    assert_eq!(verdicts.dkim[0].result, DkimResult::Fail);
    assert_eq!(verdicts.dmarc, None);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_in_time_and_condemns_nobody() {
    let key = DkimKey::generate(KeyAlgorithm::Ed25519Sha256, 0).unwrap();
    let dns = Table::default()
        .txt("example.org", "v=spf1 a:slow.example.org -all")
        .silent("slow.example.org")
        .silent("mx.example.org")
        .silent("s._domainkey.example.org")
        .txt("_dmarc.example.org", "v=DMARC1; p=reject");
    let started = Instant::now();
    let verdicts = verify(dns, envelope(Some("192.0.2.2")), &signed(&key)).await;
    assert!(started.elapsed() <= Duration::from_secs(5) + ALIGNMENT_TIME);
    assert_eq!(verdicts.spf.as_ref().unwrap().result, SpfResult::TempError);
    assert_eq!(verdicts.dkim[0].result, DkimResult::TempError);
    assert_eq!(
        verdicts.dmarc.as_ref().unwrap().result,
        DmarcResult::TempError
    );
    assert_eq!(verdicts.failed_policy(), None);
}

#[tokio::test(start_paused = true)]
async fn a_silent_policy_is_a_temporary_error() {
    let dns = Table::default().silent("_dmarc.example.org");
    let verdicts = verify(dns, envelope(Some("192.0.2.2")), MESSAGE).await;
    assert_eq!(verdicts.dmarc.unwrap().result, DmarcResult::TempError);
}

#[tokio::test]
async fn a_message_without_an_author_is_a_permanent_error() {
    let verdicts = authenticator(published())
        .verify(
            &envelope(Some("192.0.2.1")),
            &[],
            Bytes::from_static(b"\r\n"),
            NOW,
        )
        .await;
    assert_eq!(verdicts.dmarc.unwrap().result, DmarcResult::PermError);
}

#[test]
fn auth_06_seals_are_believed_from_trusted_hands_only() {
    let sealer = |domain: &str, found_dmarc_pass| Sealer {
        domain: domain.to_owned(),
        found_dmarc_pass,
    };
    let verdicts = |result, sealers| Verdicts {
        peer: None,
        spf: None,
        helo: None,
        dkim: Vec::new(),
        dmarc: None,
        arc: ArcVerdict {
            result,
            instances: 2,
            sealers,
            reason: None,
        },
    };
    let trusted = ["list.example".to_owned(), "gate.example".to_owned()];
    let good = vec![sealer("list.example", true), sealer("gate.example", false)];
    assert!(verdicts(ArcResult::Pass, good.clone()).is_vouched_for(&trusted));
    assert!(!verdicts(ArcResult::Fail, good.clone()).is_vouched_for(&trusted));
    assert!(!verdicts(ArcResult::Pass, good).is_vouched_for(&[]));
    // A stranger in between may have changed everything.
    let through_a_stranger = vec![
        sealer("list.example", true),
        sealer("stranger.example", true),
    ];
    assert!(!verdicts(ArcResult::Pass, through_a_stranger).is_vouched_for(&trusted));
    let never_passed = vec![sealer("list.example", false)];
    assert!(!verdicts(ArcResult::Pass, never_passed).is_vouched_for(&trusted));
}
