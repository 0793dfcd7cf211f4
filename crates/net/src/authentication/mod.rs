//! Who really sent a message: DKIM keys and signatures.
//!
//! Nothing here knows of tenants or the store.
//!
//! | module | what it is for |
//! |---|---|
//! | [`key`] | a domain's signing key: generation, PKCS#8, the record to publish |
//! | [`sign`] | DKIM-Signature fields for a message that leaves |
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

pub mod canon;
pub mod fields;
pub mod key;
pub mod limits;
pub mod sign;

pub use key::{DkimKey, KeyAlgorithm, KeyError};
pub use sign::{SignError, Signer, sign};
