//! From a domain to the servers that take its mail. RFC 5321 5.1, RFC 7505.

use posthouse_net::resolver::Exchange;
use posthouse_types::domain::Domain;
use rand::seq::SliceRandom;

use crate::limits::{HOSTS_PER_ATTEMPT_MAX, MX_RECORDS_MAX};

/// Why a domain has no server for us.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRoute {
    /// It says that it takes no mail.
    #[error("556 5.1.10 {domain} takes no mail")]
    TakesNoMail {
        /// The domain.
        domain: String,
    },
    /// Its best servers are this one: mail would go in circles.
    #[error("554 5.4.6 mail for {domain} leads back here")]
    LoopsBack {
        /// The domain.
        domain: String,
    },
    /// What it names are no host names.
    #[error("550 5.4.4 {domain} names no usable mail server")]
    NoUsableHost {
        /// The domain.
        domain: String,
    },
}

/// Returns the hosts to be tried, in this order: the most preferred first, equals by chance. Without records it is the
/// domain itself.
///
/// # Errors
/// [`NoRoute`]; asking again soon is of no use.
pub fn order(
    domain: &str,
    own_name: &str,
    mut records: Vec<Exchange>,
    chance: &mut impl rand::Rng,
) -> Result<Vec<String>, NoRoute> {
    if records.is_empty() {
        return Ok(vec![domain.to_owned()]);
    }
    let domain = || domain.to_owned();
    records.truncate(MX_RECORDS_MAX);
    // RFC 7505 3: a null MX stands alone; beside others it means nothing.
    if records.iter().all(|record| record.host.is_empty()) {
        return Err(NoRoute::TakesNoMail { domain: domain() });
    }
    // SMTP-07: what is no host name is not looked up, not printed and not connected to.
    records.retain(|record| Domain::parse(&record.host).is_ok());
    if records.is_empty() {
        return Err(NoRoute::NoUsableHost { domain: domain() });
    }
    // RFC 5321 5.1: where this server is listed, only those that are preferred to it are asked.
    let own = records
        .iter()
        .filter(|record| record.host.eq_ignore_ascii_case(own_name));
    if let Some(limit) = own.map(|record| record.preference).min() {
        records.retain(|record| record.preference < limit);
    }
    if records.is_empty() {
        return Err(NoRoute::LoopsBack { domain: domain() });
    }
    records.shuffle(chance);
    records.sort_by_key(|record| record.preference);
    let mut hosts: Vec<String> = Vec::with_capacity(HOSTS_PER_ATTEMPT_MAX);
    for record in records {
        if hosts.len() < HOSTS_PER_ATTEMPT_MAX && !hosts.contains(&record.host) {
            hosts.push(record.host);
        }
    }
    Ok(hosts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(of: &[(u16, &str)]) -> Vec<Exchange> {
        let one = |(preference, host): &(u16, &str)| Exchange {
            preference: *preference,
            host: (*host).to_owned(),
        };
        of.iter().map(one).collect()
    }

    fn hosts(of: &[(u16, &str)]) -> Result<Vec<String>, NoRoute> {
        order(
            "shop.example",
            "mx.ours.example",
            records(of),
            &mut rand::rng(),
        )
    }

    fn names(of: &[&str]) -> Vec<String> {
        of.iter().map(|name| (*name).to_owned()).collect()
    }

    fn domain() -> String {
        "shop.example".to_owned()
    }

    #[test]
    fn preferred_hosts_come_first_and_the_domain_stands_in_for_missing_records() {
        let found = hosts(&[
            (20, "b.example"),
            (10, "a.example"),
            (30, "c.example"),
            (40, "a.example"),
        ]);
        assert_eq!(found, Ok(names(&["a.example", "b.example", "c.example"])));
        assert_eq!(hosts(&[]), Ok(names(&["shop.example"])));
    }

    #[test]
    fn equals_are_shuffled() {
        let equal = [(5, "a.example"), (5, "b.example"), (9, "z.example")];
        let seen: std::collections::BTreeSet<Vec<String>> =
            (0..200).map(|_| hosts(&equal).unwrap()).collect();
        let expected = [
            names(&["a.example", "b.example", "z.example"]),
            names(&["b.example", "a.example", "z.example"]),
        ];
        assert_eq!(seen, expected.into());
    }

    #[test]
    fn a_null_mx_takes_no_mail_unless_it_stands_beside_others() {
        assert_eq!(
            hosts(&[(0, "")]),
            Err(NoRoute::TakesNoMail { domain: domain() })
        );
        assert_eq!(
            hosts(&[(0, ""), (9, "a.example")]),
            Ok(names(&["a.example"]))
        );
    }

    #[test]
    fn smtp_12_servers_behind_ourselves_are_left_out_and_our_own_domain_is_a_loop() {
        let behind = [
            (10, "a.example"),
            (20, "MX.Ours.Example"),
            (20, "b.example"),
            (30, "c.example"),
        ];
        assert_eq!(hosts(&behind), Ok(names(&["a.example"])));
        assert_eq!(
            hosts(&[(10, "mx.ours.example"), (10, "b.example")]),
            Err(NoRoute::LoopsBack { domain: domain() })
        );
    }

    #[test]
    fn smtp_07_names_that_are_none_are_dropped_and_their_number_is_bounded() {
        for odd in [
            "a\u{0}.example",
            "a b.example",
            "127.0.0.1",
            "-a-.example",
            "a..example",
        ] {
            assert_eq!(
                hosts(&[(1, odd)]),
                Err(NoRoute::NoUsableHost { domain: domain() }),
                "{odd:?}"
            );
        }
        let many: Vec<String> = (0..1_000)
            .map(|number| format!("h{number}.example"))
            .collect();
        let many: Vec<(u16, &str)> = many.iter().map(|name| (1, name.as_str())).collect();
        assert_eq!(hosts(&many).unwrap().len(), HOSTS_PER_ATTEMPT_MAX);
    }
}
