//! SMTP as bytes and values: no tokio, no clock, no log, total on any input.
//!
//! [`mod@line`] cuts command lines, [`command`] reads them into typed commands, [`data`] finds the end of DATA, [`content`] checks what
//! arrived on the way, [`reply`] writes answers and [`transaction`] says which command may follow which.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::as_conversions)
)]

pub mod command;
pub mod content;
pub mod data;
mod dsn;
pub mod line;
mod parameters;
mod path;
pub mod reply;
pub mod transaction;
