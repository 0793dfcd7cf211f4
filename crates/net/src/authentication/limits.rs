//! Named bounds of authentication; each has its unit in its name or type.

use std::time::Duration;

/// Seconds for which a signature of ours is valid (`x=` minus `t=`): longer than any sensible retrying, short enough
/// that a captured message cannot be replayed for ever.
pub const SIGNATURE_LIFE_SECONDS: i64 = 10 * 24 * 60 * 60;

/// Header fields of a message that are looked at; a verdict over more would cost more than it tells.
pub const FIELDS_MAX: usize = 2_000;

/// The shortest RSA key of ours. RFC 8301 3.2: signers must use at least 1024 bits and should use at least 2048.
pub const OWN_RSA_BITS_MIN: u32 = 2_048;

/// The longest RSA key of ours: longer ones are not evaluated by everybody.
pub const OWN_RSA_BITS_MAX: u32 = 4_096;

/// Terms of SPF records that ask the DNS, for one evaluation. RFC 7208 4.6.4: ten.
pub const SPF_LOOKUPS_MAX: usize = 10;

/// Questions of one SPF evaluation that may stay without an answer. RFC 7208 4.6.4: two.
pub const SPF_VOID_LOOKUPS_MAX: usize = 2;

/// Hosts of an `mx` term. RFC 7208 4.6.4: ten, and more is an error.
pub const SPF_EXCHANGES_MAX: usize = 10;

/// Names of the peer that are looked at. RFC 7208 4.6.4: ten, and the others are ignored.
pub const SPF_NAMES_MAX: usize = 10;

/// Bytes that the macros of one term may become.
pub const SPF_MACRO_OUTPUT_BYTES_MAX: usize = 16 * 1024;

/// DKIM signatures of a message that are evaluated.
pub const DKIM_SIGNATURES_VERIFY_MAX: usize = 8;

/// Records of one key name that are looked at.
pub const DKIM_KEY_RECORDS_MAX: usize = 4;

/// Bytes of a key record, or of any other tag list.
pub const TAG_LIST_BYTES_MAX: usize = 16 * 1024;

/// Tags of one list.
pub const TAGS_MAX: usize = 64;

/// The shortest RSA key that proves anything. RFC 8301 3.2: 1024 bits.
pub const RSA_VERIFY_BITS_MIN: usize = 1_024;

/// The longest RSA key that is evaluated: verifying costs with its square.
pub const RSA_VERIFY_BITS_MAX: usize = 4_096;

/// Seals of an ARC chain. RFC 8617 4.2.1: 50.
pub const ARC_SETS_MAX: usize = 50;

/// Questions of one DMARC tree walk. RFC 9989 4.10: eight.
pub const DMARC_WALK_QUERIES_MAX: usize = 8;

/// Domains in From that DMARC is asked about; more are not mail of anybody.
pub const DMARC_AUTHORS_MAX: usize = 3;

/// Time left for comparing domains when the checks have used up theirs.
pub const ALIGNMENT_TIME: Duration = Duration::from_secs(1);

/// Messages that are larger are read and hashed away from the async threads.
pub const INLINE_BODY_BYTES_MAX: usize = 64 * 1024;

/// Addresses of one domain that aggregate reports go to.
pub const REPORT_ADDRESSES_MAX: usize = 5;

/// Octets of such an address. RFC 5321 4.5.3.1.3.
pub const REPORT_ADDRESS_OCTETS_MAX: usize = 254;

/// Octets of the name at which another organisation agrees to get reports.
pub const REPORT_NAME_OCTETS_MAX: usize = 253;
