//! The member `security`: what is known about a message that a stranger wrote.
//!
//! What nothing checks is `null`, or an empty list: it never looks like a check that was passed.

use posthouse_mime::{ParsedMessage, hidden_text};
use serde_json::{Value, json};

/// Returns the member with the comma before it; `verdicts` is what was found out when the message arrived. Reads the whole body: not for async threads.
pub(super) fn member(message: &ParsedMessage, verdicts: Option<&str>) -> String {
    format!(",\"security\":{}", object(message, verdicts))
}

fn object(message: &ParsedMessage, verdicts: Option<&str>) -> Value {
    let hidden = hidden_text(message);
    let verdicts: Value = verdicts
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    json!({
        "spf": verdicts["spf"],
        "dkim": match &verdicts["dkim"] {
            Value::Array(signatures) => signatures.as_slice(),
            _ => &[],
        },
        "dmarc": verdicts["dmarc"],
        "arc": verdicts["arc"],
        "spam": verdicts["spam"],
        "parse_truncated": message.parse_truncated || hidden.is_cut,
        "ambiguous_structure": message.ambiguous_structure,
        "hidden_text": { "found": !hidden.fragments.is_empty(), "fragments": hidden.fragments },
        "prompt_injection": null,
        "dropped_attachments": [],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_checks_is_never_called_clean() {
        let message = posthouse_mime::parse(b"Subject: Hi\r\n\r\nHello\r\n");
        let security = object(&message, None);
        for name in ["spf", "dmarc", "arc", "spam", "prompt_injection"] {
            assert_eq!(security[name], Value::Null, "{name}");
        }
        assert_eq!(security["dkim"], json!([]));
        assert_eq!(
            security["hidden_text"],
            json!({"found": false, "fragments": []})
        );
    }

    #[test]
    fn agent_02_a_body_that_was_not_read_to_its_end_says_so() {
        let long = "a ".repeat(posthouse_mime::limits::HTML_BYTES_MAX);
        let raw = format!("Content-Type: text/html\r\n\r\n{long}\r\n");
        let security = object(&posthouse_mime::parse(raw.as_bytes()), None);
        assert_eq!(security["parse_truncated"], true);
    }
}
