//! The parser through its public functions: whole messages, and the message rows of the threat matrix.

mod messages;
mod threats;
