//! The worker over an embedded store, and receivers on loopback that behave as tests tell them to.

mod delivering;
mod destinations;
mod guarded;
mod isolation;
mod office;
mod receiver;
mod surviving;
