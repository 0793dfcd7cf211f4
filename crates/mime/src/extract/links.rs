//! Links of a message, and what following them is for.

use std::collections::HashSet;

use crate::clean::invisible;
use crate::html::Piece;
use crate::limits::{
    HTML_ATTRIBUTE_BYTES_MAX, LINK_CANDIDATES_MAX, LINK_TEXT_CHARS_MAX, LINKS_MAX,
};

/// What following a link is for, as far as its words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// Confirms an address or an account.
    Verification,
    /// Signs in.
    MagicLink,
    /// Sets a new password.
    PasswordReset,
    /// Ends a subscription.
    Unsubscribe,
    /// Anything else.
    Other,
}

impl LinkKind {
    /// Returns the kind's name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::MagicLink => "magic_link",
            Self::PasswordReset => "password_reset",
            Self::Unsubscribe => "unsubscribe",
            Self::Other => "other",
        }
    }
}

/// A link that a reader sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it really leads: an `http` or `https` address.
    pub url: String,
    /// What a reader sees of it; empty when that is the address itself.
    pub text: String,
    /// What it is for.
    pub kind: LinkKind,
}

/// Returns the links of HTML with their text, in order.
pub(super) fn of_html(pieces: &[Piece]) -> Vec<Link> {
    let mut links = Vec::new();
    let mut open: Option<(String, LinkText)> = None;
    for piece in pieces {
        match piece {
            Piece::Open(tag) if tag.element.is("a") => {
                finish(open.take(), &mut links);
                open = web(&tag.href)
                    .filter(|_| tag.seen)
                    .map(|url| (url, LinkText::default()));
            }
            Piece::Close(element) if element.is("a") => finish(open.take(), &mut links),
            Piece::Open(tag) if tag.element.is("img") && tag.seen => {
                if let Some((_, text)) = &mut open {
                    text.has_image = true;
                    text.push(&tag.alt);
                }
            }
            Piece::Text(text) => {
                if let Some((_, link)) = &mut open {
                    link.push(text);
                }
            }
            _ => {}
        }
        if links.len() >= LINK_CANDIDATES_MAX {
            break;
        }
    }
    finish(open, &mut links);
    links
}

/// Text of a link while it comes in, white space collapsed.
#[derive(Default)]
struct LinkText {
    text: String,
    length: usize,
    space: bool,
    has_image: bool,
}

impl LinkText {
    fn push(&mut self, text: &str) {
        for character in text.chars() {
            if self.length >= LINK_TEXT_CHARS_MAX {
                return;
            }
            if character.is_whitespace() {
                self.space = !self.text.is_empty();
            } else if !invisible::is_invisible(character) && !character.is_control() {
                if std::mem::take(&mut self.space) {
                    self.text.push(' ');
                    self.length += 1;
                }
                self.text.push(character);
                self.length += 1;
            }
        }
    }
}

/// Links without anything to see are for machines.
fn finish(link: Option<(String, LinkText)>, links: &mut Vec<Link>) {
    let Some((url, text)) = link else { return };
    if text.text.is_empty() && !text.has_image {
        return;
    }
    links.push(Link {
        kind: kind(&url, &text.text),
        text: text.text,
        url,
    });
}

