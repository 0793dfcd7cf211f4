//! The guard over two corpora: secrets and cards as they leak, and mail as people write it every day.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::policy::{Guard, GuardPattern};

const LOWER_HEX: &str = "0123456789abcdef";
const BASE62: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Returns letters that nobody chose, the same for the same seed. Keys of the tests are made here: written out, they would
/// alarm whoever scans this repository.
fn made_up(seed: u64, alphabet: &str, length: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let letters = alphabet.as_bytes();
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(letters[(state >> 33) as usize % letters.len()])
    };
    (0..length).map(next).collect()
}

fn strict() -> GuardPolicy {
    GuardPolicy {
        secrets: GuardAction::Block,
        payment_cards: GuardAction::Hold,
        ..GuardPolicy::default()
    }
}

fn scanned(text: &str, place: Place) -> Vec<Finding> {
    let passages = vec![Passage {
        place,
        text,
        is_machinery: false,
    }];
    let departing = Departing {
        passages,
        ..Departing::default()
    };
    scan(&departing, &strict())
}

fn kinds(text: &str) -> Vec<FindingKind> {
    let found = scanned(text, Place::Text);
    found.into_iter().map(|finding| finding.kind).collect()
}

/// What leaks, and what it is called. Each stands in a sentence.
fn secrets() -> Vec<(String, &'static str)> {
    let base62 = |seed, length| made_up(seed, BASE62, length);
    let hex = |seed, length| made_up(seed, LOWER_HEX, length);
    let pem = |kind: &str| {
        let mut key = format!("-----BEGIN {kind}-----\n");
        for line in 0..4 {
            writeln!(key, "{}", base62(line + 3, 64)).unwrap();
        }
        key
    };
    let jwt = format!(
        "{}.{}.{}",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
        "eyJzdWIiOiIxMjM0NTY3ODkwIn0",
        base62(5, 43)
    );
    vec![
        (pem("RSA PRIVATE KEY"), "a private key"),
        (pem("PRIVATE KEY"), "a private key"),
        (pem("OPENSSH PRIVATE KEY"), "a private key"),
        (pem("PGP PRIVATE KEY BLOCK"), "a private key"),
        (pem("EC PRIVATE KEY").replace('\n', "\\n"), "a private key"),
        (
            format!(
                "AGE-SECRET-KEY-1{}",
                made_up(1, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)
            ),
            "an age key",
        ),
        (
            format!("AKIA{}", made_up(1, BASE32, 16)),
            "an AWS access key",
        ),
        (
            format!("ASIA{}", made_up(2, BASE32, 16)),
            "an AWS access key",
        ),
        (
            format!("aws_secret_access_key = {}", base62(9, 40)),
            "an AWS secret key",
        ),
        (
            format!("sk-ant-api03-{}", base62(1, 93)),
            "an Anthropic key",
        ),
        (format!("sk-proj-{}", base62(2, 120)), "an OpenAI key"),
        (
            format!("sk-{}T3BlbkFJ{}", base62(3, 20), base62(4, 20)),
            "an OpenAI key",
        ),
        (format!("ghp_{}", base62(1, 36)), "a GitHub token"),
        (
            format!("github_pat_{}_{}", base62(2, 22), base62(3, 59)),
            "a GitHub token",
        ),
        (format!("glpat-{}", base62(1, 20)), "a GitLab token"),
        (
            format!(
                "xoxb-{}-{}-{}",
                made_up(1, "0123456789", 12),
                made_up(2, "0123456789", 12),
                base62(1, 24)
            ),
            "a Slack token",
        ),
        (
            format!(
                "https://hooks.slack.com/services/T{}/B{}/{}",
                made_up(1, BASE32, 8),
                made_up(2, BASE32, 8),
                base62(3, 24)
            ),
            "a Slack webhook",
        ),
        (format!("sk_live_{}", base62(1, 24)), "a Stripe key"),
        (format!("rk_test_{}", base62(2, 99)), "a Stripe key"),
        (format!("AIza{}", base62(1, 35)), "a Google API key"),
        (
            format!("GOCSPX-{}", base62(1, 28)),
            "a Google client secret",
        ),
        (format!("hf_{}", base62(7, 34)), "a Hugging Face token"),
        (format!("npm_{}", base62(1, 36)), "an npm token"),
        (
            format!("pypi-AgEIcHlwaS5vcmc{}", base62(1, 80)),
            "a PyPI token",
        ),
        (
            format!("SG.{}.{}", base62(1, 22), base62(2, 43)),
            "a SendGrid key",
        ),
        (format!("key-{}", hex(1, 32)), "a Mailgun key"),
        (format!("{}-us12", hex(2, 32)), "a Mailchimp key"),
        (format!("TWILIO_API_KEY=SK{}", hex(3, 32)), "a Twilio key"),
        (
            format!("1234567890:AA{}", base62(1, 33)),
            "a Telegram bot's token",
        ),
        (format!("dop_v1_{}", hex(4, 64)), "a DigitalOcean token"),
        (
            format!("AccountName=x;AccountKey={}==;", base62(1, 86)),
            "an Azure storage key",
        ),
        (format!("shpat_{}", hex(5, 32)), "a Shopify token"),
        (format!("dapi{}", hex(6, 32)), "a Databricks token"),
        (format!("hvs.{}", base62(1, 40)), "a Vault token"),
        (format!("lin_api_{}", base62(1, 40)), "a Linear key"),
        (
            format!("phk_{}", base62(1, 43)),
            "an API key of this server",
        ),
        (format!("nyk_v0_{}", base62(1, 64)), "an API key"),
        (format!("Authorization: Bearer {jwt}"), "a JSON Web Token"),
        (
            format!("postgres://app:{}@db.internal:5432/app", base62(1, 18)),
            "a password in a URL",
        ),
        (format!("API_KEY={}", base62(11, 32)), "a secret"),
        (format!("client_secret: \"{}\"", base62(12, 40)), "a secret"),
        (format!("the password is {}", base62(13, 20)), "a secret"),
    ]
}

