//! The parser through its public functions: whole messages, and the message rows of the threat matrix.

mod field_threats;
mod messages;
mod reader;
mod structure_threats;
