//! Where a message leads: links as they are written, never followed.

use std::net::IpAddr;

use posthouse_types::domain::Domain;

use super::hosts::{is_shortener, is_wrapper, registered};
use super::letter::{Letter, domain_of, front};
use super::limits::{HTML_BYTES_MAX, LINK_BYTES_MAX, LINKS_MAX, TEXT_BYTES_MAX};
use super::signal::{
    IMAGE_ONLY, LINK_BORROWS_NAME, LINK_MANY_LABELS, LINK_MIXED_SCRIPTS, LINK_ODD_PORT, LINK_ONLY,
    LINK_RUNS, LINK_SCRIPT, LINK_SHORTENED, LINK_SHOWS_AUTHOR, LINK_SHOWS_OTHER_HOST,
    LINK_TO_ADDRESS, LINK_WITH_USER, Signal,
};
use super::text::mixes_scripts;
use super::tokens::latin_look;

/// Letters below which a body is hardly any text.
const LETTERS_FEW: usize = 40;
/// Endings of links to programs.
const RUNS: &[&str] = &[
    ".apk", ".bat", ".exe", ".hta", ".iso", ".jar", ".js", ".lnk", ".msi", ".ps1", ".scr", ".vbs",
];

/// Endings of names that mean something in one network only (RFC 6762, RFC 8375, RFC 9476 and their neighbours).
const OWN_NETWORK: &[&str] = &[
    ".corp",
    ".home.arpa",
    ".internal",
    ".lan",
    ".local",
    ".localdomain",
    ".localhost",
];

/// A link, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    /// The host in lower case; empty for links that have none.
    pub host: String,
    /// The scheme in lower case.
    pub scheme: String,
    has_user: bool,
    port: Option<u32>,
    path: String,
    /// The host that is shown to readers, if the text of the link looks like one.
    shown: Option<String>,
}

/// Finds the links of a message, each host with each shown host once.
pub(super) fn find(letter: &Letter<'_>) -> Vec<Link> {
    let mut links = Vec::new();
    if let Some(html) = letter.html {
        of_html(front(html, HTML_BYTES_MAX), &mut links);
    }
    of_text(front(letter.text, TEXT_BYTES_MAX), &mut links);
    links
}

fn keep(link: Link, links: &mut Vec<Link>) {
    let is_known = links.iter().any(|known: &Link| {
        known.host == link.host && known.shown == link.shown && known.scheme == link.scheme
    });
    if !is_known && links.len() < LINKS_MAX {
        links.push(link);
    }
}

fn of_text(text: &str, links: &mut Vec<Link>) {
    for (at, _) in text.match_indices("://").take(LINKS_MAX * 4) {
        let scheme_at = text[..at]
            .rfind(|c: char| !c.is_ascii_alphabetic())
            .map_or(0, |before| {
                before + text[before..].chars().next().map_or(1, char::len_utf8)
            });
        let rest = front(&text[scheme_at..], LINK_BYTES_MAX);
        let end = rest
            .find(|c: char| c.is_whitespace() || "<>\"'()[]{}".contains(c))
            .unwrap_or(rest.len());
        if let Some(link) = parse(rest[..end].trim_end_matches(['.', ',', ';', '!', '?'])) {
            keep(link, links);
        }
    }
}

fn of_html(html: &str, links: &mut Vec<Link>) {
    let folded = html.to_ascii_lowercase();
    for (at, _) in folded.match_indices("href").take(LINKS_MAX * 4) {
        let rest = html[at + 4..].trim_start();
        let Some(rest) = rest.strip_prefix('=') else {
            continue;
        };
        let rest = rest.trim_start();
        let (value, behind) = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = &rest[1..];
                let end = inner.find(quote).unwrap_or(inner.len());
                (&inner[..end], &inner[end..])
            }
            _ => {
                let end = rest
                    .find(|c: char| c.is_whitespace() || c == '>')
                    .unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        let value = front(value.trim(), LINK_BYTES_MAX).replace("&amp;", "&");
        if let Some(mut link) = parse(&value) {
            link.shown = shown_host(front(behind, LINK_BYTES_MAX));
            keep(link, links);
        }
    }
}

