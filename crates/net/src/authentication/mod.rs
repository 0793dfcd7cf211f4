//! Who really sent a message: our signatures on what leaves, and what SPF, DKIM, DMARC and ARC say of what arrives.
//!
//! Nothing here knows of tenants or the store.
//!
//! | module | what it is for |
//! |---|---|
//! | [`key`] | a domain's signing key: generation, PKCS#8, the record to publish |
//! | [`sign()`] | DKIM-Signature fields for a message that leaves |
//! | [`authenticator`] | the one question, asked of everything below within one budget of time |
//! | [`verdict`] | the answers, in the words of RFC 8601 |
//! | [`spf`], [`dmarc`] | the protocols; DKIM and ARC are private beside them |
//! | [`results_header`] | the Authentication-Results field: ours written, forged ones removed |
//! | [`dns`] | the questions that are asked, behind a trait that tests replace |
//! | [`fields`] | the header section as raw fields, byte for byte |
//! | [`canon`] | the canonical forms that signatures are made over |
//!
//! ```
//! use posthouse_net::authentication::{DkimKey, KeyAlgorithm, Signer, sign};
//!
//! let key = DkimKey::generate(KeyAlgorithm::Ed25519Sha256, 256)?;
//! let signer = Signer::new("example.org", "ph1e", &key);
//! let message = b"From: agent@example.org\r\nSubject: hello\r\n\r\nHi.\r\n";
//! let lines = sign(&[signer], message, 1_700_000_000)?;
//! assert!(lines.starts_with(b"DKIM-Signature: v=1; a=ed25519-sha256;"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arc;
pub mod authenticator;
pub mod canon;
mod dkim;
pub mod dmarc;
pub mod dns;
mod domain;
pub mod fields;
pub mod key;
pub mod limits;
mod public_key;
pub mod results_header;
pub mod sign;
pub mod spf;
#[cfg(test)]
mod table;
mod tags;
pub mod verdict;

pub use authenticator::{Authenticator, Envelope};

pub use key::{DkimKey, KeyAlgorithm, KeyError};
pub use sign::{SignError, Signer, sign};
pub use verdict::Verdicts;
