//! Reads the ESMTP parameters of MAIL and RCPT into typed values.

use super::command::{MailParameters, RcptParameters, SyntaxError};
use super::dsn;

/// Reads the parameters behind the path of MAIL.
pub(super) fn mail(text: &str) -> Result<MailParameters, SyntaxError> {
    let mut parsed = MailParameters::default();
    for parameter in split(text) {
        let (keyword, value) = parameter?;
        match (Keyword::of(keyword), value) {
            (Keyword::Size, Some(value)) => once(&mut parsed.size, size(value)?)?,
            (Keyword::Body, Some(value)) => once(&mut parsed.body, body(value)?)?,
            (Keyword::SmtpUtf8, None) if !parsed.smtputf8 => parsed.smtputf8 = true,
            (Keyword::RequireTls, None) if !parsed.require_tls => parsed.require_tls = true,
            (Keyword::Ret, Some(value)) => once(&mut parsed.ret, dsn::ret(value)?)?,
            (Keyword::Envid, Some(value)) => once(&mut parsed.envid, dsn::envid(value)?)?,
            (Keyword::Notify | Keyword::Orcpt | Keyword::Other, _) => {
                return Err(SyntaxError::UnknownParameter);
            }
            (
                Keyword::Size
                | Keyword::Body
                | Keyword::SmtpUtf8
                | Keyword::RequireTls
                | Keyword::Ret
                | Keyword::Envid,
                _,
            ) => {
                return Err(SyntaxError::Parameter);
            }
        }
    }
    Ok(parsed)
}

/// Reads the parameters behind the path of RCPT.
pub(super) fn rcpt(text: &str) -> Result<RcptParameters, SyntaxError> {
    let mut parsed = RcptParameters::default();
    for parameter in split(text) {
        let (keyword, value) = parameter?;
        match (Keyword::of(keyword), value) {
            (Keyword::Notify, Some(value)) => once(&mut parsed.notify, dsn::notify(value)?)?,
            (Keyword::Orcpt, Some(value)) => once(&mut parsed.orcpt, dsn::orcpt(value)?)?,
            (Keyword::Notify | Keyword::Orcpt, None) => return Err(SyntaxError::Parameter),
            _ => return Err(SyntaxError::UnknownParameter),
        }
    }
    Ok(parsed)
}

/// How the body of a message is encoded on the wire. RFC 6152.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Only ASCII.
    SevenBit,
    /// Any bytes in lines.
    EightBitMime,
}

enum Keyword {
    Size,
    Body,
    SmtpUtf8,
    RequireTls,
    Ret,
    Envid,
    Notify,
    Orcpt,
    Other,
}

impl Keyword {
    fn of(keyword: &str) -> Self {
        let known = [
            ("SIZE", Self::Size),
            ("BODY", Self::Body),
            ("SMTPUTF8", Self::SmtpUtf8),
            ("REQUIRETLS", Self::RequireTls),
            ("RET", Self::Ret),
            ("ENVID", Self::Envid),
            ("NOTIFY", Self::Notify),
            ("ORCPT", Self::Orcpt),
        ];
        known
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(keyword))
            .map_or(Self::Other, |(_, found)| found)
    }
}

/// Cuts ` KEY=value KEY` into keywords and values.
// RFC 5321 4.1.2: esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-"), esmtp-value = 1*(%d33-60 / %d62-126)
fn split(text: &str) -> impl Iterator<Item = Result<(&str, Option<&str>), SyntaxError>> {
    text.split(' ').filter(|word| !word.is_empty()).map(|word| {
        let (keyword, value) = match word.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (word, None),
        };
        let keyword_is_sound = !keyword.is_empty()
            && !keyword.starts_with('-')
            && keyword
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let value_is_sound = value.is_none_or(|value| !value.is_empty() && !value.contains('='));
        match keyword_is_sound && value_is_sound {
            true => Ok((keyword, value)),
            false => Err(SyntaxError::Parameter),
        }
    })
}

/// Sets a parameter that may be given once only.
fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), SyntaxError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(SyntaxError::Parameter),
    }
}

// RFC 1870 3: size-value ::= 1*20DIGIT; what does not fit into 64 bits is larger than anything accepted.
fn size(value: &str) -> Result<u64, SyntaxError> {
    if value.len() > 20 || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SyntaxError::Parameter);
    }
    Ok(value.parse().unwrap_or(u64::MAX))
}

fn body(value: &str) -> Result<Body, SyntaxError> {
    if value.eq_ignore_ascii_case("7BIT") {
        return Ok(Body::SevenBit);
    }
    if value.eq_ignore_ascii_case("8BITMIME") {
        return Ok(Body::EightBitMime);
    }
    // RFC 3030 3: BINARYMIME is not announced, so it is a parameter value not implemented.
    Err(SyntaxError::BodyType)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_parameters_are_typed() {
        let parsed = mail(" SIZE=123 body=8bitmime SMTPUTF8 RET=HDRS ENVID=QQ+2B1")
            .expect("valid parameters");
        assert_eq!(parsed.size, Some(123));
        assert_eq!(parsed.body, Some(Body::EightBitMime));
        assert!(parsed.smtputf8 && !parsed.require_tls);
        assert!(mail("requiretls").is_ok_and(|parsed| parsed.require_tls));
        assert_eq!(parsed.ret, Some(dsn::Ret::Headers));
        assert_eq!(parsed.envid.as_deref(), Some("QQ+1"));
    }

    #[test]
    fn a_size_beyond_64_bits_is_merely_too_large() {
        assert_eq!(
            mail("SIZE=99999999999999999999").map(|parsed| parsed.size),
            Ok(Some(u64::MAX))
        );
        assert_eq!(
            mail("SIZE=999999999999999999999"),
            Err(SyntaxError::Parameter)
        );
    }

    #[test]
    fn smtp_09_unknown_or_broken_parameters_are_refused() {
        for unknown in ["AUTH=<>", "XOORG=a", "NOTIFY=NEVER", "MT-PRIORITY=3"] {
            assert_eq!(
                mail(unknown),
                Err(SyntaxError::UnknownParameter),
                "{unknown}"
            );
        }
        for broken in [
            "SIZE",
            "SIZE=",
            "SIZE=-1",
            "SIZE=1 SIZE=1",
            "SMTPUTF8=1",
            "SMTPUTF8 SMTPUTF8",
            "REQUIRETLS=1",
            "REQUIRETLS REQUIRETLS",
            "=1",
            "-A=1",
            "RET=ALL",
            "SIZE=1=1",
            "é=1",
        ] {
            assert_eq!(mail(broken), Err(SyntaxError::Parameter), "{broken}");
        }
        assert_eq!(mail("BODY=BINARYMIME"), Err(SyntaxError::BodyType));
        assert_eq!(rcpt("SIZE=1"), Err(SyntaxError::UnknownParameter));
        assert_eq!(rcpt("NOTIFY"), Err(SyntaxError::Parameter));
    }
}
