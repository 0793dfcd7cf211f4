//! The members `hints`, `prompt_injection` and `automatic` of `security`: what a reader should know of a message, and a
//! model that reads it even more. Facts with places, nothing that is filtered by.

use posthouse_mime::extract::extract;
use posthouse_mime::{HiddenText, ParsedMessage, html_texts};
use posthouse_rules::hints::{Arriving, Hints, inspect};
use posthouse_types::address::DisplayAddress;
use posthouse_types::domain::Domain;
use serde_json::{Value, json};

/// Whom the account knows; each once.
pub(super) fn known_domains(addresses: &[String]) -> Vec<String> {
    let mut domains: Vec<String> = addresses
        .iter()
        .filter_map(|address| address.rsplit_once('@'))
        .filter_map(|(_, domain)| Domain::parse(domain).ok())
        .map(|domain| domain.as_str().to_owned())
        .collect();
    domains.sort_unstable();
    domains.dedup();
    domains
}

/// Looks at a message. Reads the whole body: not for async threads.
pub(super) fn of(
    raw: &[u8],
    message: &ParsedMessage,
    hidden: &HiddenText,
    known: &[String],
) -> Hints {
    let texts = html_texts(message.html.as_deref().unwrap_or_default());
    let body = match &message.html {
        Some(_) => texts.seen.as_str(),
        None => message.text.as_deref().unwrap_or_default(),
    };
    let extracted = extract(raw, message);
    inspect(&Arriving {
        from: mailboxes(&message.from),
        reply_to: mailboxes(&message.reply_to),
        subject: &message.subject,
        body,
        hidden: &hidden.fragments,
        attributes: &texts.attributes,
        links: extracted
            .links
            .iter()
            .map(|link| (link.url.as_str(), link.text.as_str()))
            .collect(),
        attachment_names: message
            .attachments
            .iter()
            .map(|file| file.filename.as_str())
            .collect(),
        known_domains: known,
    })
}

fn mailboxes(list: &[DisplayAddress]) -> Vec<(&str, &str)> {
    let mailboxes = list.iter();
    mailboxes
        .map(|one| (one.name.as_str(), one.email.as_str()))
        .collect()
}

/// Returns the hints as they are shown.
pub(super) fn shown(hints: &Hints) -> Value {
    let shown = hints.hints.iter().map(|hint| {
        json!({
            "code": hint.code,
            "place": hint.place.name(),
            "number": hint.number,
            "position": hint.position,
            "excerpt": hint.excerpt,
            "detail": hint.detail,
        })
    });
    Value::Array(shown.collect())
}

/// Returns what is known of words that address a model.
pub(super) fn injection(hints: &Hints) -> Value {
    let indicators = hints.indicators();
    json!({
        "suspected": hints.suspects_injection(),
        "score": hints.injection_score,
        "indicators": indicators
            .map(|hint| json!({"code": hint.code, "excerpt": hint.excerpt}))
            .collect::<Vec<_>>(),
    })
}

/// Tells what says that a program sent the message: whoever answers it may answer for ever.
pub(super) fn automatic(raw: &[u8], message: &ParsedMessage) -> Value {
    let mut reasons: Vec<&str> = Vec::new();
    for (name, value) in posthouse_mime::headers(posthouse_mime::header_section(raw)) {
        let value = value.trim().to_ascii_lowercase();
        let reason = match name.to_ascii_lowercase().as_str() {
            // RFC 3834 5: everything but `no` was sent by a program
            "auto-submitted" if !value.is_empty() && value != "no" => "auto_submitted",
            "precedence" if matches!(value.as_str(), "bulk" | "junk" | "list" | "auto_reply") => {
                "precedence"
            }
            "list-id" | "list-unsubscribe" => "list",
            "x-auto-response-suppress" if value != "none" => "auto_response_suppress",
            "x-autoreply" | "x-autorespond" => "auto_reply",
            // The line that this server wrote, or one that somebody wants to be taken for it.
            "return-path" if value == "<>" => "null_sender",
            _ => continue,
        };
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let to_itself = message.from.iter().any(|author| {
        let delivered = message.delivered_to.first();
        delivered.is_some_and(|address| address.trim().eq_ignore_ascii_case(author.email.trim()))
    });
    if to_itself {
        reasons.push("own_address");
    }
    json!({
        "is_automatic": !reasons.is_empty(),
        "reasons": reasons,
        "received_hops": message.received_hops,
    })
}