/// Returns the links of plain text, in order; the words before one on its line tell its kind.
pub(super) fn of_text(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let mut before = "";
    for line in text.lines() {
        let mut from = 0;
        while let Some(at) = find_scheme(&line[from..]) {
            let start = from + at;
            let end = line[start..]
                .find(|c: char| {
                    c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`' | '|')
                })
                .map_or(line.len(), |length| start + length);
            let url = without_punctuation(&line[start..end]);
            if let Some(url) = web(url) {
                let words = if line[..start].trim().is_empty() {
                    before
                } else {
                    &line[..start]
                };
                let tail = &words
                    [words.ceil_char_boundary(words.len().saturating_sub(LINK_TEXT_CHARS_MAX))..];
                links.push(Link {
                    kind: kind(&url, tail),
                    text: String::new(),
                    url,
                });
            }
            from = end.max(start + 1);
            if links.len() >= LINK_CANDIDATES_MAX {
                return links;
            }
        }
        if !line.trim().is_empty() {
            before = line;
        }
    }
    links
}

fn find_scheme(text: &str) -> Option<usize> {
    memchr::memmem::find_iter(text.as_bytes(), b"://").find_map(|colon| {
        let head = &text.as_bytes()[..colon];
        let length = if ends_with(head, b"https") {
            5
        } else if ends_with(head, b"http") {
            4
        } else {
            return None;
        };
        Some(colon - length)
    })
}

fn ends_with(text: &[u8], end: &[u8]) -> bool {
    text.len() >= end.len() && text[text.len() - end.len()..].eq_ignore_ascii_case(end)
}

/// Sentences end behind addresses, and parentheses are put around them.
fn without_punctuation(url: &str) -> &str {
    let mut url = url;
    loop {
        let shorter = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_']);
        let shorter = match shorter.strip_suffix([')', ']']) {
            Some(inner) if !inner.contains(['(', '[']) => inner,
            _ => shorter,
        };
        if shorter.len() == url.len() {
            return url;
        }
        url = shorter;
    }
}

/// Returns each address once and at most [`LINKS_MAX`] links: those of a special kind, then the first others, in order.
pub(super) fn sorted(links: Vec<Link>, unsubscribe: Option<&str>) -> Vec<Link> {
    let mut seen = HashSet::new();
    let mut links: Vec<Link> = links
        .into_iter()
        .filter(|link| seen.insert(link.url.clone()))
        .collect();
    for link in &mut links {
        if unsubscribe == Some(link.url.as_str()) {
            link.kind = LinkKind::Unsubscribe;
        }
    }
    if links.len() <= LINKS_MAX {
        return links;
    }
    let is_special = |link: &Link| link.kind != LinkKind::Other;
    let special = links
        .iter()
        .filter(|link| is_special(link))
        .count()
        .min(LINKS_MAX);
    let (mut specials, mut others) = (special, LINKS_MAX - special);
    links.retain(|link| {
        let room = if is_special(link) {
            &mut specials
        } else {
            &mut others
        };
        let fits = *room > 0;
        *room = room.saturating_sub(1);
        fits
    });
    links
}

/// Returns a web address as browsers read it, or none when it is something else or has no host.
pub(crate) fn web(href: &str) -> Option<String> {
    let url: String = href
        .trim()
        .chars()
        .filter(|c| !matches!(c, '\t' | '\r' | '\n'))
        .collect();
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        let head = url.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme)
            .then(|| &url[scheme.len()..])
    })?;
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let is_sound = !host.is_empty()
        && !host.starts_with(':')
        && !authority.contains(' ')
        && url.len() <= HTML_ATTRIBUTE_BYTES_MAX
        && !url.contains(|c: char| c.is_control() || invisible::is_invisible(c));
    is_sound.then(|| url.replace(' ', "%20"))
}

/// Returns an address that a cleaned text may show: of the web, of mail or of a telephone.
pub(crate) fn web_or_mail(href: &str) -> Option<String> {
    web(href).or_else(|| with_scheme(href, &["mailto:", "tel:"]))
}

/// Returns the address of an image: on the web, or in the message.
pub(crate) fn web_or_cid(src: &str) -> Option<String> {
    web(src).or_else(|| with_scheme(src, &["cid:"]))
}

fn with_scheme(address: &str, schemes: &[&str]) -> Option<String> {
    let address = address.trim();
    let known = schemes.iter().any(|scheme| {
        address
            .get(..scheme.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    });
    let is_sound = known
        && address.len() <= HTML_ATTRIBUTE_BYTES_MAX
        && !address
            .contains(|c: char| c.is_control() || c.is_whitespace() || invisible::is_invisible(c));
    is_sound.then(|| address.to_owned())
}

/// Returns an address that does not end the parentheses around it.
pub(crate) fn in_parentheses(url: &str) -> String {
    url.replace('(', "%28")
        .replace(')', "%29")
        .replace('<', "%3C")
        .replace('>', "%3E")
}

const UNSUBSCRIBE: &[&str] = &[
    "unsubscribe",
    "opt out",
    "opt-out",
    "optout",
    "abmelden",
    "abbestellen",
    "désabonner",
    "désinscri",
    "desabonner",
    "se désabonner",
    "darse de baja",
    "cancelar suscripci",
    "cancelar la suscripci",
    "disiscri",
    "annulla iscrizione",
    "afmelden",
    "uitschrijven",
    "avregistrera",
    "avsluta prenumeration",
    "afmeld",
    "wypisz",
    "отписаться",
    "descadastrar",
    "cancelar inscrição",
    "退订",
    "配信停止",
];
const RESET: &[&str] = &[
    "reset password",
    "reset your password",
    "reset my password",
    "password reset",
    "new password",
    "change your password",
    "set your password",
    "forgot password",
    "passwort zurücksetzen",
    "neues passwort",
    "kennwort zurücksetzen",
    "réinitialiser",
    "nouveau mot de passe",
    "restablecer",
    "nueva contraseña",
    "reimposta",
    "redefinir",
    "wachtwoord herstellen",
    "wachtwoord opnieuw",
    "återställ lösenord",
    "nulstil",
    "сброс пароля",
    "сбросить пароль",
    "重置密码",
    "パスワード",
];
const VERIFY: &[&str] = &[
    "verify",
    "verification",
    "confirm",
    "activate",
    "validate your",
    "bestätig",
    "verifizier",
    "aktivier",
    "confirmer",
    "confirmez",
    "vérifi",
    "activer",
    "activez",
    "confirmar",
    "confirma ",
    "verifica",
    "activa",
    "conferma",
    "attiva",
    "ativar",
    "bevestig",
    "verifieer",
    "activeer",
    "bekräfta",
    "verifiera",
    "bekræft",
    "potwierdź",
    "подтверд",
    "активир",
    "验证",
    "驗證",
    "確認",
];
const SIGN_IN: &[&str] = &[
    "magic link",
    "sign in",
    "sign-in",
    "signin",
    "log in",
    "login",
    "anmelden",
    "einloggen",
    "se connecter",
    "connexion",
    "iniciar sesión",
    "entrar",
    "accedi",
    "inloggen",
    "logga in",
    "log ind",
    "zaloguj",
    "войти",
    "登录",
    "ログイン",
];

/// Tells what a link is for from its text and from the path and parameters of its address; the host says nothing.
fn kind(url: &str, text: &str) -> LinkKind {
    let text = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let path = rest
        .find(['/', '?', '#'])
        .map_or("", |at| &rest[at..])
        .to_lowercase();
    let leads = |words: &[&str]| {
        path.split(|c: char| !c.is_ascii_alphanumeric())
            .any(|step| words.iter().any(|word| step.starts_with(word)))
    };
    let pair = |one: &str, other: &str| path.contains(one) && path.contains(other);
    if says(UNSUBSCRIBE)
        || leads(&["unsubscribe", "optout", "unsub", "abmelde", "desabonn"])
        || path.contains("opt-out")
    {
        return LinkKind::Unsubscribe;
    }
    if says(RESET)
        || leads(&["resetpassword", "passwordreset", "forgotpassword"])
        || pair("reset", "pass")
        || pair("recover", "pass")
        || pair("forgot", "pass")
    {
        return LinkKind::PasswordReset;
    }
    if text.contains("magic link") || leads(&["magic"]) {
        return LinkKind::MagicLink;
    }
    if says(VERIFY) || leads(&["verif", "confirm", "activat", "validat", "bestaetig"]) {
        return LinkKind::Verification;
    }
    if (says(SIGN_IN) || leads(&["login", "signin", "auth"])) && carries_secret(&path) {
        return LinkKind::MagicLink;
    }
    LinkKind::Other
}

/// Returns whether an address has a part that nobody could guess.
fn carries_secret(path: &str) -> bool {
    const SECRET_CHARS_MIN: usize = 12;
    let is_random = |step: &str| {
        step.len() >= SECRET_CHARS_MIN
            && step.contains(|c: char| c.is_ascii_digit())
            && step.contains(|c: char| c.is_ascii_alphabetic())
    };
    ["token=", "code=", "otp=", "key=", "ticket="]
        .iter()
        .any(|name| path.contains(name))
        || path
            .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
            .any(is_random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_words_and_paths_not_by_hosts() {
        use LinkKind::*;
        let table = [
            ("https://app.example/verify?t=abc", "Verify", Verification),
            ("https://app.example/x", "Confirm your email", Verification),
            (
                "https://app.example/x",
                "E-Mail-Adresse bestätigen",
                Verification,
            ),
            ("https://app.example/activate/9", "here", Verification),
            (
                "https://app.example/password/reset/9",
                "here",
                PasswordReset,
            ),
            (
                "https://app.example/x",
                "Passwort zurücksetzen",
                PasswordReset,
            ),
            (
                "https://app.example/auth?token=abc",
                "Sign in to App",
                MagicLink,
            ),
            ("https://app.example/magic/abc", "Open App", MagicLink),
            ("https://app.example/login", "Log in", Other),
            ("https://app.example/u/1", "Unsubscribe", Unsubscribe),
            ("https://app.example/opt-out", "here", Unsubscribe),
            ("https://verify.example/news", "Read more", Other),
            ("https://app.example/blog/2026", "Our blog", Other),
        ];
        for (url, text, expected) in table {
            assert_eq!(kind(url, text), expected, "{url} {text}");
        }
    }

    #[test]
    fn agent_06_only_web_addresses_with_a_host_are_links() {
        for bad in [
            "",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "http:///x",
            "ftp://x.example",
            "//x.example",
            "https://a b/",
            "https://x.example/\u{202e}y",
            "mailto:a@b.example",
        ] {
            assert_eq!(web(bad), None, "{bad}");
        }
        assert_eq!(
            web(" HTTPS://x.example/a b\n").as_deref(),
            Some("HTTPS://x.example/a%20b")
        );
    }

    #[test]
    fn links_of_plain_text_end_where_sentences_do() {
        let text = "Verify here:\nhttps://app.example/v?t=1.\nSee (https://app.example/docs), or <http://app.example/wiki_(x)>!";
        let links = of_text(text);
        let urls: Vec<&str> = links.iter().map(|link| link.url.as_str()).collect();
        assert_eq!(
            urls,
            [
                "https://app.example/v?t=1",
                "https://app.example/docs",
                "http://app.example/wiki_(x)"
            ]
        );
        assert_eq!(links[0].kind, LinkKind::Verification);
    }

    #[test]
    fn links_of_a_special_kind_go_before_others() {
        let other = |number: usize| Link {
            url: format!("https://x.example/{number}"),
            text: String::new(),
            kind: LinkKind::Other,
        };
        let mut links: Vec<Link> = (0..LINKS_MAX + 10).map(other).collect();
        links.push(Link {
            kind: LinkKind::Verification,
            ..other(9_999)
        });
        links.push(other(0));
        let kept = sorted(links, Some("https://x.example/3"));
        assert_eq!(kept.len(), LINKS_MAX);
        assert_eq!(
            kept.last().map(|link| link.kind),
            Some(LinkKind::Verification)
        );
        assert_eq!(kept[3].kind, LinkKind::Unsubscribe);
    }
}
