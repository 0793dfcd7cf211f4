//! The address rows of the threat matrix and the grammar properties behind them.

use proptest::prelude::*;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};

use super::*;

fn strict(input: &str) -> EmailAddress {
    EmailAddress::parse_strict(input).unwrap_or_else(|error| panic!("{input:?}: {error}"))
}

fn refusal(input: &str) -> AddressError {
    match EmailAddress::parse_strict(input) {
        Ok(address) => panic!("{input:?} was read as {address}"),
        Err(error) => error,
    }
}

fn envelope(input: &str) -> EmailAddress {
    EmailAddress::parse_envelope(input).unwrap_or_else(|error| panic!("{input:?}: {error}"))
}

#[test]
fn parts_of_a_plain_address_are_found() {
    let address = strict("Buyer+news@Shop.EXAMPLE");
    assert_eq!(address.local(), "Buyer+news");
    assert_eq!(address.domain().as_str(), "shop.example");
    assert_eq!(address.as_str(), "Buyer+news@shop.example");
    assert_eq!(address.folded(), "buyer+news@shop.example");
    assert_eq!(address.plus_base(), "Buyer");
}

#[test]
fn smtputf8_mailboxes_are_addresses() {
    let address = strict("用户@例え.テスト");
    assert_eq!(address.as_str(), "用户@xn--r8jz45g.xn--zckzah");
    assert_eq!(address.to_unicode(), "用户@例え.テスト");
    assert!(address.needs_smtputf8());
}

#[test]
fn plus_base_is_never_empty() {
    assert_eq!(strict("+tag@a.example").plus_base(), "+tag");
    assert_eq!(strict("a+b+c@a.example").plus_base(), "a");
    assert_eq!(envelope("\"a b+c\"@a.example").plus_base(), "\"a b+c\"");
}

#[test]
fn lengths_are_accepted_at_the_limit_and_refused_above() {
    let local = "l".repeat(LOCAL_OCTETS_MAX);
    assert_eq!(strict(&format!("{local}@a.example")).local(), local);
    assert_eq!(
        refusal(&format!("{local}l@a.example")),
        AddressError::LocalTooLong
    );
    let label = "d".repeat(63);
    let domain = format!(
        "{label}.{label}.{}",
        "d".repeat(ADDRESS_OCTETS_MAX - LOCAL_OCTETS_MAX - 1 - 128)
    );
    assert_eq!(
        strict(&format!("{local}@{domain}")).as_str().len(),
        ADDRESS_OCTETS_MAX
    );
    assert_eq!(
        refusal(&format!("{local}@{domain}d")),
        AddressError::TooLong
    );
}

#[test]
fn each_refusal_names_its_reason() {
    let table = [
        ("", AddressError::Empty),
        ("nobody", AddressError::MissingAt),
        ("@a.example", AddressError::EmptyLocal),
        (".a@a.example", AddressError::MisplacedDot),
        ("a..b@a.example", AddressError::MisplacedDot),
        ("a.@a.example", AddressError::MisplacedDot),
        ("a b@a.example", AddressError::WhiteSpace),
        (" a@a.example", AddressError::WhiteSpace),
        ("a@a.example\r\n", AddressError::WhiteSpace),
        ("a\u{a0}b@a.example", AddressError::WhiteSpace),
        ("a\0@a.example", AddressError::Control),
        ("a\u{202e}b@a.example", AddressError::Control),
        ("a\u{200d}b@a.example", AddressError::Control),
        ("a\u{ff20}b@a.example", AddressError::Character),
        ("a@b@a.example", AddressError::Character),
        ("a[b]@a.example", AddressError::Character),
        ("<a@a.example>", AddressError::Brackets),
        ("a@a.example,b@b.example", AddressError::List),
        ("a@", AddressError::Domain(DomainError::Empty)),
        (
            "a@[192.0.2.1]",
            AddressError::Domain(DomainError::IpLiteral),
        ),
        ("a@192.0.2.1", AddressError::Domain(DomainError::IpLiteral)),
        ("a@b_c.example", AddressError::Domain(DomainError::Invalid)),
    ];
    for (input, reason) in table {
        assert_eq!(refusal(input), reason, "{input:?}");
    }
}