/// Mail as agents send it: numbers, links, hashes and keys that everybody may have.
fn ordinary() -> Vec<String> {
    let hex = |seed, length| made_up(seed, LOWER_HEX, length);
    let base62 = |seed, length| made_up(seed, BASE62, length);
    let mut mails: Vec<String> = [
        "Hi Ann,\n\nthanks for your order 4111111111111111. It left us today, tracking number 1Z999AA10123456784.\n\nBest, Bo",
        "Your invoice no. 2026-0004711 over 1,299.00 EUR is due on 2026-12-01. IBAN DE89 3704 0044 0532 0130 00, BIC COBADEFFXXX.",
        "Call me at +49 30 1234 5678 or +1 (415) 555-0132, ext. 4242. My number in the office: 0049-30-12345678-90.",
        "Parcel 00340434161094042557 was handed over; DHL says 9400 1000 0000 0000 0000 00.",
        "ISBN 978-3-16-148410-0, EAN 4006381333931, order #5555555555554444, IMEI 490154203237518.",
        "Please reset your password here: https://app.example/reset?token=dGhpc2lzYWxvbmd0b2tlbjEyMzQ1Njc4OTA&uid=42",
        "Your code is 482913. It is valid for ten minutes. Never share your password or your API key with anybody.",
        "Meeting on 2026-11-23 at 21:37:48.123456 UTC, room 4.11, dial 987 6543 2100 and then 123456#.",
        "The password policy: at least 16 characters, mixed case, digits. Password managers are welcome.",
        "secret santa: draw a name at https://secretsanta.example/g/8f3a6c1e-2b47-4d5e-9a10-77aa88bb99cc",
        "We rotate every API key on the first of the month; the access token of the sandbox expires with it.",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 fixes it, see https://git.example/r/commit/9fceb02d0ae598e95dc970b74767f19372d61af8",
        "uuid 0190f3b1-7a10-7c00-9d11-52f0a1b2c3d4, request_id 0190f3d0-1111-7aaa-8bbb-000000000001",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGx2cGF0aGV0aWNrZXlmb3JleGFtcGxlb25seTEy ann@laptop",
        "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtestkeytestkeytestkeytestkeytest",
        "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\n-----END CERTIFICATE-----",
        "A PEM file begins with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----; never mail it.",
        "AWS access keys look like AKIAIOSFODNN7EXAMPLE and secrets like wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY.",
        "Set OPENAI_API_KEY=your_key_here and STRIPE_KEY=sk_test_xxxxxxxxxxxxxxxxxxxxxxxx before you start.",
        "postgres://user:password@localhost/db is what the manual shows, ftp://user:********@host too.",
        "git clone https://github.com/ann/repo.git; ssh://git@host.example:2222/repo.git",
        "Sehr geehrte Frau Groß, Ihre Bestellung 4242424242424242 ist unterwegs. Kontonummer 0532013000, BLZ 37040044.",
        "Votre commande nº 5105105105105100 a été expédiée. À bientôt !",
        "Totals: 1234567890123 1234567890124 1234567890125; 12,345,678,901,234.50; 0.1234567890123456",
        "version 10.0.26100.1742 build 20261123213748, serial 4532015112830366",
        "List-Unsubscribe: <https://list.example/u/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5Ac2hvcC5leGFtcGxlIn0.c2lnbmF0dXJlc2lnbmF0dXJl>",
        "Message-ID: <CAH5n4bQ7yq_eJ=9xX2v1kq3d0m8Zz@mail.gmail.com>",
        "Bitcoin: bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4, txid e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
        "The secret of a good soup is patience. The password was changed yesterday by administrator@company.example.",
        "Dear customer, the bearer of this letter is entitled to a discount-of-twenty-percent-in-all-our-shops.",
        "Zoom: https://zoom.example/j/98765432109?pwd=QWJjRGVmR2hJamtMbW5PcFFyU3R1Vg passcode 123456",
    ]
    .map(str::to_owned)
    .to_vec();
    for seed in 1..60 {
        mails.push(format!(
            "build {} passed, image sha256:{}",
            hex(seed, 40),
            hex(seed + 99, 64)
        ));
        mails.push(format!(
            "click https://t.example/c/{}?u={}",
            base62(seed, 60),
            base62(seed + 7, 40)
        ));
        mails.push(format!(
            "order {} shipped, ticket {}",
            made_up(seed, "0123456789", 16),
            made_up(seed + 5, "0123456789", 13)
        ));
        mails.push(format!(
            "etag \"{}\", boundary=----=_Part_{}",
            base62(seed, 28),
            base62(seed + 3, 30)
        ));
        mails.push(format!(
            "cid:{}@shop.example, session {}",
            base62(seed, 24),
            hex(seed, 32)
        ));
    }
    mails
}

