//! Ids, addresses and vocabulary shared by every Posthouse crate; no I/O.
//!
//! What it does not do: parse messages (`posthouse-mime`), decide anything (`posthouse-mailroom`), or know a protocol.
//!
//! - [`ids`]: internal keys and the public ids sealed from them
//! - [`address`], [`domain`]: the one parsed address type of the product
//! - [`clock`]: the seam through which every crate learns the time
//! - [`folders`]: the six system folders and the names they answer to

pub mod address;
pub mod clock;
pub mod domain;
pub mod folders;
pub mod ids;
