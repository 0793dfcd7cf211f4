//! Who sent a message: records and messages of strangers, forged results, and our own signatures over anything.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use posthouse_net::authentication::dns::{Dns, Found};
use posthouse_net::authentication::fields::Fields;
use posthouse_net::authentication::limits::{DKIM_SIGNATURES_VERIFY_MAX, FIELDS_MAX};
use posthouse_net::authentication::verdict::{ArcResult, DkimResult};
use posthouse_net::authentication::{
    Authenticator, DkimKey, Envelope, KeyAlgorithm, Signer, Verdicts, dmarc, results_header, sign,
    spf,
};

use crate::Target;

const NOW: i64 = 1_700_000_000;
const HOST: &str = "mx.example.org";

/// Messages whose headers and body are records as well: every TXT question is answered with the input.
pub const TARGET: Target = Target {
    name: "authentication",
    run: fuzz_authentication,
    seeds: &[
        b"v=spf1 a:%{d2}.example.org mx/24 ip4:192.0.2.0/24 ip6:::/0 include:x.example exists:%{ir}.%{v} ptr redirect=%{o} -all",
        b"v=DMARC1; p=reject; sp=quarantine; np=none; psd=n; t=y; adkim=s",
        b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        b"From: a@example.org\r\nSubject: x\r\n\r\nbody\r\n",
        b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=example.org; s=s; h=from:from; bh=QUJD; b=QUJD; l=3; x=9; t=1; i=@a.example.org\r\nFrom: a@example.org\r\n\r\nbody",
        b"ARC-Seal: i=1; a=rsa-sha256; cv=none; d=example.org; s=s; b=QUJD\r\nARC-Message-Signature: i=1; a=rsa-sha256; d=example.org; s=s; h=from; bh=QUJD; b=QUJD\r\nARC-Authentication-Results: i=1; x; none\r\nFrom: a@example.org\r\n\r\n",
        b"Authentication-Results: (c) \"mx.example.org\"; dmarc=pass\r\nFrom: a@example.org\r\n\r\n",
    ],
    dictionary: &[
        b"\r\n", b"\n", b"\r\n ", b"\r\n\r\n", b";", b"; ", b"=", b":", b"/", b"//", b"%{", b"}", b"%%", b"%{l}", b"%{p}", b"%{i9r+}", b" ", b"\t", b"\0", b"\xff",
        b"(", b")", b"\"", b"\\", b"v=spf1 ", b"v=DMARC1;", b"v=DKIM1;", b"p=", b"b=", b"bh=", b"h=from", b"l=18446744073709551616", b"i=51", b"cv=pass",
        b"DKIM-Signature:", b"ARC-Seal:", b"Authentication-Results:", b"mx.example.org", b"include:", b"redirect=", b"exists:", b"-all",
    ],
};

/// Plays one input as a record, as a message, and as a message of ours.
pub fn fuzz_authentication(data: &[u8]) {
    spf::is_valid_record(data);
    dmarc::is_valid_record(data);
    check_forgeries(data);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without sockets can always be made");
    runtime.block_on(async {
        let verdicts = verify(data.to_vec(), data).await;
        assert!(verdicts.dkim.len() <= DKIM_SIGNATURES_VERIFY_MAX);
        assert_ne!(
            verdicts.arc.result,
            ArcResult::Pass,
            "nobody guesses a signature"
        );
        check_field(&results_header::field(HOST, &verdicts));
        check_own_signature(data).await;
    });
}

/// Takes forged results out: once is enough, and nothing else goes.
fn check_forgeries(data: &[u8]) {
    let Some(kept) = results_header::without_forged(data, HOST) else {
        return;
    };
    assert!(kept.len() < data.len());
    let before = Fields::of(data);
    if before.truncated {
        return;
    }
    let others = |fields: &Fields<'_>| {
        let others = fields.list.iter();
        others
            .filter(|field| !field.is("authentication-results"))
            .count()
    };
    assert_eq!(others(&before), others(&Fields::of(&kept)));
    assert_eq!(results_header::without_forged(&kept, HOST), None);
}

/// The field is one field, whatever stood in the message.
fn check_field(field: &str) {
    assert!(field.is_ascii());
    let fields = Fields::of(field.as_bytes());
    assert_eq!(fields.list.len(), 1, "{field:?}");
    assert_eq!(fields.list[0].raw.len(), field.len(), "{field:?}");
}

async fn check_own_signature(data: &[u8]) {
    // A first line that continues nothing would continue the signature.
    let count = Fields::of(data).list.len();
    if !data.first().is_some_and(u8::is_ascii_graphic) || count >= FIELDS_MAX {
        return;
    }
    static KEY: OnceLock<DkimKey> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        DkimKey::generate(KeyAlgorithm::Ed25519Sha256, 0).expect("the library makes keys")
    });
    let signer = Signer::new("posthouse.example", "s", key);
    let Ok(lines) = sign(&[signer], data, NOW) else {
        return;
    };
    let signed = [lines, data.to_vec()].concat();
    let record = key.public_record();
    let verdicts = verify(signed, record.as_bytes()).await;
    let ours = verdicts
        .dkim
        .iter()
        .find(|one| one.domain == "posthouse.example");
    if let Some(ours) = ours {
        assert_eq!(ours.result, DkimResult::Pass, "{ours:?}");
    }
}

async fn verify(message: Vec<u8>, record: &[u8]) -> Verdicts {
    let dns = Arc::new(Same(record.to_vec()));
    let envelope = Envelope {
        peer: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
        helo: "mx.example.com",
        sender: Some(("a", "example.org")),
    };
    let authors = ["a.example.org".to_owned(), "example.com".to_owned()];
    Authenticator::new(dns, Duration::from_secs(5))
        .verify(&envelope, &authors, Bytes::from(message), NOW)
        .await
}

/// Says the same to everything.
struct Same(Vec<u8>);

impl Dns for Same {
    fn txt<'a>(&'a self, _name: &'a str) -> Found<'a, Vec<u8>> {
        Box::pin(async { Ok(vec![self.0.clone()]) })
    }

    fn a<'a>(&'a self, _name: &'a str) -> Found<'a, Ipv4Addr> {
        Box::pin(async { Ok(vec![Ipv4Addr::new(192, 0, 2, 9)]) })
    }

    fn aaaa<'a>(&'a self, _name: &'a str) -> Found<'a, Ipv6Addr> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn mx<'a>(&'a self, _name: &'a str) -> Found<'a, String> {
        Box::pin(async { Ok(vec![String::from_utf8_lossy(&self.0).into_owned()]) })
    }

    fn ptr(&self, _address: IpAddr) -> Found<'_, String> {
        Box::pin(async { Ok(vec!["p.example.org".to_owned()]) })
    }
}
