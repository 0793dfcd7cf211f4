//! Fields as they are written and as they are forged.

use super::super::verdict::{
    Aligned, ArcResult, ArcVerdict, DkimResult, DmarcResult, DmarcVerdict, Policy, SpfResult,
};
use super::*;

const OURS: &str = "mx.example.org";

fn without(message: &str) -> String {
    let cleaned = without_forged(message.as_bytes(), OURS);
    cleaned.map_or_else(
        || message.to_owned(),
        |kept| String::from_utf8(kept).unwrap(),
    )
}

#[test]
fn auth_07_forged_results_are_removed_in_every_form() {
    for forged in [
        "Authentication-Results: mx.example.org; dmarc=pass\r\n",
        "authentication-RESULTS: MX.Example.ORG; dmarc=pass\r\n",
        "Authentication-Results:mx.example.org 1; dmarc=pass\r\n",
        "Authentication-Results : mx.example.org; dmarc=pass\r\n",
        "Authentication-Results:\r\n\tmx.example.org;\r\n dmarc=pass\r\n",
        "Authentication-Results: (a (nested\\) comment)) mx.example.org; dmarc=pass\r\n",
        "Authentication-Results: (one)(two)\r\n (three) mx.example.org(four); dmarc=pass\r\n",
        "Authentication-Results: \"mx.example.org\"; dmarc=pass\r\n",
        "Authentication-Results: \"mx.ex\\ample.org\"; dmarc=pass\r\n",
        "Authentication-Results: mx.example.org.; dmarc=pass\r\n",
        "Authentication-Results: ; dmarc=pass\r\n",
        "Authentication-Results: (never closed mx.example.org; dmarc=pass\r\n",
        "Authentication-Results: \"never closed; dmarc=pass\r\n",
        "Authentication-Results:\r\n",
    ] {
        let message = format!("Received: x\r\n{forged}From: a@b.example\r\n\r\nbody\r\n");
        assert_eq!(
            without(&message),
            "Received: x\r\nFrom: a@b.example\r\n\r\nbody\r\n",
            "{forged}"
        );
    }
}

#[test]
fn auth_07_the_results_of_others_and_the_body_stay() {
    let message = "Authentication-Results: other.example; dkim=pass\r\n\
        Authentication-Results: xmx.example.org; dkim=pass\r\n\
        X-Authentication-Results: mx.example.org; dkim=pass\r\n\
        ARC-Authentication-Results: i=1; mx.example.org; dkim=pass\r\n\
        Subject: x\r\n Authentication-Results: mx.example.org; dkim=pass\r\n\
        \r\n\
        Authentication-Results: mx.example.org; dmarc=pass\r\n";
    assert_eq!(without_forged(message.as_bytes(), OURS), None);
    let twice = "Authentication-Results: mx.example.org; a\r\nSubject: x\r\nAuthentication-Results: mx.example.org; b\r\n\r\n";
    assert_eq!(without(twice), "Subject: x\r\n\r\n");
}

#[test]
fn the_field_says_everything_in_registered_words() {
    let verdicts = Verdicts {
        peer: Some("2001:db8::1".parse().unwrap()),
        spf: Some(SpfVerdict {
            result: SpfResult::SoftFail,
            domain: "bounce.example.com".to_owned(),
            identity: SpfIdentity::MailFrom,
        }),
        helo: Some(SpfVerdict {
            result: SpfResult::Pass,
            domain: "mx.example.com".to_owned(),
            identity: SpfIdentity::Helo,
        }),
        dkim: vec![DkimVerdict {
            result: DkimResult::Fail,
            domain: "example.com".to_owned(),
            selector: "s1".to_owned(),
            algorithm: "rsa-sha256",
            signature_start: "QUJD+/==".to_owned(),
            fingerprint: 0,
            has_length: false,
            reason: Some("body hash did not verify"),
        }],
        dmarc: Some(DmarcVerdict {
            result: DmarcResult::Fail,
            domain: "example.com".to_owned(),
            policy: Some(Policy::Reject),
            aligned: Aligned::default(),
            policy_domain: "example.com".to_owned(),
        }),
        arc: ArcVerdict {
            result: ArcResult::Pass,
            instances: 1,
            sealers: Vec::new(),
            reason: None,
        },
    };
    assert_eq!(
        field(OURS, &verdicts),
        "Authentication-Results: mx.example.org;\r\n\
         \tspf=softfail smtp.mailfrom=bounce.example.com;\r\n\
         \tspf=pass smtp.helo=mx.example.com;\r\n\
         \tdkim=fail reason=\"body hash did not verify\" header.d=example.com header.s=s1 header.a=rsa-sha256 header.b=\"QUJD+/==\";\r\n\
         \tdmarc=fail (p=reject) header.from=example.com;\r\n\
         \tarc=pass smtp.remote-ip=\"2001:db8::1\"\r\n"
    );
    let nothing = Verdicts {
        peer: None,
        spf: None,
        helo: None,
        dkim: Vec::new(),
        dmarc: None,
        arc: ArcVerdict {
            result: ArcResult::None,
            instances: 0,
            sealers: Vec::new(),
            reason: None,
        },
    };
    assert_eq!(
        field(OURS, &nothing),
        "Authentication-Results: mx.example.org; none\r\n"
    );
}
