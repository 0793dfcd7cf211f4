//! DNS block lists (RFC 5782), about addresses of peers and about domains.
//!
//! No list is built in: each sees who sends mail here, and each has terms for those who ask. The operator names those he
//! wants asked.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;

use crate::authentication::dns::Dns;

/// How long all lists together may take for one message.
pub const BLOCK_LIST_DEADLINE: Duration = Duration::from_secs(3);
/// Lists of each kind that are asked.
pub const BLOCK_LISTS_MAX: usize = 10;
/// What a listing counts when the operator says nothing else.
const SCORE_DEFAULT: f64 = 2.5;

/// A list, and what being on it counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Its name, in lower case.
    pub name: String,
    /// What a listing adds to a score.
    pub score: f64,
}

/// A text that names no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a zone, such as zen.example.org, or a zone with a score from 0.1 to 20, such as zen.example.org=3.5"
)]
pub struct BadZone;

impl std::str::FromStr for Zone {
    type Err = BadZone;

    fn from_str(text: &str) -> Result<Self, BadZone> {
        let (name, score) = match text.split_once('=') {
            Some((name, score)) => (name, score.trim().parse().map_err(|_| BadZone)?),
            None => (text, SCORE_DEFAULT),
        };
        let name = name.trim().trim_end_matches('.').to_ascii_lowercase();
        let is_name = name.len() <= 180
            && name.contains('.')
            && name.split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            });
        if !is_name || !(0.1..=20.0).contains(&score) {
            return Err(BadZone);
        }
        Ok(Self { name, score })
    }
}

/// Something that is on a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The list's name.
    pub zone: String,
    /// What it counts.
    pub score: f64,
    /// What is listed: an address or a domain.
    pub what: String,
}

/// The lists that are asked.
#[derive(Clone)]
pub struct BlockLists {
    dns: Arc<dyn Dns>,
    addresses: Vec<Zone>,
    domains: Vec<Zone>,
}

impl BlockLists {
    /// Takes the lists of addresses and those of domains; of each kind the first [`BLOCK_LISTS_MAX`].
    pub fn new(dns: Arc<dyn Dns>, mut addresses: Vec<Zone>, mut domains: Vec<Zone>) -> Self {
        addresses.truncate(BLOCK_LISTS_MAX);
        domains.truncate(BLOCK_LISTS_MAX);
        Self {
            dns,
            addresses,
            domains,
        }
    }

    /// Tells whether domains are asked about.
    pub fn asks_about_domains(&self) -> bool {
        !self.domains.is_empty()
    }

    /// Asks all lists of addresses about a peer, at once.
    pub async fn of_address(&self, peer: IpAddr) -> Vec<Listing> {
        let reversed = reversed(peer);
        let questions = self
            .addresses
            .iter()
            .map(|zone| (zone, reversed.as_str(), peer.to_string()));
        self.ask(questions.collect()).await
    }

    /// Asks all lists of domains about some domains, at once.
    pub async fn of_domains(&self, domains: &[String]) -> Vec<Listing> {
        let questions = domains.iter().flat_map(|domain| {
            let zones = self.domains.iter();
            zones.map(move |zone| (zone, domain.as_str(), domain.clone()))
        });
        self.ask(questions.collect()).await
    }

    async fn ask(&self, questions: Vec<(&Zone, &str, String)>) -> Vec<Listing> {
        let asked = questions.into_iter().map(|(zone, label, what)| async move {
            let name = format!("{label}.{}", zone.name);
            if name.len() > crate::limits::HOST_NAME_BYTES_MAX {
                return None;
            }
            let answer = timeout(BLOCK_LIST_DEADLINE, self.dns.a(&name)).await;
            let listed = answer.ok()?.ok()?.into_iter().any(is_listing);
            listed.then(|| Listing {
                zone: zone.name.clone(),
                score: zone.score,
                what,
            })
        });
        join_all(asked).await.into_iter().flatten().collect()
    }
}

