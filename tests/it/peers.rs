//! Other people's mail programs deliver: swaks, and a private Postfix as a relaying peer.

pub mod postfix;
mod relay;
mod swaks;
