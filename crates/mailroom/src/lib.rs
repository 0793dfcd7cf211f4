//! The use cases of Posthouse: every rule of the product, once, with no protocol.
//!
//! A door (SMTP, HTTP) parses its protocol and calls one function here; a worker is handed work from here and reports
//! back. Nothing here knows a status code, a header of HTTP or an SMTP reply; nothing but this crate talks to the store.
//!
//! - [`Mailroom`]: the handle all use cases hang on
//! - [`actor`]: who asks, and what they may reach
//! - [`receive`]: a message arrives
//! - [`read`]: mailboxes are read
//! - [`refusal`]: why a use case was refused

pub mod actor;
pub mod read;
pub mod receive;
pub mod refusal;

mod mailroom;

pub use mailroom::{Mailroom, MailroomConfig};
pub use refusal::Refusal;
