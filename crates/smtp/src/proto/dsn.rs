//! Reads the delivery status parameters of RFC 3461: RET, ENVID, NOTIFY, ORCPT.
//!
//! They are checked and understood but the DSN extension is not announced: announcing it promises success reports, and a peer that
//! does not see it makes its own "relayed" report, as RFC 3461 5.2.2 wants.

use super::command::SyntaxError;
use crate::limits::{ENVID_BYTES_MAX, ORCPT_BYTES_MAX};

/// How much of the message a failure report returns. RFC 3461 4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ret {
    /// The whole message.
    Full,
    /// Its header section.
    Headers,
}

/// When the sender of a message wants a report. RFC 3461 4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// Never.
    Never,
    /// In the cases that are set, at least one.
    When {
        /// Delivered.
        success: bool,
        /// Given up.
        failure: bool,
        /// Late.
        delay: bool,
    },
}

/// The recipient as its sender first wrote it. RFC 3461 4.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalRecipient {
    /// The address type in lower case, usually `rfc822` or `utf-8`.
    pub address_type: String,
    /// The address with its xtext decoded; printable, but no address of ours.
    pub address: String,
}

pub(super) fn ret(value: &str) -> Result<Ret, SyntaxError> {
    match value {
        _ if value.eq_ignore_ascii_case("FULL") => Ok(Ret::Full),
        _ if value.eq_ignore_ascii_case("HDRS") => Ok(Ret::Headers),
        _ => Err(SyntaxError::Parameter),
    }
}

pub(super) fn envid(value: &str) -> Result<String, SyntaxError> {
    let decoded = xtext(value)?;
    // RFC 3461 4.4: the value, decoded, is printable ASCII of at most 100 characters.
    if decoded.len() > ENVID_BYTES_MAX || !decoded.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(SyntaxError::Parameter);
    }
    Ok(decoded)
}

pub(super) fn notify(value: &str) -> Result<Notify, SyntaxError> {
    if value.eq_ignore_ascii_case("NEVER") {
        return Ok(Notify::Never);
    }
    let (mut success, mut failure, mut delay) = (false, false, false);
    for case in value.split(',') {
        let wish = match case {
            _ if case.eq_ignore_ascii_case("SUCCESS") => &mut success,
            _ if case.eq_ignore_ascii_case("FAILURE") => &mut failure,
            _ if case.eq_ignore_ascii_case("DELAY") => &mut delay,
            _ => return Err(SyntaxError::Parameter),
        };
        if std::mem::replace(wish, true) {
            return Err(SyntaxError::Parameter);
        }
    }
    Ok(Notify::When {
        success,
        failure,
        delay,
    })
}

pub(super) fn orcpt(value: &str) -> Result<OriginalRecipient, SyntaxError> {
    let (address_type, address) = value.split_once(';').ok_or(SyntaxError::Parameter)?;
    let type_is_sound = !address_type.is_empty()
        && address_type
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if value.len() > ORCPT_BYTES_MAX || !type_is_sound || address.is_empty() {
        return Err(SyntaxError::Parameter);
    }
    Ok(OriginalRecipient {
        address_type: address_type.to_ascii_lowercase(),
        address: xtext(address)?,
    })
}

/// Decodes xtext. The line parser has already refused control bytes; this refuses encoded ones.
// RFC 3461 4: xtext = *( xchar / hexchar ), hexchar = "+" and two upper-case hexadecimal digits.
// RFC 6533 3: the utf-8 address type may hold UTF-8 as it is.
fn xtext(value: &str) -> Result<String, SyntaxError> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'+' {
            decoded.push(byte);
            continue;
        }
        let (high, low) = (hex_digit(bytes.next())?, hex_digit(bytes.next())?);
        let byte = high.wrapping_shl(4) | low;
        if byte < b' ' || byte == 0x7f {
            return Err(SyntaxError::Parameter);
        }
        decoded.push(byte);
    }
    String::from_utf8(decoded).map_err(|_| SyntaxError::Parameter)
}

fn hex_digit(byte: Option<u8>) -> Result<u8, SyntaxError> {
    match byte {
        Some(byte @ b'0'..=b'9') => Ok(byte.wrapping_sub(b'0')),
        Some(byte @ b'A'..=b'F') => Ok(byte.wrapping_sub(b'A').wrapping_add(10)),
        _ => Err(SyntaxError::Parameter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notify_lists_each_case_once() {
        assert_eq!(notify("never"), Ok(Notify::Never));
        assert_eq!(
            notify("SUCCESS,DELAY"),
            Ok(Notify::When {
                success: true,
                failure: false,
                delay: true
            })
        );
        for broken in ["", "NEVER,SUCCESS", "SUCCESS,SUCCESS", "SUCCESS,", "OFTEN"] {
            assert_eq!(notify(broken), Err(SyntaxError::Parameter), "{broken}");
        }
    }

    #[test]
    fn original_recipients_are_decoded() {
        let parsed = orcpt("RFC822;bob+2Btag@example.com").expect("valid");
        assert_eq!(
            (parsed.address_type.as_str(), parsed.address.as_str()),
            ("rfc822", "bob+tag@example.com")
        );
        assert!(orcpt("utf-8;jörg@example.com").is_ok());
        for broken in [
            "bob@example.com",
            "rfc822;",
            ";bob",
            "rf c;bob",
            "rfc822;a+2",
            "rfc822;a+2b",
            "rfc822;a+0Ab",
            "rfc822;a+00",
            "rfc822;+FF",
        ] {
            assert_eq!(orcpt(broken), Err(SyntaxError::Parameter), "{broken}");
        }
        let longest = format!("rfc822;{}", "a".repeat(ORCPT_BYTES_MAX - 7));
        assert!(orcpt(&longest).is_ok());
        assert!(orcpt(&format!("{longest}a")).is_err());
    }

    #[test]
    fn envelope_ids_are_bounded_after_decoding() {
        assert_eq!(envid("a+20b").as_deref(), Ok("a b"));
        assert!(envid(&"x".repeat(ENVID_BYTES_MAX)).is_ok());
        assert!(envid(&"x".repeat(ENVID_BYTES_MAX + 1)).is_err());
        assert!(envid("é").is_err());
    }
}
