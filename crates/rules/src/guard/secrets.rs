//! Keys, tokens and passwords by their shapes.
//!
//! A shape is matched first and tried afterwards (`trial`): whether it is random enough, whether it decodes, whether it is
//! an example. Ordinary mail is full of long words, so a shape without a trial begins with what nothing else begins with.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexSet};

use super::limits::FINDINGS_PER_DETECTOR_MAX;
use super::trial::{self, Trial};

/// A secret that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Secret {
    /// What it is, with its article.
    pub(super) what: &'static str,
    /// Octets before it.
    pub(super) at: usize,
    /// What may be shown of it.
    pub(super) excerpt: String,
}

/// How secrets of one kind are written. Where a pattern has a group, the group is the secret.
struct Shape {
    what: &'static str,
    pattern: &'static str,
    trial: Trial,
}

const fn shape(what: &'static str, pattern: &'static str, trial: Trial) -> Shape {
    Shape {
        what,
        pattern,
        trial,
    }
}

/// Sorted from the special to the general: what a special shape has found is not told again by a general one.
static SHAPES: [Shape; 42] = [
    shape(
        "a private key",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----",
        trial::has_a_body,
    ),
    shape(
        "a PuTTY private key",
        r"PuTTY-User-Key-File-[23]: [a-z]",
        trial::any,
    ),
    shape(
        "an age key",
        r"\bAGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}\b",
        trial::any,
    ),
    shape(
        "an AWS access key",
        r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b",
        trial::random,
    ),
    shape(
        "an AWS secret key",
        r#"(?i:aws|amazon)[^\n]{0,40}?(?i:secret|key)[^\n]{0,20}?[=:\s"'](?P<s>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
        trial::very_random,
    ),
    shape(
        "an Anthropic key",
        r"\bsk-ant-[a-z]+[0-9]{2}-[A-Za-z0-9_-]{40,200}",
        trial::random,
    ),
    shape(
        "an OpenAI key",
        r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{16,150}T3BlbkFJ[A-Za-z0-9_-]{16,150}",
        trial::random,
    ),
    shape(
        "an OpenAI key",
        r"\bsk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,200}",
        trial::random,
    ),
    shape("an API key", r"\bsk-[A-Za-z0-9]{32,64}\b", trial::random),
    shape(
        "a GitHub token",
        r"\bgh[pousr]_[A-Za-z0-9]{36,251}\b",
        trial::random,
    ),
    shape(
        "a GitHub token",
        r"\bgithub_pat_[A-Za-z0-9_]{60,251}\b",
        trial::random,
    ),
    shape(
        "a GitLab token",
        r"\bgl(?:pat|ptt|dt|rt|cbt|ft|oas)-[A-Za-z0-9_.-]{20,64}",
        trial::random,
    ),
    shape(
        "a Slack token",
        r"\bxox[abeoprs]-[0-9A-Za-z-]{20,250}",
        trial::random,
    ),
    shape(
        "a Slack token",
        r"\bxapp-[0-9]-[A-Z0-9]{8,16}-[0-9]{8,16}-[a-f0-9]{32,64}",
        trial::random,
    ),
    shape(
        "a Slack webhook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<s>[A-Z0-9]{6,}/[A-Za-z0-9]{6,}/[A-Za-z0-9]{16,})",
        trial::random,
    ),
    shape(
        "a Discord webhook",
        r"discord(?:app)?\.com/api/webhooks/[0-9]{15,20}/(?P<s>[A-Za-z0-9_-]{50,90})",
        trial::random,
    ),
    shape(
        "a Stripe key",
        r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,247}\b",
        trial::random,
    ),
    shape(
        "a webhook's secret",
        r"\bwhsec_[A-Za-z0-9+/=]{32,64}",
        trial::random,
    ),
    shape(
        "a Google API key",
        r"\bAIza[A-Za-z0-9_-]{35}",
        trial::random,
    ),
    shape(
        "a Google client secret",
        r"\bGOCSPX-[A-Za-z0-9_-]{28}",
        trial::random,
    ),
    shape(
        "a Google access token",
        r"\bya29\.[A-Za-z0-9_-]{40,500}",
        trial::random,
    ),
    shape(
        "a Hugging Face token",
        r"\bhf_[A-Za-z0-9]{34}\b",
        trial::random,
    ),
    shape("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b", trial::random),
    shape(
        "a PyPI token",
        r"\bpypi-AgE[A-Za-z0-9_-]{50,250}",
        trial::random,
    ),
    shape(
        "a crates.io token",
        r"\bcio[A-Za-z0-9]{32}\b",
        trial::very_random,
    ),
    shape(
        "a SendGrid key",
        r"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{40,50}",
        trial::random,
    ),
    shape("a Mailgun key", r"\bkey-[0-9a-f]{32}\b", trial::random),
    shape(
        "a Mailchimp key",
        r"\b[0-9a-f]{32}-us[0-9]{1,2}\b",
        trial::random,
    ),
    shape(
        "a Twilio key",
        r"(?i:twilio)[^\n]{0,60}?\b(?P<s>SK[0-9a-f]{32}|[0-9a-f]{32})\b",
        trial::random,
    ),
    shape(
        "a Telegram bot's token",
        r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}",
        trial::random,
    ),
    shape(
        "a DigitalOcean token",
        r"\bdo[opr]_v1_[a-f0-9]{64}\b",
        trial::random,
    ),
    shape(
        "an Azure storage key",
        r"AccountKey=(?P<s>[A-Za-z0-9+/]{86}==)",
        trial::random,
    ),
    shape(
        "a Shopify token",
        r"\bshp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}\b",
        trial::random,
    ),
    shape("a Databricks token", r"\bdapi[a-f0-9]{32}\b", trial::random),
    shape(
        "a Vault token",
        r"\bhv[bsr]\.[A-Za-z0-9_-]{24,200}",
        trial::random,
    ),
    shape(
        "a Linear key",
        r"\blin_api_[A-Za-z0-9]{40}\b",
        trial::random,
    ),
    shape(
        "a Notion token",
        r"\b(?:secret_[A-Za-z0-9]{43}|ntn_[A-Za-z0-9]{40,50})\b",
        trial::random,
    ),
    shape(
        "an API key of this server",
        r"\bphk_[A-Za-z0-9]{43}\b",
        trial::random,
    ),
    shape(
        "an API key",
        r"\bnyk_v[0-9]_[A-Za-z0-9]{40,80}\b",
        trial::random,
    ),
    shape(
        "a JSON Web Token",
        r"\beyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{16,2000}",
        trial::signed_token,
    ),
    shape(
        "a password in a URL",
        r#"\b[a-z][a-z0-9+.-]{1,15}://[^\s/:@<>"']{1,64}:(?P<s>[^\s/@<>"']{6,100})@[A-Za-z0-9\[][A-Za-z0-9.-]*"#,
        trial::no_placeholder,
    ),
    shape(
        "a secret",
        r#"(?i:api[_ -]?key|apikey|secret(?:[_ -]?key)?|access[_ -]?token|auth[_ -]?token|client[_ -]?secret|private[_ -]?key|passwd|password|passphrase|bearer)["']?(?:\s{0,3}(?::|=>?|:=)|\s+is:?|\s)\s{0,3}["']?(?P<s>[A-Za-z0-9_+/=.~!@#$%^&*-]{16,200})"#,
        trial::assigned,
    ),
];

