//! The parser through its public functions: whole messages, and the message rows of the threat matrix.

mod cleaning;
mod downgrade;
mod extraction;
mod field_threats;
mod messages;
mod reader;
mod reports;
mod roundtrip;
mod structure_threats;
mod writing;
