//! The worker over an embedded store, and receivers on loopback that behave as tests tell them to.
//!
//! What several processes do over one store is tested when `POSTHOUSE_TEST_POSTGRES` names a PostgreSQL server.

mod clustered;
mod delivering;
mod destinations;
mod guarded;
mod isolation;
mod office;
mod organised;
mod receiver;
mod surviving;
