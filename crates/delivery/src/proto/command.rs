//! The commands, as bytes.
//!
//! SMTP-08: every address goes through the one address type before it is written, and every other text is one of ours.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use posthouse_types::address::EmailAddress;

use super::capabilities::Capabilities;

/// Who a message is from and to, as the envelope says it.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// `None` for the null sender.
    pub from: Option<EmailAddress>,
    /// At least one.
    pub recipients: Vec<EmailAddress>,
    /// Names the message in reports about it.
    pub id: String,
    /// Octets of the message.
    pub size: usize,
    /// Whether the message has octets above 127.
    pub is_8bit: bool,
    /// Whether the header or an address has.
    pub needs_utf8: bool,
    /// Whether the rest of the way must be encrypted.
    pub require_tls: bool,
}

/// Writes MAIL.
pub fn mail(out: &mut Vec<u8>, envelope: &Envelope, offered: &Capabilities) {
    let from = envelope.from.as_ref().map_or("", EmailAddress::as_str);
    put(out, &["MAIL FROM:<", from, ">"]);
    if offered.size.is_some() {
        put(out, &[" SIZE=", &envelope.size.to_string()]);
    }
    if envelope.is_8bit && offered.eight_bit {
        put(out, &[" BODY=8BITMIME"]);
    }
    if envelope.needs_utf8 && offered.utf8 {
        put(out, &[" SMTPUTF8"]);
    }
    if envelope.require_tls && offered.require_tls {
        put(out, &[" REQUIRETLS"]);
    }
    if offered.dsn {
        // RFC 3461 4.3, 4.4: a report needs no copy of the message, and names it as we do
        put(out, &[" RET=HDRS ENVID=", &xtext(&envelope.id)]);
    }
    put(out, &["\r\n"]);
}

/// Writes RCPT.
pub fn rcpt(out: &mut Vec<u8>, recipient: &EmailAddress, offered: &Capabilities) {
    put(out, &["RCPT TO:<", recipient.as_str(), ">"]);
    if offered.dsn {
        put(out, &[" NOTIFY=FAILURE"]);
        // RFC 6533 4: an address in UTF-8 has a type of its own, which the other side need not know
        if recipient.as_str().is_ascii() {
            put(out, &[" ORCPT=rfc822;", &xtext(recipient.as_str())]);
        }
    }
    put(out, &["\r\n"]);
}

/// Writes EHLO or HELO.
pub fn hello(out: &mut Vec<u8>, verb: &str, hostname: &str) {
    put(out, &[verb, " ", hostname, "\r\n"]);
}

/// Writes BDAT for a chunk.
pub fn bdat(out: &mut Vec<u8>, octets: usize, is_last: bool) {
    let last = if is_last { " LAST" } else { "" };
    put(out, &["BDAT ", &octets.to_string(), last, "\r\n"]);
}

/// Returns the initial response of AUTH PLAIN (RFC 4616).
#[must_use]
pub fn auth_plain(username: &str, password: &str) -> Vec<u8> {
    let credentials = STANDARD.encode(format!("\0{username}\0{password}"));
    format!("AUTH PLAIN {credentials}\r\n").into_bytes()
}

/// Returns a step of AUTH LOGIN.
#[must_use]
pub fn auth_login_step(text: &str) -> Vec<u8> {
    format!("{}\r\n", STANDARD.encode(text)).into_bytes()
}

fn put(out: &mut Vec<u8>, texts: &[&str]) {
    for text in texts {
        out.extend_from_slice(text.as_bytes());
    }
}

/// RFC 3461 4: printable ASCII but `+` and `=` as it is, the rest as `+` and two hexadecimal digits.
fn xtext(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if (0x21..0x7f).contains(&byte) && byte != b'+' && byte != b'=' {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("+{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse_strict(text).unwrap()
    }

    fn envelope() -> Envelope {
        Envelope {
            from: Some(address("b+1@bots.example.org")),
            recipients: vec![address("a+b@shop.example")],
            id: "0190=x".to_owned(),
            size: 77,
            is_8bit: true,
            needs_utf8: true,
            require_tls: true,
        }
    }

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn parameters_are_given_only_where_they_are_offered() {
        let envelope = envelope();
        let none = Capabilities::default();
        assert_eq!(
            text(|out| mail(out, &envelope, &none)),
            "MAIL FROM:<b+1@bots.example.org>\r\n"
        );
        assert_eq!(
            text(|out| rcpt(out, &envelope.recipients[0], &none)),
            "RCPT TO:<a+b@shop.example>\r\n"
        );
        let all = Capabilities {
            eight_bit: true,
            utf8: true,
            dsn: true,
            require_tls: true,
            size: Some(0),
            ..none
        };
        assert_eq!(
            text(|out| mail(out, &envelope, &all)),
            "MAIL FROM:<b+1@bots.example.org> SIZE=77 BODY=8BITMIME SMTPUTF8 REQUIRETLS RET=HDRS ENVID=0190+3Dx\r\n"
        );
        assert_eq!(
            text(|out| rcpt(out, &envelope.recipients[0], &all)),
            "RCPT TO:<a+b@shop.example> NOTIFY=FAILURE ORCPT=rfc822;a+2Bb@shop.example\r\n"
        );
        let bounce = Envelope {
            from: None,
            ..envelope
        };
        assert!(text(|out| mail(out, &bounce, &none)).starts_with("MAIL FROM:<>\r\n"));
    }

    proptest! {
        #[test]
        fn smtp_08_no_address_that_the_type_takes_ends_a_command(local in "\\PC{1,20}", quoted in any::<bool>()) {
            let local = if quoted { format!("\"{local}\"") } else { local };
            if let Ok(recipient) = EmailAddress::parse_strict(&format!("{local}@shop.example")) {
                let written = text(|out| rcpt(out, &recipient, &Capabilities { dsn: true, ..Capabilities::default() }));
                prop_assert_eq!(written.matches(['\r', '\n']).count(), 2);
                prop_assert!(written.ends_with("\r\n"));
            }
        }
    }
}
