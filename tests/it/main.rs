//! End-to-end tests: the real binary, seen from outside.
