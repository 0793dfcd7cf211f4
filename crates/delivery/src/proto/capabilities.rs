//! What a server offers in its answer to EHLO.

use super::reply::Reply;

/// Extensions that this client makes use of. What a server claims and does not keep becomes an ordinary failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a keyword that is there or not"
)]
pub struct Capabilities {
    /// RFC 2920: commands may be sent before their predecessors are answered.
    pub pipelining: bool,
    /// RFC 3030: the message may be sent in counted chunks.
    pub chunking: bool,
    /// RFC 6152: octets above 127 are taken.
    pub eight_bit: bool,
    /// RFC 6531: addresses and headers in UTF-8 are taken.
    pub utf8: bool,
    /// RFC 3461: reports can be asked for.
    pub dsn: bool,
    /// RFC 3207: TLS can be begun.
    pub starttls: bool,
    /// RFC 8689: TLS can be required for the rest of the way.
    pub require_tls: bool,
    /// RFC 1870: the largest message in octets; 0 where the server only knows the parameter.
    pub size: Option<u64>,
    /// RFC 4954: the name and the password may be sent as they are.
    pub auth_plain: bool,
    /// The same in two steps, as old servers want it.
    pub auth_login: bool,
}

impl Capabilities {
    /// Reads the answer to EHLO; the first line is the server's name. Unknown keywords are passed over.
    #[must_use]
    pub fn read(reply: &Reply) -> Self {
        let mut found = Self::default();
        for line in reply.lines().iter().skip(1) {
            // Some servers write `AUTH=LOGIN`.
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
            match keyword.as_str() {
                "PIPELINING" => found.pipelining = true,
                "CHUNKING" => found.chunking = true,
                "8BITMIME" => found.eight_bit = true,
                "SMTPUTF8" => found.utf8 = true,
                "DSN" => found.dsn = true,
                "STARTTLS" => found.starttls = true,
                "REQUIRETLS" => found.require_tls = true,
                "SIZE" => {
                    let size = words.next().and_then(|digits| digits.parse().ok());
                    found.size = Some(size.unwrap_or(0));
                }
                "AUTH" => {
                    for mechanism in words {
                        found.auth_plain |= mechanism.eq_ignore_ascii_case("PLAIN");
                        found.auth_login |= mechanism.eq_ignore_ascii_case("LOGIN");
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// Whether the server has said that it takes no message of so many octets.
    #[must_use]
    pub fn refuses_size(&self, octets: usize) -> bool {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        self.size.is_some_and(|max| max > 0 && octets > max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::reply::ReplyParser;

    fn capabilities(text: &str) -> Capabilities {
        let reply = ReplyParser::default().read(text.as_bytes()).unwrap().reply;
        Capabilities::read(&reply.unwrap())
    }

    #[test]
    fn keywords_are_known_in_any_spelling_and_others_passed_over() {
        let found = capabilities(
            "250-mx.example says STARTTLS\r\n250-pipelining\r\n250-Size 1000\r\n250-AUTH=PLAIN login\r\n250-X-ODD 1\r\n250-\r\n250 SMTPUTF8\r\n",
        );
        let expected = Capabilities {
            pipelining: true,
            utf8: true,
            size: Some(1_000),
            auth_plain: true,
            auth_login: true,
            ..Capabilities::default()
        };
        assert_eq!(found, expected);
        assert!(found.refuses_size(1_001) && !found.refuses_size(1_000));
        assert!(!capabilities("250-x\r\n250 SIZE\r\n").refuses_size(usize::MAX));
        assert_eq!(capabilities("250 mx.example\r\n"), Capabilities::default());
    }
}
