//! Service accounts: programs of the operator that sign their requests instead of showing an API key.
//!
//! The private half of a key is handed over once and kept nowhere. What a request is signed over, and why one signature
//! opens one request only, is in [`SignedRequest`].

mod authenticate;
mod create;

pub use authenticate::{SignedRequest, TIMESTAMP_SECONDS_MAX};
pub use create::{KeyFile, ServiceAccountView};
