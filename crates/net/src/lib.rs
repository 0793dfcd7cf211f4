//! DNS, TLS and the guarded HTTP client for outward calls.