/// RFC 5782 2.1: listings are answered from 127.0.0.0/8. Lists that refuse who asks say so from its last addresses, and
/// anything else is a resolver that makes answers up.
fn is_listing(answer: Ipv4Addr) -> bool {
    let [first, second, third, _] = answer.octets();
    first == 127 && (second, third) != (255, 255) && answer != Ipv4Addr::LOCALHOST
}

/// RFC 5782 2.1 and 2.4: octets, or nibbles, from the last to the first.
fn reversed(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}")
        }
        IpAddr::V6(address) => {
            let nibbles = address
                .octets()
                .into_iter()
                .rev()
                .flat_map(|octet| [octet & 15, octet >> 4]);
            let labels: Vec<String> = nibbles.map(|nibble| format!("{nibble:x}")).collect();
            labels.join(".")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authentication::dns::{Found, NotFound};

    #[test]
    fn addresses_are_asked_about_from_their_end() {
        let v6 = "2001:db8:1:2:3:4:567:89ab".parse().unwrap();
        assert_eq!(
            reversed(v6),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2"
        );
        assert_eq!(reversed("192.0.2.99".parse().unwrap()), "99.2.0.192");
        assert_eq!(reversed("::ffff:192.0.2.99".parse().unwrap()), "99.2.0.192");
    }

    /// A DNS in which everything is on `bad.example`, and `mute.example` never answers.
    struct Everything;

    impl Dns for Everything {
        fn txt<'a>(&'a self, _name: &'a str) -> Found<'a, Vec<u8>> {
            Box::pin(async { Err(NotFound::NoName) })
        }

        fn a<'a>(&'a self, name: &'a str) -> Found<'a, Ipv4Addr> {
            Box::pin(async move {
                if name.ends_with("mute.example") {
                    std::future::pending::<()>().await;
                }
                Ok(vec![Ipv4Addr::new(127, 0, 0, 2)])
            })
        }

        fn aaaa<'a>(&'a self, _name: &'a str) -> Found<'a, std::net::Ipv6Addr> {
            Box::pin(async { Err(NotFound::NoName) })
        }

        fn mx<'a>(&'a self, _name: &'a str) -> Found<'a, String> {
            Box::pin(async { Err(NotFound::NoName) })
        }

        fn ptr(&self, _address: IpAddr) -> Found<'_, String> {
            Box::pin(async { Err(NotFound::NoName) })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silent_lists_cost_one_deadline_however_many_they_are() {
        let zone = |name: &str| name.parse::<Zone>().unwrap();
        let mut zones = vec![zone("mute.example"); 5];
        zones.push(zone("bad.example"));
        let lists = BlockLists::new(Arc::new(Everything), zones, Vec::new());
        let begun = tokio::time::Instant::now();
        let listings = lists.of_address(IpAddr::from([192, 0, 2, 1])).await;
        assert_eq!(begun.elapsed(), BLOCK_LIST_DEADLINE);
        assert_eq!(listings.len(), 1);
        assert_eq!(listings[0].zone, "bad.example");
    }

    #[test]
    fn smtp_07_only_answers_that_mean_listed_are_listings() {
        for answer in ["127.0.0.2", "127.0.0.4", "127.0.1.2", "127.0.0.255"] {
            assert!(is_listing(answer.parse().unwrap()), "{answer}");
        }
        for answer in [
            "127.0.0.1",
            "127.255.255.254",
            "127.255.255.252",
            "192.0.2.1",
            "203.0.113.7",
            "0.0.0.0",
        ] {
            assert!(!is_listing(answer.parse().unwrap()), "{answer}");
        }
    }

    #[test]
    fn a_list_may_be_given_a_weight() {
        let zone: Zone = "ZEN.example.org.=3.5".parse().unwrap();
        assert_eq!((zone.name.as_str(), zone.score), ("zen.example.org", 3.5));
        assert_eq!("bl.example".parse::<Zone>().unwrap().score, SCORE_DEFAULT);
        for text in [
            "",
            "org",
            "a..b",
            "a b.example",
            "x.example=",
            "x.example=0",
            "x.example=inf",
            "x.example=NaN",
        ] {
            assert_eq!(text.parse::<Zone>(), Err(BadZone), "{text}");
        }
    }
}
