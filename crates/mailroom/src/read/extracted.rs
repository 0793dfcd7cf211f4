//! The member `extracted`: what an agent looks for in a message.

use posthouse_mime::ParsedMessage;
use posthouse_mime::extract::{Extracted, Link, OtpCode, extract};
use serde_json::{Value, json};

/// What the confidence in a code is multiplied with whose sender is not known to be who it says.
const UNPROVEN_SHARE: f64 = 0.5;

/// Returns the member with the comma before it. Reads the whole body: not for async threads.
pub(super) fn member(
    raw: &[u8],
    message: &ParsedMessage,
    verdicts: Option<&str>,
    is_own: bool,
) -> String {
    let mut extracted = extract(raw, message);
    let sender = match is_own {
        true => Value::Null,
        false => sender(message, verdicts),
    };
    // AGENT-06: a code in a letter that anybody can have written is worth less.
    if sender["authenticated"] == false {
        for code in &mut extracted.otp_codes {
            code.confidence = (code.confidence * UNPROVEN_SHARE * 100.0).round() / 100.0;
        }
    }
    let mut object = object(&extracted);
    object["sender"] = sender;
    format!(",\"extracted\":{object}")
}

/// Returns who sent what was extracted, as far as it was checked: `authenticated` is `null` where nothing was.
fn sender(message: &ParsedMessage, verdicts: Option<&str>) -> Value {
    let verdicts: Value = verdicts
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    let domain = message.from.first().map(|author| &*author.email);
    let domain = domain
        .and_then(|email| email.rsplit_once('@'))
        .map(|(_, domain)| domain);
    let is_signer = |signature: &Value| {
        let signer = signature["domain"].as_str();
        signature["result"] == "pass"
            && signer
                .is_some_and(|signer| domain.is_some_and(|own| own.eq_ignore_ascii_case(signer)))
    };
    let signatures = verdicts["dkim"].as_array();
    let authenticated = match verdicts["dmarc"]["result"].as_str() {
        Some("pass") => Some(true),
        Some("fail") => Some(false),
        Some(_) => Some(signatures.is_some_and(|all| all.iter().any(is_signer))),
        None => None,
    };
    json!({
        "domain": domain,
        "authenticated": authenticated,
        "dmarc": verdicts["dmarc"]["result"],
        "spf": verdicts["spf"]["result"],
    })
}

fn object(extracted: &Extracted) -> Value {
    let unsubscribe = extracted.list_unsubscribe.as_ref();
    json!({
        "reply_text": extracted.reply_text,
        "language": extracted.language,
        "otp_codes": extracted.otp_codes.iter().map(code).collect::<Vec<_>>(),
        "links": extracted.links.iter().map(link).collect::<Vec<_>>(),
        "list_unsubscribe": unsubscribe.map(|list| json!({
            "http": list.http,
            "mailto": list.mailto,
            "one_click": list.one_click,
        })),
    })
}

fn code(code: &OtpCode) -> Value {
    json!({ "code": code.code, "source": code.source.name(), "confidence": code.confidence })
}

fn link(link: &Link) -> Value {
    json!({ "url": link.url, "text": link.text, "kind": link.kind.name() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extracted(verdicts: Option<&str>) -> Value {
        let raw = b"From: Bank <no-reply@bank.example>\r\nSubject: Your verification code\r\n\r\nYour verification code is 482913.\r\n";
        let member = member(raw, &posthouse_mime::parse(raw), verdicts, false);
        let json = member.strip_prefix(",\"extracted\":").unwrap();
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn agent_06_a_code_of_a_sender_who_is_not_who_it_says_is_worth_less() {
        let proven = extracted(Some(
            r#"{"dmarc":{"result":"pass"},"spf":{"result":"pass"}}"#,
        ));
        let forged = extracted(Some(
            r#"{"dmarc":{"result":"fail"},"spf":{"result":"fail"}}"#,
        ));
        let unchecked = extracted(None);
        let confidence = |one: &Value| one["otp_codes"][0]["confidence"].as_f64().unwrap();
        assert!(confidence(&forged) <= confidence(&proven) / 2.0 + 0.01);
        assert!(confidence(&forged) < 0.5);
        assert!((confidence(&unchecked) - confidence(&proven)).abs() < 0.001);
        assert_eq!(proven["sender"]["authenticated"], true);
        assert_eq!(forged["sender"]["authenticated"], false);
        assert_eq!(forged["sender"]["domain"], "bank.example");
        assert_eq!(unchecked["sender"]["authenticated"], Value::Null);
    }

    #[test]
    fn agent_06_without_a_policy_only_the_authors_own_signature_counts() {
        let signed = |domain: &str| {
            let verdicts = format!(
                r#"{{"dmarc":{{"result":"none"}},"dkim":[{{"result":"pass","domain":"{domain}"}}]}}"#
            );
            extracted(Some(&verdicts))["sender"]["authenticated"].clone()
        };
        assert_eq!(signed("bank.example"), true);
        assert_eq!(signed("evil.example"), false);
    }
}
