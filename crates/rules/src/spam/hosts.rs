//! Host names, as far as they tell who is behind them.

/// Labels that stand between a name and its country, as in `shop.co.uk`.
const BETWEEN: &[&str] = &[
    "ac", "asn", "co", "com", "edu", "firm", "gen", "go", "gob", "gov", "gv", "id", "ind", "info",
    "ltd", "mil", "ne", "net", "nom", "or", "org", "plc", "sch",
];

/// Domains that give mailboxes to anybody.
const FREEMAIL: &[&str] = &[
    "126.com",
    "163.com",
    "aol.com",
    "bk.ru",
    "fastmail.com",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "inbox.ru",
    "laposte.net",
    "libero.it",
    "list.ru",
    "live.com",
    "mail.com",
    "mail.ru",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rambler.ru",
    "seznam.cz",
    "t-online.de",
    "tutanota.com",
    "ukr.net",
    "web.de",
    "wp.pl",
    "yahoo.co.jp",
    "yahoo.com",
    "yandex.com",
    "yandex.ru",
    "zoho.com",
    "zohomail.com",
];

/// Hosts that hide where a link leads.
const SHORTENERS: &[&str] = &[
    "bit.ly",
    "buff.ly",
    "clck.ru",
    "cutt.ly",
    "goo.gl",
    "is.gd",
    "ow.ly",
    "rb.gy",
    "rebrand.ly",
    "s.id",
    "shorturl.at",
    "t.co",
    "t.ly",
    "tiny.cc",
    "tinyurl.com",
    "u.to",
    "v.gd",
];

/// Hosts through which gateways of readers and writers have links checked: the text beside them shows the real host.
const WRAPPERS: &[&str] = &[
    "cudasvc.com",
    "mimecast.com",
    "mimecastprotect.com",
    "proofpoint.com",
    "safelinks.protection.outlook.com",
    "secure-web.cisco.com",
    "trendmicro.com",
    "urldefense.com",
];

/// Returns the part of a host name that somebody registered: its last two labels, or three below a country's own order.
///
/// A guess without a list of public suffixes: good enough to tell one owner from another, not to trust one.
pub(super) fn registered(host: &str) -> &str {
    let host = host.trim_end_matches('.');
    let mut starts = host.rmatch_indices('.').map(|(dot, _)| dot + 1);
    let (Some(last), Some(second)) = (starts.next(), starts.next()) else {
        return host;
    };
    let is_country = host.len() - last == 2;
    let between = &host[second..last - 1];
    if is_country && BETWEEN.contains(&between) {
        return starts.next().map_or(host, |third| &host[third..]);
    }
    &host[second..]
}

/// Tells whether anybody can have a mailbox there.
pub(super) fn is_freemail(domain: &str) -> bool {
    FREEMAIL.contains(&domain) || domain.starts_with("yahoo.") || domain.starts_with("hotmail.")
}

/// Tells whether a host redirects to where its visitors cannot see before.
pub(super) fn is_shortener(host: &str) -> bool {
    SHORTENERS.contains(&host)
}

/// Tells whether a host leads on to where it was told to after a check of its own.
pub(super) fn is_wrapper(host: &str) -> bool {
    WRAPPERS.iter().any(|wrapper| {
        let before = host.strip_suffix(wrapper);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// Returns the last label.
pub(super) fn top_level(host: &str) -> &str {
    host.rsplit('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_a_host_is_guessed() {
        for (host, owner) in [
            ("mail.shop.example", "shop.example"),
            ("www.shop.co.uk", "shop.co.uk"),
            ("shop.co.uk", "shop.co.uk"),
            ("co.uk", "co.uk"),
            ("a.b.c.com", "c.com"),
            ("localhost", "localhost"),
            ("", ""),
            ("x.com.", "x.com"),
        ] {
            assert_eq!(registered(host), owner, "{host}");
        }
    }
}
