//! One-time codes: words of a certain shape near words that announce them.

use std::collections::HashSet;

use crate::limits::{OTP_CANDIDATES_MAX, OTP_CODES_MAX};

/// Where a code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeSource {
    /// In the subject.
    Subject,
    /// In the body.
    Body,
}

impl CodeSource {
    /// Returns the source's name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Body => "body",
        }
    }
}

/// A word that looks like a one-time code.
#[derive(Debug, Clone, PartialEq)]
pub struct OtpCode {
    /// 4 to 10 characters, as they are to be typed.
    pub code: String,
    /// Where it stands.
    pub source: CodeSource,
    /// From 0.5, a guess, to 0.99. It says nothing about the sender.
    pub confidence: f64,
}

/// Characters of a code.
const CODE_CHARS: std::ops::RangeInclusive<usize> = 4..=10;
/// Octets before and behind a word in which others explain it.
const BEFORE_BYTES: usize = 100;
const BEHIND_BYTES: usize = 60;
const CONFIDENCE_MIN: f64 = 0.5;
/// What a code loses that stands in quoted text: it is an old one.
const QUOTED_LOSS: f64 = 0.2;

/// Words that announce a one-time code and nothing else.
const STRONG: &[&str] = &[
    "verification code",
    "one-time",
    "one time code",
    "one time password",
    "onetime",
    "otp",
    "passcode",
    "security code",
    "login code",
    "log-in code",
    "sign-in code",
    "signin code",
    "sign in code",
    "access code",
    "authentication code",
    "authorization code",
    "confirmation code",
    "2fa",
    "two-factor",
    "two-step",
    "mfa",
    "temporary code",
    "verify your",
    "magic code",
    "bestätigungscode",
    "sicherheitscode",
    "einmalcode",
    "einmalpasswort",
    "verifizierungscode",
    "anmeldecode",
    "zugangscode",
    "freigabecode",
    "code de vérification",
    "code de sécurité",
    "code de confirmation",
    "code à usage unique",
    "usage unique",
    "code de connexion",
    "code d'accès",
    "código de verificación",
    "codigo de verificacion",
    "código de seguridad",
    "código de acceso",
    "código de confirmación",
    "codice di verifica",
    "codice di sicurezza",
    "codice otp",
    "código de verificação",
    "código de segurança",
    "verificatiecode",
    "beveiligingscode",
    "inlogcode",
    "verifieringskod",
    "engångskod",
    "säkerhetskod",
    "bekræftelseskode",
    "engangskode",
    "kod weryfikacyjny",
    "код подтверждения",
    "код безопасности",
    "одноразовый",
    "doğrulama kodu",
    "验证码",
    "驗證碼",
    "校验码",
    "動態密碼",
    "認証コード",
    "確認コード",
    "인증번호",
    "인증 코드",
    "mã xác",
    "kode verifikasi",
];
/// Words that may announce one.
const WEAK: &[&str] = &[
    "code",
    "codice",
    "código",
    "kod",
    "код",
    "pin",
    "tan",
    "verify",
    "verification",
    "log in",
    "login",
    "sign in",
    "코드",
    "コード",
];
/// Words that announce another kind of number.
const OTHER_NUMBERS: &[&str] = &[
    "order",
    "invoice",
    "bestell",
    "rechnung",
    "commande",
    "facture",
    "pedido",
    "factura",
    "ordine",
    "fattura",
    "tracking",
    "shipment",
    "sendung",
    "reference",
    "ref.",
    "ref:",
    "ticket",
    "case",
    "phone",
    "tel.",
    "tel:",
    "telefon",
    "téléphone",
    "teléfono",
    "mobile",
    "fax",
    "call us",
    "zip code",
    "zip",
    "postal code",
    "postcode",
    "plz",
    "promo",
    "coupon",
    "discount",
    "voucher",
    "gutschein",
    "rabatt",
    "code promo",
    "descuento",
    "customer",
    "kunden",
    "account number",
    "account no",
    "ending in",
    "total",
    "amount",
    "betrag",
    "montant",
    "importe",
    "copyright",
    "©",
    "iban",
    "error code",
    "status code",
    "country code",
    "source code",
    "qr code",
    "dress code",
    "building",
    "suite",
    "room",
];
const CURRENCIES: &[&str] = &[
    "$", "€", "£", "¥", "₹", "usd", "eur", "gbp", "chf", "kr", "zł", "%",
];

