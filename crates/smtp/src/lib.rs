//! The SMTP door: receives mail from other mail servers (an MX, port 25), and nothing else.
//!
//! It speaks the protocol and enforces its limits; who exists, what is stored and when a message is safe is decided behind the
//! [`Intake`] trait, which the mailroom implements. A `250` after message data is written only after [`Intake::receive`] has
//! returned, so the promise "accepted means durable" is the mailroom's, kept here by order of statements alone.
//!
//! What it does not do: authenticate senders, submit or relay mail, touch the store.
//!
//! - [`proto`]: bytes to commands, replies to bytes; pure, property-tested and fuzzed
//! - [`session`]: one connection, one file per verb
//! - [`listener`]: accepting connections, connection limits, graceful stop
//! - [`intake`]: what a session needs from the rest of the product
//! - [`limits`]: every bound
//!
//! ```
//! use posthouse_smtp::proto::command::{Command, parse};
//!
//! let Ok(Command::Mail(mail)) = parse(b"MAIL FROM:<ann@example.com> SIZE=2048") else { panic!("not read as MAIL") };
//! assert_eq!(mail.sender.map(|sender| sender.as_str().to_owned()).as_deref(), Some("ann@example.com"));
//! assert_eq!(mail.parameters.size, Some(2_048));
//! ```

pub mod config;
pub mod intake;
pub mod limits;
pub mod listener;
pub mod proto;
pub mod session;
pub mod telemetry;

pub use config::SmtpConfig;
pub use intake::Intake;
pub use listener::serve;
