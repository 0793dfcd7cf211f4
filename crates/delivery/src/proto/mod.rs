//! SMTP as a client reads and writes it: no tokio, no clock, no log, total on any input.
//!
//! [`reply`] reads what a server says, however hostile; [`capabilities`] what it offers; [`command`] writes commands, and
//! [`content`] the message: the one place where dots are stuffed and line ends are made sure of.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::as_conversions)
)]

pub mod capabilities;
pub mod command;
pub mod content;
pub mod reply;
