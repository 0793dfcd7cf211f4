//! What we sign others verify, what others sign and seal we verify: with dkimpy (PyNaCl for Ed25519) and mailauth.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use posthouse_net::authentication::verdict::{ArcResult, DkimResult};
use posthouse_net::authentication::{
    Authenticator, DkimKey, Envelope, KeyAlgorithm, Signer, Verdicts, sign,
};
use posthouse_net::resolver::Resolver;
use serde_json::{Value, json};

use crate::zone::{Zone, txt};

const MESSAGE: &str = "Received: from x.example by y.example;\r\n\tTue, 14 Nov 2023 22:13:20 +0000\r\n\
    From: Somebody <somebody@signer.example>\r\nTo: a@b.example,\r\n  c@d.example\r\nSubject:  two   blanks\r\n\
    MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nHello \t there  \r\n\r\n. a dot\r\n\r\n\r\n";

/// Who is asked.
#[derive(Debug, Clone, Copy)]
enum Other {
    Dkimpy,
    Mailauth,
}

const OTHERS: [Other; 2] = [Other::Dkimpy, Other::Mailauth];

impl Other {
    /// Runs its program; `None`, said aloud, where it is not installed.
    fn ask(self, request: &Value) -> Option<Value> {
        let tools = tools();
        let (program, script, needed) = match self {
            Self::Dkimpy => (
                tools.join("python/bin/python"),
                "dkimpy.py",
                tools.join("python/bin/dkimverify"),
            ),
            Self::Mailauth => (
                PathBuf::from("node"),
                "mailauth.mjs",
                tools.join("node/node_modules/mailauth"),
            ),
        };
        if !needed.exists() {
            assert!(
                std::env::var_os("CI").is_none(),
                "{self:?} is not installed"
            );
            let note = "is not installed; `cargo xtask test` installs it";
            let _ = writeln!(std::io::stderr(), "skipped: {self:?} {note}");
            return None;
        }
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/second_opinions");
        let mut child = Command::new(program)
            .arg(scripts.join(script))
            .env("NODE_MODULES", tools.join("node/node_modules"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(request.to_string().as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{self:?}: {}", request["do"]);
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }
}

fn tools() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => PathBuf::from(directory).join("test-tools"),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-tools"),
    }
}

/// A key of each algorithm, published under the algorithm's name.
struct Keys {
    rsa: DkimKey,
    ed25519: DkimKey,
}

impl Keys {
    fn new() -> Self {
        Self {
            rsa: DkimKey::generate(KeyAlgorithm::RsaSha256, 2_048).unwrap(),
            ed25519: DkimKey::generate(KeyAlgorithm::Ed25519Sha256, 0).unwrap(),
        }
    }

    fn records(&self) -> Vec<(&'static str, String)> {
        vec![
            (
                "rsa-sha256._domainkey.signer.example",
                self.rsa.public_record(),
            ),
            (
                "ed25519-sha256._domainkey.signer.example",
                self.ed25519.public_record(),
            ),
        ]
    }

    fn signers(&self) -> [Signer; 2] {
        [
            Signer::new("signer.example", "rsa-sha256", &self.rsa),
            Signer::new("signer.example", "ed25519-sha256", &self.ed25519),
        ]
    }

