//! What TLS a message needs on its way, as its author said. RFC 8689.

use posthouse_store::tables::outbound::TlsNeed;

/// The field by which an author waives TLS.
const FIELD: &str = "TLS-Required";

/// Returns what a message needs. Who asked for TLS by the request gets it, whatever the header says.
pub(crate) fn of_message(requires_tls: bool, header_section: &[u8]) -> TlsNeed {
    if requires_tls {
        return TlsNeed::Required;
    }
    let fields = posthouse_mime::headers(header_section);
    let mut values = fields
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(FIELD));
    // RFC 8689 5: there once, and with this value; anything else says nothing
    match (values.next(), values.next()) {
        (Some((_, value)), None) if value.trim().eq_ignore_ascii_case("no") => TlsNeed::Waived,
        _ => TlsNeed::AsAsked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_waives_tls_by_one_field_and_requires_it_whatever_the_field_says() {
        for (header, expected) in [
            ("Subject: x\r\n\r\n", TlsNeed::AsAsked),
            ("TLS-Required: No\r\n\r\n", TlsNeed::Waived),
            ("tls-required:  no \r\n\r\n", TlsNeed::Waived),
            ("TLS-Required: Yes\r\n\r\n", TlsNeed::AsAsked),
            (
                "TLS-Required: No\r\nTLS-Required: No\r\n\r\n",
                TlsNeed::AsAsked,
            ),
        ] {
            assert_eq!(of_message(false, header.as_bytes()), expected, "{header}");
            assert_eq!(of_message(true, header.as_bytes()), TlsNeed::Required);
        }
    }
}
