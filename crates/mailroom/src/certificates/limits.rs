//! Named bounds of ordering certificates.

/// How long a claim on a name lasts, in microseconds; an order that takes longer is somebody else's.
pub const CLAIM_US: i64 = 10 * 60 * 1_000_000;

/// How often the names that need a certificate are looked for, in seconds.
pub const NAMES_INTERVAL_SECONDS: i64 = 300;

/// Names that certificates are ordered for.
pub const NAMES_MAX: usize = 10_000;

/// Pauses after failures in a row, in seconds: authorities allow few failures an hour.
pub const RETRY_PAUSES_SECONDS: [i64; 7] = [60, 300, 900, 3_600, 10_800, 43_200, 86_400];

/// Bytes of a failure's text that are kept.
pub const ERROR_BYTES_MAX: usize = 500;

/// How long before its end a certificate that was not renewed is a matter for `/readyz`, in seconds.
pub const NEARLY_OVER_SECONDS: i64 = 7 * 86_400;

/// Bytes of a challenge's name.
pub const TOKEN_BYTES_MAX: usize = 256;

/// How often an order is gone on with after the authority refused several nonces in a row.
pub const NONCE_ATTEMPTS_MAX: usize = 5;