struct Shapes {
    any: RegexSet,
    each: Vec<Regex>,
}

static COMPILED: LazyLock<Shapes> = LazyLock::new(|| {
    // Word boundaries of ASCII: with those of Unicode one foreign letter would make the search slow.
    let patterns = SHAPES.iter().map(|shape| format!("(?-u){}", shape.pattern));
    let patterns: Vec<String> = patterns.collect();
    let each = patterns
        .iter()
        .map(|pattern| Regex::new(pattern).expect("a test compiles every shape"));
    Shapes {
        each: each.collect(),
        any: RegexSet::new(&patterns).expect("a test compiles every shape"),
    }
});

/// Finds secrets in a plain text; special kinds first, up to so many of each shape.
pub(super) fn find(text: &str) -> Vec<Secret> {
    let shapes = &*COMPILED;
    let mut taken: Vec<Range<usize>> = Vec::new();
    let mut found = Vec::new();
    for number in shapes.any.matches(text.as_bytes()) {
        let shape = &SHAPES[number];
        let captures = shapes.each[number].captures_iter(text.as_bytes());
        let mut count = 0;
        for captured in captures {
            let whole = captured.get(0).expect("a match has its whole");
            let secret = captured.name("s").unwrap_or(whole);
            let range = secret.range();
            let overlaps =
                |other: &Range<usize>| range.start < other.end && other.start < range.end;
            let Some(token) = text.get(range.clone()) else {
                continue;
            };
            if taken.iter().any(overlaps) || !(shape.trial)(text, &range) {
                continue;
            }
            found.push(Secret {
                what: shape.what,
                at: range.start,
                excerpt: masked(token, shape.what),
            });
            taken.push(range);
            count += 1;
            if count >= FINDINGS_PER_DETECTOR_MAX {
                break;
            }
        }
    }
    found
}

/// Returns what may be shown: how it begins, where that tells its kind and nothing else, and its length.
fn masked(token: &str, what: &str) -> String {
    let shown = match what {
        "a private key" | "a PuTTY private key" => return String::new(),
        "a secret" | "a password in a URL" | "an AWS secret key" | "an Azure storage key" => "",
        _ => &token[..token.floor_char_boundary(4)],
    };
    format!("({shown}…, {} characters)", token.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_compiles() {
        assert_eq!(COMPILED.each.len(), SHAPES.len());
    }
}
