//! Certificates: ordered from a real ACME server, and files that change.

mod authority;
mod files;
mod issue;
mod seen;
