//! The use cases over a real store: on SQLite, and on PostgreSQL when `POSTHOUSE_TEST_POSTGRES` names one.

mod reading;
mod receiving;
mod support;
mod threading;
