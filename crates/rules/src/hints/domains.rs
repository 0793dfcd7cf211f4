//! Domains that look like others, and names and texts that show another address than the real one.

use posthouse_types::domain::Domain;

use super::Found;
use super::skeleton::{mixes_scripts, passes_for_latin, skeleton};

/// Letters of a label from which one letter more or less is no other word.
const NEAR_LETTERS_MIN: usize = 6;

/// Looks at one mailbox.
pub(super) fn of_mailbox(name: &str, address: &str, known: &[String]) -> Vec<Found> {
    let mut found = Vec::new();
    let domain = address.rsplit_once('@').map(|(_, domain)| domain);
    let domain = domain.unwrap_or_default();
    found.extend(of_domain(domain, known));
    if let Some(shown) = address_in(name)
        && !shown.eq_ignore_ascii_case(address)
    {
        found.push(Found {
            code: "name_shows_other_address",
            position: position(name, shown),
            excerpt: shown.to_owned(),
            detail: format!("the name shows {shown}, the address is {address}"),
        });
    }
    if name
        .split(|c: char| !c.is_alphanumeric())
        .any(mixes_scripts)
    {
        found.push(Found {
            code: "mixed_scripts",
            position: 0,
            excerpt: name.to_owned(),
            detail: "the name mixes letters of scripts that look alike".to_owned(),
        });
    }
    found
}

/// Looks at one link.
pub(super) fn of_link(url: &str, text: &str, known: &[String]) -> Vec<Found> {
    let Some(host) = host_of(url) else {
        return Vec::new();
    };
    let mut found: Vec<Found> = of_domain(host, known).into_iter().collect();
    let shown = text.trim();
    let looks_like_address = !shown.contains(char::is_whitespace) && shown.contains('.');
    let shown_host = if looks_like_address {
        host_of(shown).or_else(|| host_of_bare(shown))
    } else {
        None
    };
    if let Some(shown_host) = shown_host {
        let (real, said) = (plain(host), plain(shown_host));
        if !is_within(&real, &said) && !is_within(&said, &real) {
            found.push(Found {
                code: "link_shows_other_host",
                position: 0,
                excerpt: shown.to_owned(),
                detail: format!("the text shows {said}, the link leads to {real}"),
            });
        }
    }
    found
}

/// Looks at one domain.
fn of_domain(written: &str, known: &[String]) -> Option<Found> {
    let domain = plain(written);
    let is_known = |domain: &str| known.iter().any(|one| is_within(domain, one));
    if domain.is_empty() || is_known(&domain) {
        return None;
    }
    let shown =
        Domain::parse(&domain).map_or(domain.clone(), |domain| domain.to_unicode().into_owned());
    let told = |code, detail| {
        Some(Found {
            code,
            position: 0,
            excerpt: shown.clone(),
            detail,
        })
    };
    if let Some(other) = known.iter().find(|other| resembles(&shown, &domain, other)) {
        let detail = format!("{shown} ({domain}) looks like {other}, and is another domain");
        return told("lookalike_domain", detail);
    }
    let mut labels = shown.split('.');
    if labels.clone().any(mixes_scripts) {
        let detail = format!("{shown} ({domain}) mixes letters of scripts that look alike");
        return told("mixed_scripts", detail);
    }
    if labels.any(passes_for_latin) {
        let detail = format!("{shown} ({domain}) has letters that look like Latin ones");
        return told("lookalike_domain", detail);
    }
    None
}

/// Tells whether people could take a domain for one that they know.
fn resembles(shown: &str, domain: &str, known: &str) -> bool {
    let known_shown =
        Domain::parse(known).map_or(known.to_owned(), |one| one.to_unicode().into_owned());
    let looks = |text: &str| text.split('.').map(skeleton).collect::<Vec<_>>().join(".");
    if looks(shown) == looks(&known_shown) {
        return true;
    }
    // As a part of something else: `shop.example.evil.test`, `shop-example.test`.
    if domain.starts_with(&format!("{known}.")) {
        return true;
    }
    let (Some((name, end)), Some((known_name, known_end))) =
        (shown.rsplit_once('.'), known_shown.rsplit_once('.'))
    else {
        return false;
    };
    let dashed = known_shown.replace('.', "-");
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let (own, other) = (last(name), last(known_name));
    own == dashed || (end == known_end && is_near(&own, &other))
}

/// Tells whether a letter is missing, added, changed or swapped.
fn is_near(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().min(other.len()) < NEAR_LETTERS_MIN || one.len().abs_diff(other.len()) > 1 {
        return false;
    }
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (a, b) = (&one[same..], &other[same..]);
    if a.is_empty() && b.is_empty() {
        return false;
    }
    let rest = |list: &[char], skip: usize| list.get(skip..).unwrap_or_default().to_vec();
    let swapped = a.len() > 1 && b.len() > 1 && a[0] == b[1] && a[1] == b[0];
    rest(a, 1) == rest(b, 1)
        || rest(a, 1) == b
        || a == rest(b, 1)
        || (swapped && rest(a, 2) == rest(b, 2))
}

/// Returns a domain as A-labels, without the final dot.
fn plain(domain: &str) -> String {
    let domain = domain.trim().trim_end_matches('.');
    match Domain::parse(domain) {
        Ok(domain) => domain.as_str().to_owned(),
        Err(_) => domain.to_lowercase(),
    }
}

fn is_within(domain: &str, parent: &str) -> bool {
    let above = domain.strip_suffix(parent);
    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

fn host_of(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.chars().all(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?;
    (!host.is_empty()).then_some(host)
}

/// Returns the host of an address that begins without a scheme.
fn host_of_bare(text: &str) -> Option<&str> {
    let host = text.split(['/', '?', '#', ':']).next()?;
    let labels = host.split('.');
    let fits =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let end = labels.clone().next_back()?;
    let is_domain = labels.clone().count() > 1
        && labels.clone().all(fits)
        && end.len() > 1
        && !end.chars().any(|c| c.is_ascii_digit());
    // A file's name is no host.
    const FILES: [&str; 8] = ["pdf", "doc", "docx", "xls", "xlsx", "zip", "txt", "html"];
    (is_domain && !FILES.contains(&end.to_lowercase().as_str())).then_some(host)
}

/// Returns an address that a name shows.
fn address_in(name: &str) -> Option<&str> {
    name.split(|c: char| c.is_whitespace() || "<>()[]\"',;".contains(c))
        .find(|word| {
            let parts = word.split_once('@');
            parts.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
        })
}

fn position(text: &str, part: &str) -> usize {
    let at = text.find(part).unwrap_or_default();
    text[..at].chars().count()
}