/// Returns the host that the text of an anchor shows; `behind` begins in the anchor's tag.
fn shown_host(behind: &str) -> Option<String> {
    let text = &behind[behind.find('>')? + 1..];
    let text = &text[..text.find("</").unwrap_or(text.len())];
    let text = text.rsplit('>').next().unwrap_or_default().trim();
    if text.contains(char::is_whitespace) || text.contains('@') {
        return None;
    }
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = bare
        .split(['/', '?', '#', ':'])
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let top = host.rsplit('.').next().unwrap_or_default();
    let is_host = host.contains('.')
        && (2..=12).contains(&top.len())
        && top.bytes().all(|byte| byte.is_ascii_alphabetic())
        && (text.contains("://") || host.starts_with("www.") || text == host || bare.contains('/'));
    is_host.then_some(host)
}

fn parse(url: &str) -> Option<Link> {
    let (scheme, rest) = url.split_once(':')?;
    let scheme = scheme.trim().to_ascii_lowercase();
    match scheme.as_str() {
        "http" | "https" => {}
        "javascript" | "data" | "vbscript" => {
            return Some(Link {
                scheme,
                ..Link::default()
            });
        }
        _ => return None,
    }
    let rest = rest.trim_start_matches(['/', '\\']);
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (has_user, host) = match authority.rsplit_once('@') {
        Some((_, host)) => (true, host),
        None => (false, authority),
    };
    let (host, port) = match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') => (name, port.parse().ok()),
        _ => (host, None),
    };
    let host = host.trim_end_matches('.').to_lowercase();
    (!host.is_empty()).then(|| Link {
        host,
        scheme,
        has_user,
        port,
        path: path
            .split(['?', '#'])
            .next()
            .unwrap_or_default()
            .to_lowercase(),
        shown: None,
    })
}

/// Judges the links, each signal once.
pub(super) fn signals(letter: &Letter<'_>, links: &[Link]) -> Vec<Signal> {
    let author = letter.author();
    let mut found: Vec<Signal> = Vec::new();
    for link in links {
        for signal in of_link(letter, domain_of(&author), link) {
            if !found.iter().any(|known| known.name == signal.name) {
                found.push(signal);
            }
        }
    }
    let letters = letter
        .text
        .chars()
        .filter(|c| c.is_alphabetic())
        .take(LETTERS_FEW)
        .count();
    let is_wide = letter
        .text
        .chars()
        .take(LETTERS_FEW)
        .any(|c| c >= '\u{2e80}');
    if letters < LETTERS_FEW && !(is_wide && letters > LETTERS_FEW / 3) {
        let html = letter.html.map(|html| front(html, HTML_BYTES_MAX));
        if html.is_some_and(|html| html.contains("<img") || html.contains("<IMG")) {
            found.push(IMAGE_ONLY.plain());
        } else if !links.is_empty() {
            found.push(LINK_ONLY.plain());
        }
    }
    found
}

fn of_link(letter: &Letter<'_>, author: &str, link: &Link) -> Vec<Signal> {
    let host = link.host.as_str();
    if host.is_empty() {
        return vec![LINK_SCRIPT.told(link.scheme.as_str())];
    }
    let mut found = Vec::new();
    if let Some(shown) = &link.shown
        && registered(shown) != registered(host)
        && !is_wrapper(host)
    {
        // Newsletters count who follows their links; whoever shows another's host explains himself less well.
        let is_own = registered(shown) == registered(author);
        let is_bulk = letter.fields("list-unsubscribe").next().is_some();
        let kind = if is_own && is_bulk {
            LINK_SHOWS_AUTHOR
        } else {
            LINK_SHOWS_OTHER_HOST
        };
        found.push(kind.told(format!("{shown} leads to {host}")));
    }
    if is_of_own_network(host) {
        return found;
    }
    if is_address(host) {
        found.push(LINK_TO_ADDRESS.told(host));
        return found;
    }
    if link.has_user {
        found.push(LINK_WITH_USER.told(host));
    }
    let names = letter.our_domains.iter().copied().chain([author]);
    let borrowed = names
        .map(registered)
        .find(|name| name.contains('.') && registered(host) != *name && borrows(host, name));
    if let Some(name) = borrowed {
        found.push(LINK_BORROWS_NAME.told(format!("{name} in {host}")));
    }
    if registered(host) != registered(author) && imitates(host) {
        found.push(LINK_MIXED_SCRIPTS.told(host));
    }
    if is_shortener(host) {
        found.push(LINK_SHORTENED.told(host));
    }
    if link
        .port
        .is_some_and(|port| !matches!(port, 80 | 443 | 8080 | 8443))
    {
        found.push(LINK_ODD_PORT.told(host));
    }
    if host.matches('.').count() >= 5 || host.matches('-').count() >= 4 {
        found.push(LINK_MANY_LABELS.told(host));
    }
    if RUNS.iter().any(|ending| link.path.ends_with(ending)) {
        found.push(LINK_RUNS.told(host));
    }
    found
}