#[test]
fn addresses_deserialise_only_through_the_strict_parser() {
    let read = |text: &'static str| {
        let source: StrDeserializer<'static, ValueError> = text.into_deserializer();
        EmailAddress::deserialize(source)
    };
    assert_eq!(
        read("a@OK.example").expect("valid").as_str(),
        "a@ok.example"
    );
    assert!(read("\"a b\"@ok.example").is_err());
}

#[test]
fn envelope_quotes_are_dropped_where_nothing_needs_them() {
    assert_eq!(
        envelope("\"plain.name\"@a.example").as_str(),
        "plain.name@a.example"
    );
    assert_eq!(
        envelope("\"pl\\ain\"@a.example").as_str(),
        "plain@a.example"
    );
    assert_eq!(envelope("\"a b\"@A.example").as_str(), "\"a b\"@a.example");
    assert_eq!(
        envelope("\"a\\\"\\\\b\"@a.example").local(),
        "\"a\\\"\\\\b\""
    );
    assert_eq!(envelope("\"\"@a.example").local(), "\"\"");
}

#[test]
fn envelope_takes_address_literals() {
    assert_eq!(envelope("a@[192.0.2.1]").domain().as_str(), "[192.0.2.1]");
    assert_eq!(
        envelope("a@[IPv6:2001:DB8::1]").domain().as_str(),
        "[IPv6:2001:db8::1]"
    );
    assert!(EmailAddress::parse_envelope("a@[300.0.2.1]").is_err());
}

#[test]
fn envelope_refuses_what_no_sender_may_write() {
    for input in [
        "\"a@b.example",
        "\"a\"b@c.example",
        "\"a\rb\"@c.example",
        "\"a\\",
        "\"",
        "@a:b@c.example",
        "a b@c.example",
        "\"a\\\u{e9}\"@c.example",
    ] {
        assert!(EmailAddress::parse_envelope(input).is_err(), "{input:?}");
    }
}

#[test]
fn addr_01_quoted_at_sign_never_moves_the_domain() {
    let tricks = [
        "\"a@evil.example x\"@internal.example",
        "\"a@evil.example\"@internal.example",
        "\"a\\\"@evil.example\"@internal.example",
    ];
    for input in tricks {
        assert_eq!(refusal(input), AddressError::Quoted);
        assert_eq!(
            envelope(input).domain().as_str(),
            "internal.example",
            "{input}"
        );
    }
    assert!(
        EmailAddress::parse_envelope("\"a@evil.example x\"@internal.example@evil.example").is_err()
    );
}

#[test]
fn addr_02_folds_and_comments_in_the_domain_are_refused_at_every_position() {
    let domain = "ok.evil.example";
    for insert in [" ", "\t", "\r\n ", "(x)", "()", "(.)"] {
        for at in 0..=domain.len() {
            let input = format!("a@{}{insert}{}", &domain[..at], &domain[at..]);
            assert!(
                matches!(
                    refusal(&input),
                    AddressError::WhiteSpace | AddressError::Comment
                ),
                "{input:?}"
            );
            assert!(EmailAddress::parse_envelope(&input).is_err(), "{input:?}");
        }
    }
}

#[test]
fn addr_03_nested_comments_are_refused() {
    for input in [
        "a@ok.example((x)evil.example)",
        "a@ok.example((x)@evil.example",
        "(a(b)c)a@ok.example",
        "a@(((ok.example",
    ] {
        assert_eq!(refusal(input), AddressError::Comment, "{input}");
    }
}

#[test]
fn addr_04_groups_are_refused() {
    for input in [
        "\"a;b\":x@y.example;",
        "undisclosed:;",
        "a:b:x@y.example;;",
        "team: x@y.example;",
        "x@y.example;",
        "g:x@y.example",
    ] {
        assert!(EmailAddress::parse_strict(input).is_err(), "{input}");
        assert!(EmailAddress::parse_envelope(input).is_err(), "{input}");
    }
    assert_eq!(refusal("undisclosed:;"), AddressError::Group);
    assert_eq!(refusal("g:x@y.example"), AddressError::Group);
}

