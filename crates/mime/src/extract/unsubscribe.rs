//! How to leave a mailing list: RFC 2369 and RFC 8058.

use crate::fields::headers;
use crate::limits::HTML_ATTRIBUTE_BYTES_MAX;

/// Addresses of one field that are looked at.
const ADDRESSES_MAX: usize = 20;

/// What the header of a message offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListUnsubscribe {
    /// The first web address.
    pub http: Option<String>,
    /// What follows `mailto:` in the first mail address: the address, and a subject if one is asked for.
    pub mailto: Option<String>,
    /// RFC 8058: one POST to the web address is enough.
    pub one_click: bool,
}

/// Reads the fields of a header; none when there is no address that anybody could use.
pub(super) fn read(raw: &[u8]) -> Option<ListUnsubscribe> {
    let mut found = ListUnsubscribe::default();
    let mut post = false;
    for (name, value) in headers(raw) {
        if name.eq_ignore_ascii_case("List-Unsubscribe") {
            take_addresses(&value, &mut found);
        } else if name.eq_ignore_ascii_case("List-Unsubscribe-Post") {
            // RFC 8058 3.1: the field has this one pair.
            post |= value
                .trim()
                .eq_ignore_ascii_case("List-Unsubscribe=One-Click");
        }
    }
    if found.http.is_none() && found.mailto.is_none() {
        return None;
    }
    // RFC 8058 3.1: the address of the POST is an https one.
    found.one_click = post
        && found.http.as_ref().is_some_and(|url| {
            url.get(..8)
                .is_some_and(|head| head.eq_ignore_ascii_case("https://"))
        });
    Some(found)
}

/// RFC 2369 2: addresses stand in angle brackets, the preferred one first; comments and white space are passed over.
fn take_addresses(value: &str, found: &mut ListUnsubscribe) {
    for piece in value.split('<').skip(1).take(ADDRESSES_MAX) {
        let Some((address, _)) = piece.split_once('>') else {
            continue;
        };
        let address: String = address.chars().filter(|c| !c.is_whitespace()).collect();
        if address.len() > HTML_ATTRIBUTE_BYTES_MAX {
            continue;
        }
        let mail = address
            .get(..7)
            .filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
        if mail.is_some() && address[7..].contains('@') {
            found.mailto.get_or_insert_with(|| address[7..].to_owned());
        } else if let Some(url) = super::links::web(&address) {
            found.http.get_or_insert(url);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &str) -> Option<ListUnsubscribe> {
        read(format!("{header}\r\n\r\nbody").as_bytes())
    }

    #[test]
    fn addresses_are_read_and_one_click_needs_both_fields() {
        let both = "List-Unsubscribe: (first) <mailto:u@app.example?subject=off>,\r\n <https://app.example/u/1>";
        let list = of(both).unwrap();
        assert_eq!(list.mailto.as_deref(), Some("u@app.example?subject=off"));
        assert_eq!(list.http.as_deref(), Some("https://app.example/u/1"));
        assert!(!list.one_click);
        let post = "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click";
        assert!(of(&format!("{both}{post}")).unwrap().one_click);
        let plain = "List-Unsubscribe: <http://app.example/u/1>";
        assert!(!of(&format!("{plain}{post}")).unwrap().one_click);
        for nothing in [
            "Subject: x",
            "List-Unsubscribe: NO",
            "List-Unsubscribe: <",
            "List-Unsubscribe: <ftp://x/>",
            "List-Unsubscribe: <mailto:>",
        ] {
            assert_eq!(of(nothing), None, "{nothing}");
        }
    }
}
