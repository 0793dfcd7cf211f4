//! The token in the return path of outgoing mail: it names a row of the queue, so one message and one recipient, and nobody
//! else can make one.
//!
//! It is the public id of the row as a return path, in 32 hexadecimal digits: the keyed check of ids (ADR 0002) is what
//! tells a forged one.

use posthouse_types::ids::{IdCodec, Key, Kind};
use uuid::Uuid;

use crate::domains::ReturnPath;

/// Digits of a token.
const TOKEN_CHARACTERS: usize = 32;

/// What stands before the token where reports have a host of their own: `b+<token>@bounce.<domain>`.
const PREFIX_APART: &str = "b+";

/// What stands before it on the domain itself: `bounces+<token>@<domain>`.
const PREFIX_ON_DOMAIN: &str = "bounces+";

/// The label of the host that reports have for themselves.
const HOST_LABEL: &str = "bounce.";

/// Returns the envelope sender of mail for one recipient; `None` where it stays the author's address.
#[must_use]
pub fn envelope_from(codec: &IdCodec, path: &ReturnPath, row: Key) -> Option<String> {
    let token = seal(codec, row);
    match path {
        ReturnPath::Feedback(host) => Some(format!("{PREFIX_APART}{token}@{host}")),
        ReturnPath::Domain(domain) => Some(format!("{PREFIX_ON_DOMAIN}{token}@{domain}")),
        ReturnPath::Plain => None,
    }
}

/// Returns the token of a row of the queue.
#[must_use]
pub fn seal(codec: &IdCodec, row: Key) -> String {
    codec.seal(Kind::ReturnPath, row).simple().to_string()
}

/// Returns the row behind a token.
#[must_use]
pub fn open(codec: &IdCodec, token: &str) -> Option<Key> {
    if token.len() != TOKEN_CHARACTERS {
        return None;
    }
    codec.open_uuid(Kind::ReturnPath, Uuid::try_parse(token).ok()?)
}

/// Returns the row behind a return path, and the domain that it is on, without the host's label.
#[must_use]
pub fn open_address<'a>(codec: &IdCodec, local: &str, domain: &'a str) -> Option<(Key, &'a str)> {
    let local = local.to_ascii_lowercase();
    if let Some(token) = local.strip_prefix(PREFIX_APART) {
        let domain = domain.strip_prefix(HOST_LABEL)?;
        return Some((open(codec, token)?, domain));
    }
    let token = local.strip_prefix(PREFIX_ON_DOMAIN)?;
    Some((open(codec, token)?, domain))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codec() -> IdCodec {
        IdCodec::new(*b"0123456789abcdef")
    }

    fn open_text(address: &str) -> Option<(Key, String)> {
        let (local, domain) = address.rsplit_once('@')?;
        open_address(&codec(), local, domain).map(|(key, domain)| (key, domain.to_owned()))
    }

    #[test]
    fn a_return_path_leads_back_to_its_row_in_any_letter_case() {
        let domain = "bots.example.org".to_owned();
        for path in [
            ReturnPath::Feedback(format!("bounce.{domain}")),
            ReturnPath::Domain(domain.clone()),
        ] {
            let address = envelope_from(&codec(), &path, Key(77)).unwrap();
            assert!(address.split('@').next().unwrap().len() <= 64);
            assert_eq!(open_text(&address), Some((Key(77), domain.clone())));
            let (local, host) = address.split_once('@').unwrap();
            let shouted = format!("{}@{host}", local.to_uppercase());
            assert_eq!(open_text(&shouted), Some((Key(77), domain.clone())));
        }
        assert_eq!(envelope_from(&codec(), &ReturnPath::Plain, Key(77)), None);
    }

    #[test]
    fn tokens_of_other_kinds_and_places_lead_nowhere() {
        let of_message = codec().seal(Kind::Message, Key(77)).simple().to_string();
        assert_eq!(open(&codec(), &of_message), None);
        assert_eq!(open(&IdCodec::new([1; 16]), &seal(&codec(), Key(77))), None);
        let token = seal(&codec(), Key(77));
        for address in [
            format!("b+{token}@bots.example.org"),
            format!("{token}@bounce.bots.example.org"),
            format!("bounces+{token}x@bots.example.org"),
            "bounces+@bots.example.org".to_owned(),
            "b+@bounce.".to_owned(),
        ] {
            assert_eq!(open_text(&address), None, "{address}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_digit_is_refused(raw in 0_i64..i64::MAX, place in 0_usize..32, digit in "[0-9a-f]") {
            let token = seal(&codec(), Key(raw));
            let mut changed = token.clone();
            changed.replace_range(place..=place, &digit);
            prop_assert_eq!(open(&codec(), &changed), (changed == token).then_some(Key(raw)));
        }
    }
}
