//! End-to-end tests: the real binary, seen from outside.

mod founding_page;
mod sdk;
