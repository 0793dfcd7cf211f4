//! Others who know something about mail: block lists in the DNS, and scanners that the operator runs.
//!
//! | module | whom it asks |
//! |---|---|
//! | [`block_list`] | DNS block lists, about a peer's address and about domains that links lead to |
//! | [`rspamd`] | rspamd over HTTP, `/checkv2` |
//! | [`spamassassin`] | SpamAssassin's spamd by its own protocol |
//! | [`clamd`] | ClamAV's clamd, the bytes streamed to it |
//!
//! Each question has a deadline, each answer a bound. What a silent scanner means is for the caller to decide.

pub mod block_list;
pub mod clamd;
mod place;
pub mod rspamd;
pub mod spamassassin;

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;

pub use place::{BadPlace, Place};

/// How long a scanner may take for one message.
pub const SCAN_DEADLINE: Duration = Duration::from_secs(20);
/// Bytes of a scanner's answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Names of rules that are kept of an answer.
const RULES_MAX: usize = 40;

/// A message for a scanner.
#[derive(Debug, Clone)]
pub struct Specimen {
    /// The message, byte for byte.
    pub raw: Bytes,
    /// Who brought it.
    pub peer: IpAddr,
    /// What the peer called itself.
    pub helo: String,
    /// The envelope sender; empty for the null sender.
    pub envelope_from: String,
    /// The envelope recipients.
    pub recipients: Vec<String>,
}

/// What a spam scanner made of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// Its score.
    pub score: f64,
    /// The score from which it calls mail spam.
    pub required: f64,
    /// Names of the rules that matched.
    pub rules: Vec<String>,
}

/// Why a scanner said nothing that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// It could not be reached, or hung up.
    #[error("cannot talk to it: {0}")]
    Io(#[from] std::io::Error),
    /// It did not answer in time.
    #[error("it did not answer in time")]
    Timeout,
    /// It has no address.
    #[error("its name has no address")]
    NoAddress,
    /// What it said cannot be understood, or is an error.
    #[error("it answered {0:?}")]
    Answer(String),
}

impl ScanError {
    fn answer(text: impl AsRef<[u8]>) -> Self {
        let text = String::from_utf8_lossy(text.as_ref());
        Self::Answer(text.chars().take(200).collect())
    }
}

/// Tells a text that can stand in a line of a protocol.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(512).collect()
}
