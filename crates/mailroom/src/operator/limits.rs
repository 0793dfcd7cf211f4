//! Every bound of mail to the operator, with its unit in its name.

/// Messages that one process passes on to the operator in an hour.
pub(super) const FORWARDS_PER_HOUR_MAX: u32 = 200;

/// Bytes of them.
pub(super) const FORWARDED_BYTES_PER_HOUR_MAX: usize = 256 * 1024 * 1024;

/// Messages above this size are compressed away from the async threads.
pub(super) const INLINE_WORK_BYTES_MAX: usize = 64 * 1024;
