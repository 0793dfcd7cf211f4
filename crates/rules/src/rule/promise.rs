//! What can never match is refused when it is written: whoever writes it believes that it does something.

use posthouse_types::address::EmailAddress;
use serde_json::Value;

use super::needle::spelt;
use super::{Field, Operator, Part};
use crate::limits::{SCORE_MAX, TLD_LABELS_MAX};

/// Octets of an address and of a domain at most; RFC 5321 4.5.3.1.
const ADDRESS_OCTETS_MAX: usize = 254;
const DOMAIN_OCTETS_MAX: usize = 253;

/// Returns why no message can ever have a value, if none can. The value is otherwise one that the field takes.
pub(super) fn broken(field: &Field, operator: Operator, given: &Value) -> Option<String> {
    if let Field::SpamScore = field {
        let number = given.as_f64()?;
        return (number.abs() > SCORE_MAX)
            .then(|| format!("expected a number from -{SCORE_MAX} to {SCORE_MAX}"));
    }
    if operator.takes_lists() {
        return None;
    }
    let text = given.as_str()?.trim();
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Some("control characters are not accepted: no message has them".to_owned());
    }
    match (field, operator) {
        (Field::AttachmentType, _) => media_type(text, operator),
        (Field::Recipient(Part::Address), Operator::Is | Operator::IsNot) => {
            let error = EmailAddress::parse_strict(text).err()?;
            Some(format!("not an address that mail is sent to: {error}"))
        }
        (_, Operator::Contains) => match field.part()? {
            Part::Address => part_of_address(field, text),
            Part::Domain => part_of_domain(text),
            Part::Tld => part_of_ending(text),
        },
        _ => None,
    }
}

fn part_of_address(field: &Field, text: &str) -> Option<String> {
    if let Field::From(_) = field {
        // What a received header shows in place of an address is compared, too, and may be anything.
        return None;
    }
    if text.len() > ADDRESS_OCTETS_MAX {
        return Some(format!(
            "longer than any address ({ADDRESS_OCTETS_MAX} octets)"
        ));
    }
    if matches!(field, Field::Recipient(_))
        && text.contains([' ', '\t', '"', '(', ')', '<', '>', ','])
    {
        return Some("expected a part of an address, without a name or blanks".to_owned());
    }
    let (_, domain) = text.rsplit_once('@')?;
    part_of_domain(domain)
}

fn part_of_domain(text: &str) -> Option<String> {
    if text.contains('@') {
        return Some("expected a part of a domain, which has no @".to_owned());
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-' || !c.is_ascii();
    let is_odd = !text.chars().all(allowed)
        || text.contains("..")
        || text.len() > DOMAIN_OCTETS_MAX
        || (!text.is_ascii() && spelt(&crate::folded(text)).is_none());
    is_odd.then(|| "expected a part of a domain".to_owned())
}

fn part_of_ending(text: &str) -> Option<String> {
    let text = text.trim_matches('.');
    if text.is_empty() {
        return Some("expected a part of an ending such as \"uk\" or \"co.uk\"".to_owned());
    }
    if text.split('.').count() > TLD_LABELS_MAX {
        return Some(format!("more than {TLD_LABELS_MAX} labels"));
    }
    part_of_domain(text)
}

fn media_type(text: &str, operator: Operator) -> Option<String> {
    // RFC 2045 5.1: what a token is made of.
    let is_token = |c: char| c.is_ascii_graphic() && !"()<>@,;:\\\"[]?=*".contains(c);
    if operator == Operator::Contains {
        if text.contains('*') {
            let message = "\"image/*\" goes with is and is_not; write \"image/\"";
            return Some(message.to_owned());
        }
        let is_part = text.chars().all(is_token) && text.matches('/').count() <= 1;
        return (!is_part).then(|| "expected a part of a MIME type, without parameters".to_owned());
    }
    let bare = text.strip_suffix("/*").unwrap_or(text);
    let is_type = bare.chars().all(is_token);
    (!is_type).then(|| "expected a MIME type such as \"application/pdf\" or \"image/*\"".to_owned())
}
