//! What rules made of an account's messages: why each went where it went.
//!
//! They are written by `govern`, in the transaction of their message, wherever a rule was asked.

mod expire;
mod list;

pub use list::{EvaluationFilter, EvaluationPage, EvaluationView};

/// Where messages are when rules look at them, as it is named.
pub const STAGES: [&str; 3] = ["smtp_rcpt", "inbox_processing", "outbound_send"];

/// What comes of it, as filters name it.
pub const OUTCOMES: [&str; 4] = ["deliver", "block", "hold", "error"];