#[test]
fn addr_05_comment_beside_a_quoted_local_part_or_in_brackets_is_refused() {
    for input in [
        "\"u\"@ok.example(x)evil.example",
        "<a@ok(x)evil.example>",
        "\"u\"(x)@ok.example",
    ] {
        assert!(EmailAddress::parse_strict(input).is_err(), "{input}");
        assert!(EmailAddress::parse_envelope(input).is_err(), "{input}");
    }
}

#[test]
fn addr_06_every_spelling_of_a_domain_has_one_a_label_form() {
    let table = [
        ("a@o\u{ad}k.example", "ok.example"),
        ("a@ok\u{3002}example", "ok.example"),
        ("a@ok\u{ff0e}example", "ok.example"),
        ("a@\u{ff2f}\u{ff2b}.example", "ok.example"),
        ("a@faß.example", "xn--fa-hia.example"),
        ("a@fass.example", "fass.example"),
        ("a@βόλος.example", "xn--nxasmm1c.example"),
        ("a@βόλοσ.example", "xn--nxasmq6b.example"),
        ("a@BU\u{308}CHER.example", "xn--bcher-kva.example"),
        ("a@XN--BCHER-KVA.example", "xn--bcher-kva.example"),
    ];
    for (input, expected) in table {
        assert_eq!(strict(input).domain().as_str(), expected, "{input}");
    }
    for input in [
        "a@ok\u{200b}.exam\u{2024}ple",
        "a@ok\u{202e}.example",
        "a@xn--fa-.example",
        "a@evil\u{ff0f}ok.example",
    ] {
        if let Ok(address) = EmailAddress::parse_strict(input) {
            assert!(address.domain().as_str().is_ascii());
            assert_ne!(address.domain().as_str(), "ok.example");
        }
    }
}

#[test]
fn addr_07_long_garbage_is_refused_before_it_is_read() {
    for piece in ["(", "<", "\"", ",", "@", "\\", "a.", "\"\\\"", ":", ";"] {
        let flood = piece.repeat((1 << 20) / piece.len());
        assert_eq!(refusal(&flood), AddressError::TooLong);
        assert_eq!(
            EmailAddress::parse_envelope(&flood),
            Err(AddressError::TooLong)
        );
        let at_the_cap = &flood[..ADDRESS_INPUT_OCTETS_MAX / 3 * 3];
        assert!(EmailAddress::parse_strict(at_the_cap).is_err());
        assert!(EmailAddress::parse_envelope(at_the_cap).is_err());
    }
}

#[test]
fn addr_10_lists_match_whole_labels_and_exact_local_parts() {
    let listed = Domain::parse("ok.example").expect("valid");
    let within = |input: &str| strict(input).domain().is_within(&listed);
    assert!(within("a@ok.example"));
    assert!(within("a@OK.EXAMPLE."));
    assert!(within("a@sub.ok.example"));
    assert!(!within("a@evil-ok.example"));
    assert!(!within("a@ok.example.evil"));
    assert!(!within("a@k.example"));
    assert_ne!(strict("User@ok.example"), strict("user@ok.example"));
    assert_eq!(
        strict("User@ok.example").folded(),
        strict("user@OK.example").folded()
    );
    assert_ne!(
        strict("user+tag@ok.example").folded(),
        strict("user@ok.example").folded()
    );
    assert_eq!(strict("user+tag@ok.example").plus_base(), "user");
}

