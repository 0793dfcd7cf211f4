//! Chains, made here and broken here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::super::key::{DkimKey, KeyAlgorithm};
use super::super::table::Table;
use super::*;

const NOW: i64 = 1_700_000_000;
const MESSAGE: &str = "From: a@example.org\r\nSubject: hi\r\n\r\nHi\r\n";

struct Sealer {
    key: DkimKey,
}

impl Sealer {
    fn new() -> Self {
        Self {
            key: DkimKey::generate(KeyAlgorithm::Ed25519Sha256, 0).unwrap(),
        }
    }

    fn dns(&self) -> Table {
        Table::default().txt("s._domainkey.list.example", &self.key.public_record())
    }

    fn finish(&self, unsigned: &str, mut input: Vec<u8>) -> String {
        let field = field(unsigned);
        append_unsigned(&field, Canonicalization::Relaxed, &mut input);
        format!(
            "{unsigned}{}\r\n",
            BASE64.encode(self.key.sign(&input).unwrap())
        )
    }

    /// Puts another set on top, with this `cv=`.
    fn seal(&self, message: &str, instance: u32, cv: &str) -> String {
        let fields = Fields::of(message.as_bytes());
        let (hash, _) =
            Canonicalization::Relaxed.hash_body(fields.body, None, &aws_lc_rs::digest::SHA256);
        let results = format!("ARC-Authentication-Results: i={instance}; list.example; none\r\n");
        let mut input = Vec::new();
        for name in ["from", "subject"] {
            let field = fields.named(name).next().unwrap();
            Canonicalization::Relaxed.append_field(field, &mut input);
        }
        let tags = format!(
            "ARC-Message-Signature: i={instance}; a=ed25519-sha256; c=relaxed/relaxed; d=list.example; s=s; \
             h=from:subject; bh={}; b=",
            BASE64.encode(hash)
        );
        let signature = self.finish(&tags, input);

        let mut input = Vec::new();
        for set in sets(&fields).unwrap() {
            for field in [&set.results, &set.signature, &set.seal] {
                Canonicalization::Relaxed.append_field(field, &mut input);
            }
        }
        for text in [&results, &signature] {
            Canonicalization::Relaxed.append_field(&field(text), &mut input);
        }
        let tags = format!(
            "ARC-Seal: i={instance}; a=ed25519-sha256; t=1; cv={cv}; d=list.example; s=s; b="
        );
        let seal = self.finish(&tags, input);
        format!("{seal}{signature}{results}{message}")
    }

    fn chain(&self, length: u32) -> String {
        let mut message = MESSAGE.to_owned();
        for instance in 1..=length {
            let cv = if instance == 1 { "none" } else { "pass" };
            message = self.seal(&message, instance, cv);
        }
        message
    }
}

fn field(text: &str) -> Field<'_> {
    let (name, value) = text.split_once(':').unwrap();
    Field {
        name: name.as_bytes(),
        value: value.as_bytes(),
        raw: text.as_bytes(),
    }
}

async fn verify(dns: &Table, message: &str) -> ArcVerdict {
    let fields = Fields::of(message.as_bytes());
    settle(dns, chain(&fields, NOW)).await
}

#[tokio::test]
async fn a_whole_chain_passes_and_tells_who_sealed() {
    let sealer = Sealer::new();
    for length in [1, 2, 5] {
        let verdict = verify(&sealer.dns(), &sealer.chain(length)).await;
        assert_eq!(verdict.result, ArcResult::Pass, "{verdict:?}");
        assert_eq!(verdict.instances, length);
        let last = verdict.sealers.last().unwrap();
        assert_eq!(last.domain, "list.example");
        assert!(!last.found_dmarc_pass);
    }
    let none = verify(&sealer.dns(), MESSAGE).await;
    assert_eq!(none.result, ArcResult::None);
}

#[tokio::test]
async fn auth_06_gaps_doubles_and_lies_break_the_chain() {
    let sealer = Sealer::new();
    let whole = sealer.chain(3);
    let line = |start: &str| {
        let from = whole.find(start).unwrap();
        let to = from + whole[from..].find("\r\n").unwrap() + 2;
        whole[from..to].to_owned()
    };
    let broken = [
        whole.replace(&line("ARC-Seal: i=2"), ""),
        whole.replace(&line("ARC-Authentication-Results: i=1"), ""),
        format!("{}{whole}", line("ARC-Message-Signature: i=3")),
        whole.replace("i=3", "i=4"),
        whole.replace("i=2", "i=5"),
        whole.replace("i=3; a=", "i=3; h=from; a="),
        whole.replace("cv=none", "cv=pass"),
        whole.replace("list.example; none", "list.example; dkim=pass"),
        whole.replace("Hi\r\n", "Ho\r\n"),
        whole.replace("Subject: hi", "Subject: ho"),
        whole.replace("ARC-Seal: i=1", "ARC-Seal: i=x"),
        sealer.seal(&sealer.chain(1), 2, "fail"),
        sealer.seal(&sealer.chain(1), 2, "none"),
        sealer.seal(MESSAGE, 1, "pass"),
    ];
    for (place, message) in broken.iter().enumerate() {
        assert_ne!(message, &whole, "{place}");
        let verdict = verify(&sealer.dns(), message).await;
        assert_eq!(verdict.result, ArcResult::Fail, "{place}: {message}");
        assert!(verdict.reason.is_some());
    }
}

#[tokio::test]
async fn auth_06_the_order_of_the_fields_does_not_matter_and_their_number_does() {
    let sealer = Sealer::new();
    let whole = sealer.chain(2);
    let (header, body) = whole.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = header.split("\r\n").collect();
    lines.reverse();
    let turned = format!("{}\r\n\r\n{body}", lines.join("\r\n"));
    assert_eq!(verify(&sealer.dns(), &turned).await.result, ArcResult::Pass);

    let many: String = (1..=51)
        .map(|at| format!("ARC-Seal: i={at}; cv=none\r\nARC-Message-Signature: i={at}\r\nARC-Authentication-Results: i={at}; x\r\n"))
        .collect();
    let dns = sealer.dns();
    let verdict = verify(&dns, &format!("{many}{MESSAGE}")).await;
    assert_eq!(verdict.result, ArcResult::Fail);
    assert_eq!(dns.times_asked(), 0);
}

#[test]
fn auth_06_only_a_result_of_its_own_counts_as_a_pass() {
    for results in [
        " i=1; x.example; dmarc=pass header.from=a.example\r\n",
        " i=1; x.example; spf=fail;\r\n\tDMARC=Pass (p=none)\r\n",
    ] {
        assert!(says_dmarc_pass(results.as_bytes()), "{results}");
    }
    for results in [
        " i=1; x.example; dmarc=fail\r\n",
        " i=1; x.example; spf=fail (; dmarc=pass ;)\r\n",
        " i=1; x.example; spf=fail smtp.helo=\"; dmarc=pass ;\"\r\n",
        " i=1; x.example; dmarc=passed\r\n",
        " i=1; x.example; x dmarc=pass\r\n",
        "",
    ] {
        assert!(!says_dmarc_pass(results.as_bytes()), "{results}");
    }
}

#[tokio::test]
async fn keys_that_are_gone_break_the_chain_and_silence_does_not() {
    let sealer = Sealer::new();
    let whole = sealer.chain(2);
    assert_eq!(
        verify(&Table::default(), &whole).await.result,
        ArcResult::Fail
    );
    let trouble = Table::default().trouble("s._domainkey.list.example");
    assert_eq!(verify(&trouble, &whole).await.result, ArcResult::TempError);
}