/// Finds the codes of a message, best first, each once. `reply` is the part of the body that is not quoted.
pub(super) fn find(subject: &str, body: &str, reply: &str) -> Vec<OtpCode> {
    let written_anew: HashSet<String> = words(reply)
        .take(OTP_CANDIDATES_MAX)
        .filter_map(|word| shaped(reply, &word))
        .collect();
    let announced =
        says(&subject.to_lowercase(), STRONG) || says(&head(body, 4_096).to_lowercase(), STRONG);
    let mut codes = Vec::new();
    for (source, text) in [(CodeSource::Subject, subject), (CodeSource::Body, body)] {
        for word in words(text).take(OTP_CANDIDATES_MAX) {
            let Some(code) = shaped(text, &word) else {
                continue;
            };
            let mut confidence = confidence(text, &word, &code, announced);
            let is_quoted = source == CodeSource::Body && !written_anew.contains(&code);
            if is_quoted && confidence >= CONFIDENCE_MIN {
                confidence = (confidence - QUOTED_LOSS).max(CONFIDENCE_MIN);
            }
            if confidence >= CONFIDENCE_MIN {
                keep(
                    &mut codes,
                    OtpCode {
                        code,
                        source,
                        confidence,
                    },
                );
            }
        }
    }
    codes.sort_by(|one: &OtpCode, other| other.confidence.total_cmp(&one.confidence));
    codes.truncate(OTP_CODES_MAX);
    codes
}

fn keep(codes: &mut Vec<OtpCode>, new: OtpCode) {
    match codes.iter_mut().find(|known| known.code == new.code) {
        Some(known) if known.confidence >= new.confidence => {}
        Some(known) => *known = new,
        None => codes.push(new),
    }
}

/// A run of letters and digits with single spaces and dashes between groups of digits.
struct Word {
    start: usize,
    end: usize,
}

/// Cuts a text at everything that is no part of a code, in one pass.
fn words(text: &str) -> impl Iterator<Item = Word> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        let bytes = text.as_bytes();
        let is_part = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        while from < bytes.len() {
            if !is_part(from) {
                from += 1;
                continue;
            }
            let start = from;
            let mut has_digit = false;
            loop {
                while is_part(from) {
                    has_digit |= digit(from);
                    from += 1;
                }
                let joins = match bytes.get(from) {
                    Some(b'-') => is_part(from + 1),
                    Some(b' ') => digit(from - 1) && digit(from + 1),
                    _ => false,
                };
                if !joins {
                    break;
                }
                from += 1;
            }
            let letters_alone = !has_digit
                && text[start..from]
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase());
            if has_digit || letters_alone {
                return Some(Word { start, end: from });
            }
        }
        None
    })
}

/// Returns the code that a word is by its shape and by what touches it; none for years, prices, times and numbers of telephones.
fn shaped(text: &str, word: &Word) -> Option<String> {
    let written = &text[word.start..word.end];
    if written.len() > 24 || !written.is_ascii() {
        return None;
    }
    let (before, behind) = (
        text[..word.start].chars().next_back(),
        text[word.end..].chars().next(),
    );
    let next = text[word.end..].chars().nth(1);
    if before.is_some_and(|c| {
        matches!(
            c,
            '+' | '#' | '/' | '@' | '$' | '€' | '£' | '=' | '&' | '_' | '\\'
        )
    }) || behind.is_some_and(|c| matches!(c, '@' | '/' | '%' | '€' | '_' | '='))
    {
        return None;
    }
    let joins_number = |c: Option<char>, beyond: Option<char>| {
        matches!(c, Some('.' | ',' | ':')) && beyond.is_some_and(|c| c.is_ascii_alphanumeric())
    };
    let earlier = text[..word.start].chars().rev().nth(1);
    if joins_number(behind, next)
        || (joins_number(before, earlier) && before != Some(':'))
        || (before == Some(':') && earlier.is_some_and(|c| c.is_ascii_digit()))
    {
        return None;
    }
    let groups: Vec<&str> = written.split([' ', '-']).collect();
    let is_digits = |group: &&str| group.bytes().all(|byte| byte.is_ascii_digit());
    let code = if groups.iter().all(is_digits) {
        let equal = groups.iter().all(|group| group.len() == groups[0].len());
        if groups.len() > 1 && !(equal && matches!(groups[0].len(), 2..=4) && groups.len() <= 3) {
            return None;
        }
        groups.concat()
    } else if groups.len() == 2 && groups[0].len() == 1 && is_digits(&groups[1]) {
        // `G-482913`: the letter names the sender and is not typed.
        groups[1].to_owned()
    } else if written.contains(' ') || groups.len() > 2 {
        return None;
    } else {
        let is_code = written
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-');
        is_code.then(|| written.to_owned())?
    };
    let digits = code.bytes().all(|byte| byte.is_ascii_digit());
    let fits = CODE_CHARS.contains(&code.len()) && (!digits || code.len() <= 8);
    fits.then_some(code)
}