/// Pieces that valid and broken addresses are made of.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9]{1,6}",
        2 => Just("@".to_owned()),
        2 => Just(".".to_owned()),
        1 => Just("\"".to_owned()),
        1 => Just("\\".to_owned()),
        1 => "\"[a-z @.;:<>(),]{0,8}\"",
        1 => "\\([a-z @.]{0,6}\\)",
        1 => prop_oneof![Just("<"), Just(">"), Just(","), Just(";"), Just(":"), Just("["), Just("]"), Just("+"), Just("-"), Just("%"), Just("!")].prop_map(str::to_owned),
        1 => prop_oneof![Just(" "), Just("\t"), Just("\r\n "), Just("\0"), Just("\r"), Just("\u{7f}")].prop_map(str::to_owned),
        1 => prop_oneof![Just("\u{ad}"), Just("\u{3002}"), Just("\u{ff20}"), Just("ß"), Just("ς"), Just("é"), Just("用"), Just("\u{202e}"), Just("İ")].prop_map(str::to_owned),
        1 => prop_oneof![Just("[192.0.2.1]"), Just("[IPv6:::1]"), Just("xn--bcher-kva"), Just("192.0.2.1"), Just("ok.example"), Just("evil.example")].prop_map(str::to_owned),
    ]
}

fn address_like() -> impl Strategy<Value = String> {
    let soup = prop::collection::vec(fragment(), 0..12).prop_map(|pieces| pieces.concat());
    let nearly = (
        prop::collection::vec(fragment(), 1..4),
        prop::collection::vec(fragment(), 1..4),
    )
        .prop_map(|(local, domain)| format!("{}@{}.example", local.concat(), domain.concat()));
    let quoted = (
        "\"([a-z @.\\[\\]]|\\\\[\"\\\\@a]){0,10}\"",
        prop::collection::vec(fragment(), 1..3),
    )
        .prop_map(|(local, domain)| format!("{local}@{}.example", domain.concat()));
    prop_oneof![soup, nearly, quoted]
}

/// What follows the last `@` outside quotes, found by a reader that knows nothing else of the grammar.
fn after_last_unquoted_at(input: &str) -> Option<&str> {
    let mut in_quotes = false;
    let mut escaped = false;
    let mut after = None;
    for (at, character) in input.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '"' => in_quotes = !in_quotes,
            '@' if !in_quotes => after = Some(&input[at + 1..]),
            _ => {}
        }
    }
    after
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn addr_08_all_readers_of_an_address_agree(input in address_like()) {
        for parsed in [EmailAddress::parse_strict(&input), EmailAddress::parse_envelope(&input)].into_iter().flatten() {
            let again = EmailAddress::parse_envelope(parsed.as_str()).expect("canonical text is an address");
            prop_assert_eq!(&again, &parsed);
            prop_assert_eq!(again.as_str(), parsed.as_str());

            let tail = after_last_unquoted_at(&input).expect("an accepted address has an @");
            let tail_domain = Domain::parse(tail).or_else(|_| Domain::parse_literal(tail)).expect("its tail is a domain");
            prop_assert_eq!(parsed.domain(), &tail_domain);
            prop_assert_eq!(after_last_unquoted_at(parsed.as_str()), Some(parsed.domain().as_str()));

            prop_assert_eq!(parsed.as_str(), format!("{}@{}", parsed.local(), parsed.domain()));
            prop_assert!(parsed.as_str().len() <= ADDRESS_OCTETS_MAX && parsed.local().len() <= LOCAL_OCTETS_MAX);
            prop_assert!(!parsed.as_str().bytes().any(|byte| byte < 0x20 || byte == 0x7f));
        }
    }

    #[test]
    fn addr_08_strict_addresses_read_the_same_through_the_envelope_door(input in address_like()) {
        if let Ok(parsed) = EmailAddress::parse_strict(&input) {
            prop_assert_eq!(EmailAddress::parse_envelope(&input), Ok(parsed.clone()));
            prop_assert_eq!(EmailAddress::parse_strict(parsed.as_str()), Ok(parsed.clone()));
            prop_assert!(!parsed.local().contains(['"', '@', ' ', '(', '<', ',', ';', ':']));
        }
    }

    #[test]
    fn addr_08_folding_is_stable(input in address_like()) {
        if let Ok(parsed) = EmailAddress::parse_envelope(&input) {
            let folded = parsed.folded();
            let twice: String = folded.chars().flat_map(char::to_lowercase).collect();
            prop_assert_eq!(folded, twice);
        }
    }
}
