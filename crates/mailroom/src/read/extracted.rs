//! The member `extracted`: what an agent looks for in a message.

use posthouse_mime::ParsedMessage;
use posthouse_mime::extract::{Extracted, Link, OtpCode, extract};
use serde_json::{Value, json};

/// Returns the member with the comma before it. Reads the whole body: not for async threads.
pub(super) fn member(raw: &[u8], message: &ParsedMessage) -> String {
    format!(",\"extracted\":{}", object(&extract(raw, message)))
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
