//! The Posthouse binary: server and command line.
fn main() {}
