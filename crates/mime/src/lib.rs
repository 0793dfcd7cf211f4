//! Reads and builds Internet messages: headers, parts, text, thread keys; no I/O.