#[test]
fn agent_04_secrets_are_found_and_called_by_their_name() {
    for (secret, what) in secrets() {
        let text = format!("Hi Bo,\nhere it is, keep it safe: {secret}\nBest, Ann");
        assert_eq!(kinds(&text), [FindingKind::Secret { what }], "{what}");
    }
}

#[test]
fn agent_04_ordinary_mail_holds_no_secrets_and_no_cards() {
    let false_alarms: Vec<_> = ordinary()
        .into_iter()
        .filter(|mail| !kinds(mail).is_empty())
        .map(|mail| format!("{:?}: {mail}", kinds(&mail)))
        .collect();
    assert_eq!(false_alarms, [""; 0]);
}

#[test]
fn agent_04_what_was_found_is_in_nothing_that_is_told() {
    for (secret, what) in secrets() {
        let longest = secret
            .split(|c: char| !c.is_ascii_alphanumeric())
            .max_by_key(|word| word.len())
            .unwrap();
        for finding in scanned(&secret, Place::Text) {
            let told = format!("{finding} {finding:?}");
            let telling = longest
                .as_bytes()
                .windows(7)
                .map(|part| std::str::from_utf8(part).unwrap());
            let leaked = telling
                .filter(|part| told.contains(part) && !what.contains(part))
                .collect::<Vec<_>>();
            assert_eq!(leaked, [""; 0], "{told}");
        }
    }
}

#[test]
fn agent_04_letters_that_show_nothing_hide_no_secret() {
    let token = format!("ghp_{}", made_up(1, BASE62, 36));
    let broken: String = token.chars().flat_map(|c| [c, '\u{200b}']).collect();
    let wide: String = token
        .chars()
        .map(|c| char::from_u32(u32::from(c) - 0x21 + 0xFF01).unwrap_or(c))
        .collect();
    let tags: String = token
        .chars()
        .filter_map(|c| char::from_u32(u32::from(c) + 0xE0000))
        .collect();
    for disguised in [broken, wide, format!("Hello {tags}")] {
        assert_eq!(kinds(&disguised).len(), 1, "{disguised}");
    }
    assert_eq!(kinds("４１１１ １１１１ １１１１ １１１１").len(), 1);
    assert_eq!(
        kinds("4111\u{a0}1111\u{2011}1111\u{200b} 1111").len(),
        0,
        "mixed separators are no card"
    );
    assert_eq!(kinds("4111\u{a0}1111\u{200b}\u{a0}1111\u{a0}1111").len(), 1);
}

#[test]
fn the_strongest_response_comes_first_and_tells_where() {
    let text = format!(
        "é\u{200b} card 4111 1111 1111 1111, key ghp_{}",
        made_up(1, BASE62, 36)
    );
    let found = scanned(&text, Place::File(2));
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "a GitHub token (ghp_…, 40 characters) in attachment 2 at character 34",
            "the number of a Visa card (… 1111) in attachment 2 at character 9",
        ]
    );
    assert_eq!(found[0].response, GuardAction::Block);
}

