//! Signed requests of service accounts, and everything that makes one worthless.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::door::{Answered, request};
use crate::office::Office;

const DOMAINS: &str = "/v3/admin/domains";
const BODY: &str = r#"{"domain_address":"signed.example","name":"Signed"}"#;

struct Signer {
    kid: String,
    pair: KeyPair,
}

/// What a client says it signed.
#[derive(Clone)]
struct Claim {
    method: Method,
    path: String,
    timestamp: String,
    nonce: String,
    body: String,
}

impl Claim {
    fn of(method: Method, path: &str, body: &str) -> Self {
        static NUMBER: AtomicU8 = AtomicU8::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        Self {
            method,
            path: path.to_owned(),
            timestamp: now.to_string(),
            nonce: format!("abcdefghijklmnopq{number:03}"),
            body: body.to_owned(),
        }
    }

    fn shifted(mut self, seconds: i64) -> Self {
        let time: i64 = self.timestamp.parse().unwrap();
        self.timestamp = (time + seconds).to_string();
        self
    }
}

impl Signer {
    async fn of(office: &Office) -> Self {
        let file = office.door.mailroom.create_service_account("tests").await;
        let file: Value = serde_json::from_str(&file.unwrap().to_json()).unwrap();
        let pem = file["private_key"].as_str().unwrap();
        let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        Self {
            kid: file["private_key_id"].as_str().unwrap().to_owned(),
            pair: KeyPair::from_pkcs8(&BASE64.decode(der).unwrap()).unwrap(),
        }
    }

    fn signature(&self, claim: &Claim) -> String {
        let method = claim.method.as_str().to_ascii_lowercase();
        let payload = match claim.body.is_empty() {
            true => String::new(),
            false => format!(",\"payload\":{}", Value::from(claim.body.as_str())),
        };
        let text = format!(
            "{{\"method\":\"{method}\",\"nonce\":\"{}\",\"path\":\"{}\"{payload},\"timestamp\":{}}}",
            claim.nonce, claim.path, claim.timestamp
        );
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        let signed = self
            .pair
            .sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature);
        signed.unwrap();
        assert!(!self.pair.public_key().as_ref().is_empty());
        BASE64.encode(signature)
    }

    /// Sends one thing under the signature of another.
    async fn send(&self, office: &Office, signed: &Claim, sent: &Claim) -> Answered {
        let signature = self.signature(signed);
        office.send_signed(&self.kid, &signature, sent).await
    }
}

impl Office {
    async fn send_signed(&self, kid: &str, signature: &str, sent: &Claim) -> Answered {
        let mut request: Request<Full<Bytes>> = request(sent.method.clone(), &sent.path);
        let headers = [
            ("x-nylas-kid", kid),
            ("x-nylas-timestamp", &sent.timestamp),
            ("x-nylas-nonce", &sent.nonce),
            ("x-nylas-signature", signature),
        ];
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().insert(name, value);
        }
        if !sent.body.is_empty() {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(header::CONTENT_TYPE, json);
            *request.body_mut() = Full::from(sent.body.clone());
        }
        // Failed attempts of one address are few.
        static PEER: AtomicU8 = AtomicU8::new(0);
        let network = PEER.fetch_add(1, Ordering::Relaxed);
        let peer = IpAddr::V4(Ipv4Addr::new(10, network, 0, 1));
        self.door.send_from(request, peer).await
    }
}

#[tokio::test]
async fn a_service_account_registers_for_everybody_and_reaches_every_application() {
    let office = Office::open().await;
    let signer = Signer::of(&office).await;
    let create = Claim::of(Method::POST, DOMAINS, BODY);
    let made = signer.send(&office, &create, &create).await;
    assert_eq!(made.status, 200, "{:?}", made.json);
    assert_eq!(made.json["data"]["application_id"], Value::Null);
    let find = Claim::of(Method::GET, "/v3/admin/domains/signed%2Eexample", "");
    let found = signer.send(&office, &find, &find).await;
    assert_eq!(found.json["data"]["domain_address"], "signed.example");
    let listed = Claim::of(Method::GET, DOMAINS, "");
    let with_query = Claim {
        path: format!("{DOMAINS}?limit=1"),
        ..listed.clone()
    };
    let listed = signer.send(&office, &listed, &with_query).await;
    assert_eq!(listed.status, 200, "the query is not signed");
    let other = office
        .post("/v3/applications", json!({"name": "Other"}))
        .await;
    for id in [
        &other.json["data"]["application_id"],
        &json!(office.application_id),
    ] {
        let path = format!("/v3/admin/applications/{}/api-keys", id.as_str().unwrap());
        let keys = Claim::of(Method::GET, &path, "");
        assert_eq!(signer.send(&office, &keys, &keys).await.status, 200);
    }
    let rotate = Claim::of(
        Method::POST,
        "/v3/admin/domains/signed.example/dkim/rotate",
        "",
    );
    assert_eq!(signer.send(&office, &rotate, &rotate).await.status, 200);
}

