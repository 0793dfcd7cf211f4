//! DNS, TLS and the guarded HTTP client for outward calls.
//!
//! This is the only crate that opens outward sockets. Whoever wants to reach an address that an outsider
//! chose (a webhook, a challenge, later a policy document or a calendar) goes through [`http::GuardedClient`]
//! and through nothing else, because "check the URL, then fetch it" can be tricked by a name that answers
//! differently the second time. Here the check sits *inside* the connector: a name is resolved once, every
//! answer is classified, and the socket is opened to the very address that passed.
//!
//! The crate knows nothing of mail, tenants or the store, follows no redirect, reads no proxy variable and
//! unpacks no compression.
//!
//! | module | what it is for |
//! |---|---|
//! | [`acme`] | certificates from an authority |
//! | [`address_class`] | is this IP address one of the public internet, and if not, why |
//! | [`authentication`] | DKIM signatures of ours, and what a message's own SPF, DKIM, DMARC and ARC say |
//! | [`cidr`] | address ranges, as in `--allow-net` |
//! | [`guard`] | the operator's policy, the rules for URLs, and the reasons for a refusal |
//! | [`http`] | the client itself: connector, small pool, one exchange |
//! | [`dns_update`] | records are put into a zone by DNS UPDATE |
//! | [`probe`] | whether mail servers can be reached from here |
//! | [`request_signing`] | RSA signatures under requests of service accounts |
//! | [`resolver`] | names to addresses, behind a trait that tests replace |
//! | [`scanners`] | block lists, spam and virus scanners that the operator names |
//! | [`tls`] | server and client configurations, certificates from files or self-signed |
//! | [`tls_policy`] | how securely mail is handed to another server: DANE, MTA-STS, REQUIRETLS |
//! | [`rate`] | the prefix-keyed limiters that every door shares |
//!
//! ```
//! use std::net::IpAddr;
//! use posthouse_net::address_class::{AddressClass, NotGlobal, classify};
//!
//! let metadata_service: IpAddr = "169.254.169.254".parse()?;
//! assert_eq!(classify(metadata_service), AddressClass::NotGlobal(NotGlobal::LinkLocal));
//! assert_eq!(classify("9.9.9.9".parse()?), AddressClass::Global);
//! # Ok::<(), std::net::AddrParseError>(())
//! ```

pub mod acme;
pub mod address_class;
pub mod aggregate_reports;
pub mod authentication;
pub mod cidr;
pub mod dns_update;
pub mod guard;
pub mod http;
pub mod limits;
pub mod probe;
pub mod rate;
pub mod request_signing;
pub mod resolver;
pub mod scanners;
pub mod telemetry;
pub mod tls;
pub mod tls_policy;