#[test]
fn what_is_off_is_not_looked_for() {
    let text = format!("4111 1111 1111 1111 ghp_{}", made_up(1, BASE62, 36));
    let departing = Departing {
        passages: vec![Passage {
            place: Place::Text,
            text: &text,
            is_machinery: false,
        }],
        strangers: &["a@b.example".to_owned()],
        ..Departing::default()
    };
    assert_eq!(scan(&departing, &GuardPolicy::default()), []);
    assert!(GuardPolicy::default().is_off());
}

#[test]
fn operators_patterns_are_found_and_never_shown() {
    let pattern = |name: &str, regex: &str, action| GuardPattern {
        name: name.to_owned(),
        regex: regex.to_owned(),
        action,
    };
    let guard = Guard {
        patterns: vec![
            pattern("project", "(?i)project\\s+bluebird", GuardAction::Hold),
            pattern("asleep", "e", GuardAction::Off),
            pattern("anything", "z*", GuardAction::Warn),
        ],
        ..Guard::default()
    };
    let policy = GuardPolicy::compile(&guard).unwrap();
    assert!(policy.may_hold());
    let departing = Departing {
        passages: vec![Passage {
            place: Place::Subject,
            text: "About Project  Bluebird",
            is_machinery: false,
        }],
        ..Departing::default()
    };
    let found = scan(&departing, &policy);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].to_string(),
        "what the pattern \"project\" matches (17 characters) in the subject at character 7"
    );
    assert_eq!(found[0].response, GuardAction::Hold);
}

#[test]
fn patterns_do_not_mean_what_machines_wrote_and_secrets_are_found_there() {
    let token = format!("x ghp_{}", made_up(1, BASE62, 36));
    let policy = GuardPolicy::compile(&Guard {
        secrets: GuardAction::Warn,
        patterns: vec![GuardPattern {
            name: "any".to_owned(),
            regex: "^x".to_owned(),
            action: GuardAction::Block,
        }],
        ..Guard::default()
    });
    let found = |is_machinery| {
        let passages = vec![Passage {
            place: Place::Structure,
            text: &token,
            is_machinery,
        }];
        let departing = Departing {
            passages,
            ..Departing::default()
        };
        scan(&departing, policy.as_ref().unwrap()).len()
    };
    assert_eq!((found(true), found(false)), (1, 2));
}

#[test]
fn strangers_and_files_are_told() {
    let policy = GuardPolicy {
        first_time_recipients: GuardAction::Hold,
        attachment_types: GuardAction::Warn,
        ..GuardPolicy::default()
    };
    let names = ["run.exe".to_owned()];
    let file = AttachedFile {
        names: &names,
        content_type: "application/octet-stream",
        is_allowed: true,
        head: b"MZ",
    };
    let departing = Departing {
        files: vec![file],
        strangers: &["new@shop.example".to_owned()],
        ..Departing::default()
    };
    let told: Vec<String> = scan(&departing, &policy)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "new@shop.example has never written to this account",
            "a file that runs when it is opened in the name of attachment 1",
        ]
    );
}

#[test]
fn what_is_too_long_to_be_read_counts_as_found() {
    let long = "a ".repeat(SCANNED_BYTES_MAX);
    let found = scanned(&long, Place::Text);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&found[0].kind, found[0].response),
        (&FindingKind::Unread, GuardAction::Block)
    );
}

#[test]
fn one_secret_in_several_readings_of_a_body_is_told_once() {
    let token = format!("ghp_{}", made_up(1, BASE62, 36));
    let html = format!("<p>{token}</p>");
    let departing = Departing {
        passages: vec![
            Passage {
                place: Place::Text,
                text: &token,
                is_machinery: false,
            },
            Passage {
                place: Place::Html,
                text: &token,
                is_machinery: false,
            },
            Passage {
                place: Place::HtmlSource,
                text: &html,
                is_machinery: false,
            },
        ],
        ..Departing::default()
    };
    assert_eq!(scan(&departing, &strict()).len(), 1);
}

proptest! {
    #[test]
    fn any_text_is_read(text in ".{0,400}") {
        scanned(&text, Place::Text);
    }

    #[test]
    fn a_secret_is_found_wherever_it_stands(before in "[a-zA-Z0-9 .,\n]{0,40}", behind in "[a-zA-Z0-9 .,\n]{0,40}", seed in 1_u64..1_000) {
        let token = format!("ghp_{}", made_up(seed, BASE62, 36));
        let text = format!("{before}\n{token}\n{behind}");
        let what = FindingKind::Secret { what: "a GitHub token" };
        prop_assert!(kinds(&text).contains(&what), "{}", text);
    }
}
