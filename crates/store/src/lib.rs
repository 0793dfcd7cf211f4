//! The store: SQL engines, blobs, change log, leases and queues.
//!
//! Store code is written once, in plain closures over [`Tx`], for two engines: SQLite inside the process (one writer
//! thread that commits many closures with one fsync) and PostgreSQL. Nothing answers success before its commit returned.
//!
//! It holds no rule of the product and knows no protocol: `posthouse-mailroom` decides, this crate keeps.
//!
//! - [`sql`]: the vocabulary of store code: [`Tx`], [`Param`], [`Row`]
//! - [`engine`]: the two engines and the few places where they differ
//! - [`migrations`]: numbered, forward-only
//! - [`tables`]: one file per table family
//! - [`blobs`]: raw messages, inline or in a directory or bucket
//! - [`changes`]: the change log and its durable cursors
//! - [`leases`]: names held by one process at a time

pub mod blobs;
pub mod changes;
mod clock;
pub mod engine;
mod error;
pub mod leases;
pub mod limits;
pub mod migrations;
pub mod sql;
mod store;
pub mod tables;

pub use error::StoreError;
pub use sql::{Param, Row, Tx};
pub use store::{IndexSide, Store, StoreConfig};
