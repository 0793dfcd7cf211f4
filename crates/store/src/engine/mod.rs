//! The two engines and the few places where they differ.

mod dialect;
pub(crate) mod full_text;
pub mod postgres;
pub mod sqlite;

pub use dialect::Dialect;
