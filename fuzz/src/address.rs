//! Addresses and domains: every reader must find the same domain.

use posthouse_mime::parse_display;
use posthouse_types::address::{ADDRESS_OCTETS_MAX, EmailAddress, LOCAL_OCTETS_MAX};
use posthouse_types::domain::{DOMAIN_OCTETS_MAX, Domain};

use crate::Target;

/// Strict, envelope and display readers of one text.
pub const TARGET: Target = Target {
    name: "address",
    run: fuzz_address,
    seeds: &[
        b"user@ok.example",
        b"First.Last+tag@sub.Ok.Example.",
        b"\"a@evil.example x\"@internal.example",
        b"\"plain\"@ok.example",
        b"\"a\\\"b\\\\c\"@ok.example",
        b"a@[192.0.2.1]",
        b"a@[IPv6:2001:db8::1]",
        "用户@例え.テスト".as_bytes(),
        "a@faß.example".as_bytes(),
        "a@o\u{ad}k\u{3002}example".as_bytes(),
        b"a@xn--bcher-kva.example",
        b"Ann \"A\" Lee <a@ok.example> (comment (nested))",
        b"Team: a@b.example, \"x;y\" <c@d.example>; e@f.example",
        b"<@a.example,@b.example:c@d.example>",
        b"=?utf-8?Q?boss=40ok.example?= <a@evil.example>",
    ],
    dictionary: &[
        b"@",
        b"\"",
        b"\\",
        b"(",
        b")",
        b"<",
        b">",
        b",",
        b";",
        b":",
        b".",
        b" ",
        b"\r\n ",
        b"[",
        b"]",
        b"[192.0.2.1]",
        b"IPv6:",
        b"xn--",
        b"+",
        b"\0",
        b"\x7f",
        b"\xc2\xad",
        b"\xe3\x80\x82",
        b"\xef\xbc\xa0",
        b"\xe2\x80\xae",
        b"\xcf\x82",
        b"\xff",
        b".example",
        b"=?utf-8?Q?",
        b"?=",
        b"0x7f",
    ],
};

/// Plays one text to all address readers.
pub fn fuzz_address(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let strict = EmailAddress::parse_strict(&text);
    let envelope = EmailAddress::parse_envelope(&text);
    if let Ok(address) = &strict {
        assert_eq!(
            envelope.as_ref(),
            Ok(address),
            "both doors read the same address"
        );
        assert_eq!(
            EmailAddress::parse_strict(address.as_str()).as_ref(),
            Ok(address),
            "print and parse"
        );
        assert!(
            !address
                .local()
                .contains(['"', '@', ' ', '(', '<', ',', ';', ':'])
        );
        let shown = parse_display(address.as_str());
        assert_eq!(shown.len(), 1, "the display reader finds one address too");
        assert_eq!(shown[0].email, address.as_str());
    }
    if let Ok(address) = &envelope {
        let shown = parse_display(&format!("Name <{address}>"));
        assert_eq!(shown.len(), 1, "the display reader finds one address too");
        assert_eq!(shown[0].email, address.as_str());
        check_address(&text, address);
    }
    if let Ok(domain) = Domain::parse(&text) {
        check_domain(&domain);
    }
    for shown in parse_display(&text) {
        let kept = shown.name.len() + shown.email.len();
        assert!(
            kept <= 4 * text.len(),
            "display text is bounded by its source"
        );
        assert!(!format!("{shown}").contains(|c: char| c.is_ascii_control()));
    }
}

fn check_address(text: &str, address: &EmailAddress) {
    assert!(
        address.as_str().len() <= ADDRESS_OCTETS_MAX && address.local().len() <= LOCAL_OCTETS_MAX
    );
    assert_eq!(
        address.as_str(),
        format!("{}@{}", address.local(), address.domain())
    );
    assert!(!address.as_str().contains(|c: char| c.is_control()));
    assert_eq!(
        EmailAddress::parse_envelope(address.as_str()).as_ref(),
        Ok(address),
        "print and parse"
    );
    assert!(!address.plus_base().is_empty() && address.local().starts_with(address.plus_base()));
    let tail = after_last_unquoted_at(text).expect("an accepted address has an @");
    let tail_domain = Domain::parse(tail)
        .or_else(|_| Domain::parse_literal(tail))
        .expect("its tail is a domain");
    assert_eq!(
        address.domain(),
        &tail_domain,
        "the domain is what follows the last unquoted @"
    );
    if address.domain().literal().is_none() {
        check_domain(address.domain());
    }
}

fn check_domain(domain: &Domain) {
    let text = domain.as_str();
    assert!(text.len() <= DOMAIN_OCTETS_MAX && !text.ends_with('.'));
    assert!(text.bytes().all(|byte| byte.is_ascii_lowercase()
        || byte.is_ascii_digit()
        || matches!(byte, b'-' | b'.')));
    assert_eq!(Domain::parse(text).as_ref(), Ok(domain), "print and parse");
    let unicode = domain.to_unicode();
    assert_eq!(
        Domain::parse(&unicode).as_ref(),
        Ok(domain),
        "the shown form leads back"
    );
    assert!(domain.is_within(domain));
}

/// A reader that knows quotes and nothing else of the grammar.
fn after_last_unquoted_at(text: &str) -> Option<&str> {
    let (mut in_quotes, mut escaped, mut after) = (false, false, None);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '"' => in_quotes = !in_quotes,
            '@' if !in_quotes => after = Some(&text[at + 1..]),
            _ => {}
        }
    }
    after
}
