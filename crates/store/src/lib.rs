//! The store: SQL engines, blobs, change log, leases and queues.