/// Returns how likely a word of the right shape is a code.
fn confidence(text: &str, word: &Word, code: &str, announced: bool) -> f64 {
    let start = text.ceil_char_boundary(word.start.saturating_sub(BEFORE_BYTES));
    let before = text[start..word.start].to_lowercase();
    let behind = head(&text[word.end..], BEHIND_BYTES)
        .split('\n')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let line_before = before.rsplit('\n').next().unwrap_or_default();
    let is_alone = line_before.trim().is_empty() && behind.trim().is_empty();
    let touches = line_before.trim_end().ends_with([':', '：'])
        || ["is", "ist", "est", "es", "è", "é", "är", "er"]
            .iter()
            .any(|verb| line_before.trim_end().ends_with(&format!(" {verb}")));
    let money = |text: &str| {
        CURRENCIES.iter().any(|sign| {
            text.split_whitespace()
                .next()
                .is_some_and(|word| word == *sign)
        })
    };
    if money(&behind)
        || line_before
            .split_whitespace()
            .next_back()
            .is_some_and(|word| CURRENCIES.contains(&word))
    {
        return 0.0;
    }
    let near = last_lines(&before, 3);
    let mut confidence: f64 = if says(line_before, STRONG) {
        0.9
    } else if says(&behind, STRONG) || says(near, STRONG) {
        0.85
    } else if touches && says(line_before, WEAK) {
        0.75
    } else if announced && is_alone {
        0.8
    } else if has_word(line_before, WEAK)
        || has_word(&behind, WEAK)
        || (is_alone && has_word(near, WEAK))
    {
        0.6
    } else {
        return 0.0;
    };
    let is_other = |text: &str| says(text, OTHER_NUMBERS);
    if is_other(last_words(line_before)) || (is_alone && is_other(last_line(near))) {
        confidence -= 0.5;
    }
    let digits = code.bytes().all(|byte| byte.is_ascii_digit());
    if is_year(code) && !(touches && confidence >= 0.75) {
        confidence -= 0.4;
    }
    if !code.bytes().any(|byte| byte.is_ascii_digit()) {
        // Capitals alone are mostly shouting.
        confidence -= if touches || is_alone { 0.15 } else { 0.5 };
    }
    confidence += if is_alone { 0.05 } else { 0.0 }
        + if touches { 0.03 } else { 0.0 }
        + if digits && code.len() == 6 { 0.03 } else { 0.0 };
    ((confidence * 100.0).round() / 100.0).clamp(0.0, 0.99)
}

fn is_year(code: &str) -> bool {
    code.len() == 4 && (code.starts_with("19") || code.starts_with("20"))
}

fn says(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Like [`says`], but short words must stand alone: `pin` is not in `shopping`.
fn has_word(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let behind = text[at + word.len()..].chars().next();
            let is_letter =
                |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && c.is_ascii());
            !is_letter(before) && !is_letter(behind)
        })
    })
}

fn head(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

fn last_lines(text: &str, count: usize) -> &str {
    let at = text.rmatch_indices('\n').nth(count).map_or(0, |(at, _)| at);
    &text[at..]
}

fn last_line(text: &str) -> &str {
    text.trim_end().rsplit('\n').next().unwrap_or_default()
}

/// The words right before a number say what it is.
fn last_words(line: &str) -> &str {
    let at = line.rmatch_indices(' ').nth(4).map_or(0, |(at, _)| at);
    &line[at..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(subject: &str, body: &str) -> Vec<String> {
        find(subject, body, body)
            .into_iter()
            .map(|code| code.code)
            .collect()
    }

    #[test]
    fn codes_are_found_where_they_are_announced() {
        let table = [
            (
                "Your verification code is 482913. It expires in 10 minutes.",
                "482913",
            ),
            (
                "Use this one-time password to sign in:\n\n4821\n\nDo not share it.",
                "4821",
            ),
            ("482 913 is your security code", "482913"),
            ("G-482913 is your verification code.", "482913"),
            ("Ihr Bestätigungscode lautet: 739 201", "739201"),
            ("Votre code de vérification est 739201.", "739201"),
            ("Tu código de verificación es 739201", "739201"),
            ("您的验证码是739201，5分钟内有效。", "739201"),
            ("認証コード:739201", "739201"),
            ("Your login code:\nABC-123", "ABC-123"),
            ("Enter code KXQWPZ7 to continue", "KXQWPZ7"),
            ("Your code: 2024", "2024"),
        ];
        for (body, expected) in table {
            assert_eq!(codes("", body), [expected], "{body}");
        }
        let found = find("482913 is your Acme verification code", "Hello", "Hello");
        assert_eq!(
            (found[0].code.as_str(), found[0].source),
            ("482913", CodeSource::Subject)
        );
    }

    #[test]
    fn other_numbers_are_no_codes() {
        for body in [
            "Order 482913 has shipped.",
            "Copyright 2026 Acme",
            "Your verification code was sent on 21.09.2026 at 10:45:12",
            "Call +1 415 555 0100 for your code",
            "The total is $4829 for code review",
            "Invoice no. 482913 over 4829.13 EUR",
            "Use promo code SAVE2026 today",
            "Meet me in 2026",
            "see https://app.example/verify/482913",
            "error code 5432 in the log",
            "",
        ] {
            assert_eq!(codes("", body), Vec::<String>::new(), "{body}");
        }
    }

    #[test]
    fn the_best_code_comes_first_and_each_comes_once() {
        let body =
            "Your verification code is 482913.\nCode 482913\nRefer to code 7777 in questions.";
        let found = find("", body, body);
        assert_eq!(found[0].code, "482913");
        assert!(
            found
                .windows(2)
                .all(|pair| pair[0].confidence >= pair[1].confidence)
        );
        assert_eq!(found.iter().filter(|code| code.code == "482913").count(), 1);
    }
}