#[tokio::test]
async fn a_service_account_reaches_nothing_but_operators_routes() {
    let office = Office::open().await;
    let signer = Signer::of(&office).await;
    for path in [
        "/v3/grants",
        "/v3/applications",
        "/v3/webhooks",
        "/v3/domains/a.example/messages/send",
    ] {
        let claim = Claim::of(Method::GET, path, "");
        let answer = signer.send(&office, &claim, &claim).await;
        assert!(
            matches!(answer.status.as_u16(), 401 | 405),
            "{path}: {:?}",
            answer.json
        );
    }
}

#[tokio::test]
async fn whatever_is_altered_the_answer_is_401_and_nothing_happens() {
    let office = Office::open().await;
    let signer = Signer::of(&office).await;
    let claim = || Claim::of(Method::POST, DOMAINS, BODY);
    let alter = |change: fn(&mut Claim)| {
        let signed = claim();
        let mut sent = signed.clone();
        change(&mut sent);
        (signed, sent)
    };
    let stale = claim().shifted(-310);
    let early = claim().shifted(310);
    let mut short = claim();
    short.nonce.truncate(19);
    let mut odd = claim();
    odd.nonce.replace_range(3..4, "-");
    let table = [
        (
            "body",
            alter(|claim| claim.body = BODY.replace("Signed", "Forged")),
        ),
        (
            "space in the body",
            alter(|claim| claim.body = BODY.replace(",", ", ")),
        ),
        (
            "path",
            alter(|claim| claim.path = "/v3/admin/domains/".to_owned()),
        ),
        ("method", alter(|claim| claim.method = Method::PUT)),
        (
            "nonce",
            alter(|claim| claim.nonce = "zbcdefghijklmnopq999".to_owned()),
        ),
        ("time", alter(|claim| *claim = claim.clone().shifted(1))),
        ("stale", (stale.clone(), stale)),
        ("early", (early.clone(), early)),
        ("short nonce", (short.clone(), short)),
        ("odd nonce", (odd.clone(), odd)),
    ];
    for (what, (signed, mut sent)) in table {
        if what == "method" {
            sent.path = format!("{DOMAINS}/signed.example");
        }
        let answer = signer.send(&office, &signed, &sent).await;
        assert_eq!(
            answer.error(),
            (401, "unauthorized", "Unauthorized"),
            "{what}"
        );
    }
    let good = claim();
    for (kid, signature) in [
        ("nobody", signer.signature(&good)),
        (signer.kid.as_str(), "no base64".to_owned()),
        (signer.kid.as_str(), BASE64.encode(b"short")),
    ] {
        assert_eq!(office.send_signed(kid, &signature, &good).await.status, 401);
    }
    let listed = office.get(DOMAINS).await;
    assert_eq!(
        listed.json["data"].as_array().unwrap().len(),
        1,
        "the trial domain"
    );
    assert_eq!(signer.send(&office, &good, &good).await.status, 200);
}

#[tokio::test]
async fn a_signature_opens_one_request_and_none_after_its_key_is_revoked() {
    let office = Office::open().await;
    let signer = Signer::of(&office).await;
    let claim = Claim::of(Method::GET, DOMAINS, "");
    assert_eq!(signer.send(&office, &claim, &claim).await.status, 200);
    assert_eq!(signer.send(&office, &claim, &claim).await.status, 401);
    let other = Signer::of(&office).await;
    let same_nonce = other.send(&office, &claim, &claim).await;
    assert_eq!(same_nonce.status, 200, "numbers belong to a key");
    let mailroom = &office.door.mailroom;
    mailroom.revoke_service_account(&signer.kid).await.unwrap();
    let fresh = Claim::of(Method::GET, DOMAINS, "");
    assert_eq!(signer.send(&office, &fresh, &fresh).await.status, 401);
    assert_eq!(other.send(&office, &fresh, &fresh).await.status, 200);
}

#[tokio::test]
async fn signing_headers_count_only_when_all_four_are_there_once() {
    let office = Office::open().await;
    let signer = Signer::of(&office).await;
    let claim = Claim::of(Method::GET, DOMAINS, "");
    let signature = signer.signature(&claim);
    let headers = [
        ("x-nylas-kid", signer.kid.as_str()),
        ("x-nylas-timestamp", &claim.timestamp),
        ("x-nylas-nonce", &claim.nonce),
        ("x-nylas-signature", &signature),
    ];
    for left_out in 0..headers.len() {
        let mut incomplete = request(Method::GET, DOMAINS);
        for (place, (name, value)) in headers.iter().enumerate() {
            let value = HeaderValue::from_str(value).unwrap();
            match place == left_out {
                true => {
                    incomplete.headers_mut().append(*name, value.clone());
                    incomplete.headers_mut().append(*name, value);
                }
                false => drop(incomplete.headers_mut().insert(*name, value)),
            }
        }
        assert_eq!(office.door.send(incomplete).await.status, 401);
    }
    // With all four the API key is not looked at.
    let mut both = request(Method::GET, DOMAINS);
    for (name, value) in headers {
        both.headers_mut()
            .insert(name, HeaderValue::from_str(value).unwrap());
    }
    let bad_key = HeaderValue::from_static("Bearer phk_nobody");
    both.headers_mut().insert(header::AUTHORIZATION, bad_key);
    assert_eq!(office.door.send(both).await.status, 200);
}