/// Tells whether a host has letters of several scripts, or of one other that could be read as Latin ones.
fn imitates(host: &str) -> bool {
    let is_foreign = !host.is_ascii() || host.split('.').any(|label| label.starts_with("xn--"));
    if !is_foreign {
        return false;
    }
    // What is no domain by any rule deceives by what it shows.
    let Ok(domain) = Domain::parse(host) else {
        return true;
    };
    let shown = domain.to_unicode();
    let mut labels = shown.split('.').filter(|label| !label.is_ascii());
    labels.any(|label| mixes_scripts(label) || label.chars().all(|c| latin_look(c).is_ascii()))
}

/// Tells a host that strangers cannot reach: programs of the recipient's own network write of it, and nobody is lured there.
fn is_of_own_network(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => {
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            is_shared || address.is_private() || address.is_loopback() || address.is_link_local()
        }
        Ok(IpAddr::V6(address)) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        // A number is an address in another notation.
        Err(_) => {
            let is_name = bare.bytes().any(|byte| byte.is_ascii_alphabetic());
            let is_single = !bare.contains(['.', ':']) && is_name && !bare.starts_with("0x");
            is_single || OWN_NETWORK.iter().any(|ending| bare.ends_with(ending))
        }
    }
}

/// Tells whether a host has another name in front of its own, at a label's begin.
fn borrows(host: &str, name: &str) -> bool {
    // The same name below a country's own order: shop.com and shop.com.au.
    let behind = registered(host).strip_prefix(name);
    if behind.is_some_and(|rest| rest.len() == 3 && rest.starts_with('.')) {
        return false;
    }
    host.match_indices(name).any(|(at, _)| {
        let begins = at == 0 || matches!(host.as_bytes()[at - 1], b'.' | b'-');
        begins && matches!(host.as_bytes().get(at + name.len()), Some(b'.' | b'-'))
    })
}

fn is_address(host: &str) -> bool {
    host.starts_with('[')
        || host
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        || host.starts_with("0x")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(html: &str) -> Vec<Link> {
        let mut links = Vec::new();
        of_html(html, &mut links);
        links
    }

    #[test]
    fn what_a_link_shows_is_compared_with_where_it_leads() {
        for (html, shown) in [
            (
                r#"<a href="https://evil.example/x">https://bank.example/login</a>"#,
                Some("bank.example"),
            ),
            (
                r#"<A HREF='https://evil.example'><b>www.bank.example</b></A>"#,
                Some("www.bank.example"),
            ),
            (
                "<a href=https://evil.example>bank.example</a>",
                Some("bank.example"),
            ),
            (r#"<a href="https://evil.example">Click here</a>"#, None),
            (r#"<a href="https://evil.example">Version 2.0</a>"#, None),
            (
                r#"<a href="https://evil.example">ann@bank.example</a>"#,
                None,
            ),
        ] {
            assert_eq!(links(html)[0].shown.as_deref(), shown, "{html}");
        }
    }

    #[test]
    fn hosts_are_found_however_they_are_wrapped() {
        for (url, host) in [
            ("https://user@evil.example:8081/a?b", "evil.example"),
            ("HTTP://EVIL.example.", "evil.example"),
            ("http:\\\\evil.example\\x", "evil.example"),
            ("https://[2001:db8::1]/", "[2001:db8::1]"),
        ] {
            assert_eq!(parse(url).unwrap().host, host, "{url}");
        }
        assert_eq!(parse("mailto:a@b.example"), None);
        assert_eq!(parse("javascript:alert(1)").unwrap().host, "");
    }

    #[test]
    fn links_in_plain_text_end_where_a_reader_ends_them() {
        let mut found = Vec::new();
        of_text(
            "See (https://shop.example/a). Or ñhttps://b.example, now",
            &mut found,
        );
        let hosts: Vec<&str> = found.iter().map(|link| link.host.as_str()).collect();
        assert_eq!(hosts, ["shop.example", "b.example"]);
    }
}
