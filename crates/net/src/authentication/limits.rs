//! Named bounds of authentication; each has its unit in its name or type.

/// Seconds for which a signature of ours is valid (`x=` minus `t=`): longer than any sensible retrying, short enough
/// that a captured message cannot be replayed for ever.
pub const SIGNATURE_LIFE_SECONDS: i64 = 10 * 24 * 60 * 60;

/// Header fields of a message that are looked at; a verdict over more would cost more than it tells.
pub const FIELDS_MAX: usize = 2_000;

/// The shortest RSA key of ours. RFC 8301 3.2: signers must use at least 1024 bits and should use at least 2048.
pub const OWN_RSA_BITS_MIN: u32 = 2_048;

/// The longest RSA key of ours: longer ones are not evaluated by everybody.
pub const OWN_RSA_BITS_MAX: u32 = 4_096;
