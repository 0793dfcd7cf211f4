//! Limits for strangers, counted by network prefix and shared by every door.
//!
//! One address is easy to change, a network is not; so every event counts at three levels at once: IPv4 /32, /26
//! and /21, IPv6 /64, /48 and /32, each level with a larger limit than the one before. An event passes only if
//! all three levels have room.
//!
//! Nothing here reads a clock: callers say what time it is, and tests say what they like.

mod concurrency;
mod prefix;
mod window;

pub use self::concurrency::{ConcurrencyByPrefix, ConcurrencyPermit};
pub use self::prefix::{LEVELS, Prefix, prefixes};
pub use self::window::{PrefixLimiter, PrefixLimits};