    /// The private keys as each program wants them.
    fn private(&self, other: Other) -> Value {
        let pem = |key: &DkimKey| {
            let text = BASE64.encode(key.private_pkcs8());
            let lines: Vec<&str> = text
                .as_bytes()
                .chunks(64)
                .map(|line| std::str::from_utf8(line).unwrap())
                .collect();
            let lines = lines.join("\n");
            format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n")
        };
        let ed25519 = match other {
            // The seed alone, which PKCS#8 has at its end.
            Other::Dkimpy => {
                let pkcs8 = self.ed25519.private_pkcs8();
                BASE64.encode(&pkcs8[pkcs8.len() - 32..])
            }
            Other::Mailauth => pem(&self.ed25519),
        };
        json!({"rsa-sha256": pem(&self.rsa), "ed25519-sha256": ed25519})
    }
}

fn records_json(records: &[(&'static str, String)]) -> Value {
    records
        .iter()
        .map(|(name, text)| ((*name).to_owned(), json!(text)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs() as i64
}

async fn verify(records: &[(&'static str, String)], message: &[u8]) -> Verdicts {
    let mut zone = Zone::default();
    for (name, text) in records {
        let strings: Vec<&str> = text
            .as_bytes()
            .chunks(255)
            .map(|part| std::str::from_utf8(part).unwrap())
            .collect();
        zone.add(name, txt(&strings));
    }
    let server = zone.serve().await;
    let dns = Arc::new(Resolver::at(server.address).unwrap());
    let envelope = Envelope {
        peer: Some("192.0.2.1".parse().unwrap()),
        helo: "mx.signer.example",
        sender: Some(("somebody", "signer.example")),
    };
    let authors = ["signer.example".to_owned()];
    let message = Bytes::copy_from_slice(message);
    Authenticator::new(dns, Duration::from_secs(20))
        .verify(&envelope, &authors, message, now())
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn others_verify_each_of_our_signatures() {
    let keys = Keys::new();
    let lines = sign(&keys.signers(), MESSAGE.as_bytes(), now()).unwrap();
    let signed = [lines, MESSAGE.as_bytes().to_vec()].concat();
    for other in OTHERS {
        let request = json!({
            "do": "verify",
            "message": BASE64.encode(&signed),
            "records": records_json(&keys.records()),
            "envelope": {"ip": "192.0.2.1", "helo": "x.example", "sender": "a@x.example"},
        });
        let Some(answer) = other.ask(&request) else {
            continue;
        };
        assert_eq!(
            answer["signatures"],
            json!([
                {"algorithm": "rsa-sha256", "valid": true},
                {"algorithm": "ed25519-sha256", "valid": true}
            ]),
            "{other:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn we_verify_the_signatures_of_others_in_every_canonical_form() {
    let keys = Keys::new();
    for other in OTHERS {
        let request = json!({
            "do": "sign",
            "message": BASE64.encode(MESSAGE),
            "keys": keys.private(other),
        });
        let Some(answer) = other.ask(&request) else {
            continue;
        };
        let signed = answer["signed"].as_array().unwrap();
        assert_eq!(signed.len(), 8, "{other:?}");
        for one in signed {
            let message = BASE64.decode(one["message"].as_str().unwrap()).unwrap();
            let verdicts = verify(&keys.records(), &message).await;
            assert_eq!(verdicts.dkim.len(), 1);
            let verdict = &verdicts.dkim[0];
            assert_eq!(
                verdict.result,
                DkimResult::Pass,
                "{other:?} {}: {verdict:?}",
                one["how"]
            );
            let changed = String::from_utf8(message)
                .unwrap()
                .replace("a dot", "a spot");
            let verdicts = verify(&keys.records(), changed.as_bytes()).await;
            assert_eq!(
                verdicts.dkim[0].result,
                DkimResult::Fail,
                "{other:?} {}",
                one["how"]
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auth_06_we_verify_the_chains_of_others_and_agree_when_they_are_broken() {
    let keys = Keys::new();
    for other in OTHERS {
        let request = json!({
            "do": "seal",
            "message": BASE64.encode(MESSAGE),
            "key": keys.private(other)["rsa-sha256"],
            "records": records_json(&keys.records()),
            "times": 3,
        });
        let Some(answer) = other.ask(&request) else {
            continue;
        };
        let sealed = answer["sealed"].as_array().unwrap();
        assert_eq!(sealed.len(), 3);
        for (place, one) in sealed.iter().enumerate() {
            let message = BASE64.decode(one.as_str().unwrap()).unwrap();
            let arc = verify(&keys.records(), &message).await.arc;
            assert_eq!(arc.result, ArcResult::Pass, "{other:?} {place}: {arc:?}");
            assert_eq!(arc.instances as usize, place + 1);
            assert!(
                arc.sealers
                    .iter()
                    .all(|sealer| sealer.domain == "signer.example")
            );
        }
        let whole = BASE64.decode(sealed[2].as_str().unwrap()).unwrap();
        let broken = String::from_utf8(whole)
            .unwrap()
            .replace("two   blanks", "three blanks");
        let arc = verify(&keys.records(), broken.as_bytes()).await.arc;
        assert_eq!(arc.result, ArcResult::Fail, "{other:?}");
        let request = json!({
            "do": "verify",
            "message": BASE64.encode(broken),
            "records": records_json(&keys.records()),
            "envelope": {"ip": "192.0.2.1", "helo": "x.example", "sender": "a@x.example"},
        });
        assert_eq!(other.ask(&request).unwrap()["arc"], "fail", "{other:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auth_05_we_and_mailauth_agree_about_spf_and_dmarc() {
    let keys = Keys::new();
    let lines = sign(&keys.signers(), MESSAGE.as_bytes(), now()).unwrap();
    let signed = String::from_utf8(lines).unwrap() + MESSAGE;
    for (spf, dmarc, message) in [
        (
            "v=spf1 ip4:192.0.2.0/24 -all",
            "v=DMARC1; p=reject",
            MESSAGE,
        ),
        ("v=spf1 -all", "v=DMARC1; p=reject", MESSAGE),
        ("v=spf1 ~all", "v=DMARC1; p=quarantine; aspf=s", MESSAGE),
        ("v=spf1 ?all", "v=DMARC1; p=none", signed.as_str()),
        (
            "v=spf1 -all",
            "v=DMARC1; p=reject; adkim=s",
            signed.as_str(),
        ),
        ("v=spf1 bogus", "v=DMARC1; p=reject", MESSAGE),
        (
            "v=spf1 include:nothing.signer.example -all",
            "v=DMARC1; p=reject",
            MESSAGE,
        ),
        ("nothing", "nothing", signed.as_str()),
    ] {
        let mut records = keys.records();
        records.push(("signer.example", spf.to_owned()));
        records.push(("_dmarc.signer.example", dmarc.to_owned()));
        let request = json!({
            "do": "verify",
            "message": BASE64.encode(message),
            "records": records_json(&records),
            "envelope": {"ip": "192.0.2.1", "helo": "mx.signer.example", "sender": "somebody@signer.example"},
        });
        let Some(answer) = Other::Mailauth.ask(&request) else {
            return;
        };
        let ours = verify(&records, message.as_bytes()).await;
        assert_eq!(ours.spf.unwrap().result.word(), answer["spf"], "{spf}");
        assert_eq!(
            ours.dmarc.unwrap().result.word(),
            answer["dmarc"],
            "{spf} {dmarc}"
        );
    }
}
