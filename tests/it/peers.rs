//! Other people's mail programs deliver: swaks, and a private Postfix as a relaying peer.

mod postfix;
mod relay;
mod swaks;
