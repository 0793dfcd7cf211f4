//! What text records say, as far as a check needs to know it.

/// Returns the tags of a record such as `v=DKIM1; k=rsa; p=…`, without the spaces around them.
fn tags(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(';')
        .filter_map(|tag| tag.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
}

fn tag<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    tags(text)
        .find(|(one, _)| *one == name)
        .map(|(_, value)| value)
}

/// Tells whether a record is of a version: its first tag says so.
pub(super) fn has_version(text: &str, version: &str) -> bool {
    tags(text).next() == Some(("v", version))
}

/// RFC 7208 4.5: the version is followed by a space or nothing.
pub(super) fn is_spf(text: &str) -> bool {
    let mut words = text.split(' ');
    words
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("v=spf1"))
}

/// RFC 9989 4.8: a record that does not begin with the version is none.
pub(super) fn is_dmarc(text: &str) -> bool {
    has_version(text, "DMARC1")
}

/// Tells whether a DMARC record has a policy that receivers know, or none but an address for reports.
pub(super) fn is_valid_dmarc(text: &str) -> bool {
    match tag(text, "p") {
        Some(policy) => ["none", "quarantine", "reject"]
            .iter()
            .any(|known| policy.eq_ignore_ascii_case(known)),
        None => tag(text, "rua").is_some(),
    }
}

/// Tells whether a published record has the key of another. RFC 6376 3.6.1: spaces within `p` mean nothing, the version
/// and the kind of key have defaults, and other tags do not change the key.
pub(super) fn is_same_key(published: &str, ours: &str) -> bool {
    let key =
        |text: &str| -> Option<String> { Some(tag(text, "p")?.split_ascii_whitespace().collect()) };
    let kind = |text: &str| tag(text, "k").unwrap_or("rsa").to_owned();
    let version = tag(published, "v").unwrap_or("DKIM1");
    version == "DKIM1" && kind(published) == kind(ours) && key(published) == key(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "v=DKIM1; k=rsa; p=MIIBIj";

    #[test]
    fn a_key_is_known_in_every_spelling_that_verifiers_take() {
        for same in [
            OURS,
            "p=MIIBIj",
            "v=DKIM1;k=rsa;t=s;p=MIIB Ij;",
            " v=DKIM1; p=MIIBIj ",
        ] {
            assert!(is_same_key(same, OURS), "{same}");
        }
        for other in [
            "v=DKIM1; k=rsa; p=",
            "v=DKIM1; k=ed25519; p=MIIBIj",
            "v=DKIM2; p=MIIBIj",
            "v=DKIM1; k=rsa; p=MIIBIk",
            "MIIBIj",
        ] {
            assert!(!is_same_key(other, OURS), "{other}");
        }
    }

    #[test]
    fn policies_are_told_from_other_texts() {
        assert!(is_spf("v=spf1 -all") && is_spf("V=SPF1"));
        assert!(!is_spf("v=spf10 -all") && !is_spf("spf2.0/pra"));
        assert!(is_dmarc("v=DMARC1;p=none") && !is_dmarc("p=none; v=DMARC1"));
        assert!(is_valid_dmarc("v=DMARC1; p=Reject"));
        assert!(is_valid_dmarc("v=DMARC1; rua=mailto:a@b.example"));
        assert!(!is_valid_dmarc("v=DMARC1") && !is_valid_dmarc("v=DMARC1; p=maybe"));
        assert!(has_version("v=STSv1; id=1", "STSv1") && !has_version("id=1; v=STSv1", "STSv1"));
    }
}
