//! The bounds of the guard.

/// Octets of text that are read of one message, its attached texts included. What lies beyond counts as a finding.
pub const SCANNED_BYTES_MAX: usize = 8 << 20;
/// Findings told of one detector; further ones change nothing.
pub const FINDINGS_PER_DETECTOR_MAX: usize = 10;
/// Octets that matching one pattern may cache.
pub const PATTERN_CACHE_BYTES_MAX: usize = 1 << 20;
/// Octets of a text that are decoded to learn whether a token is what it looks like.
pub const TOKEN_HEAD_BYTES_MAX: usize = 512;
/// Octets around digits in which words tell what they are.
pub const CONTEXT_BYTES_MAX: usize = 48;
/// Octets around digits in which those words are, with the tags of HTML between them.
pub const CONTEXT_MARKUP_BYTES_MAX: usize = 1_536;
