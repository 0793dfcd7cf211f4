//! The outbound mail transfer agent: takes mail from the queue to the mail servers of others.
//!
//! What is due, what an answer means for a message, when it is tried again and what applications are told is decided in the
//! mailroom; this crate finds servers and speaks to them.
//!
//! ```text
//!   queue ─▶ claimer ─▶ lanes ─▶ workers ─▶ [route ─▶ connect ─▶ session] ─▶ recorder ─▶ queue
//!                       one per    a few per lane,                            outcomes share
//!                       domain     each with one session                      transactions
//! ```
//!
//! A destination that is slow or dead fills its own lane and nothing else: its further mail stays in the store, and until a
//! session with it has worked it gets one worker. Nothing here needs to survive a crash: rows are held by claims that end.
//!
//! | module | what it is for |
//! |---|---|
//! | [`proto`] | SMTP as a client reads and writes it: bytes and values, no I/O |
//! | [`session`] | one conversation with one server, with a deadline for every phase |
//! | [`route`] | from a domain to the servers that take its mail |
//! | `connect` | from a server's name to a session: guarded addresses, TLS by policy |
//! | `lanes`, `worker` | one lane per destination, and who empties it |
//! | `claimer`, `recorder`, [`mod@run`] | from and to the queue; start and stop |

mod claimer;
pub mod config;
mod connect;
mod lanes;
pub mod limits;
pub mod proto;
mod recorder;
pub mod route;
pub mod run;
pub mod session;
mod worker;

pub use config::{Credentials, DeliveryConfig, Next, Relay};
pub use run::run;
