//! The sending side: one lean client, and the generator that runs many of them.

pub mod client;
pub mod load;
