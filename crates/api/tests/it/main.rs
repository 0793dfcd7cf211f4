//! The HTTP door over a real embedded store, without a socket where none is needed.

mod conventions;
mod door;
mod sockets;
