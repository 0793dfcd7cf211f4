//! The webhook worker: fans changes out to destinations and delivers them.
//!
//! What is delivered, to whom, how often and when again is decided in the mailroom; this crate only keeps things moving.
//!
//! ```text
//!   change log ──▶ reader ──────────┐ claimed with the transaction that wrote them: the short way
//!                                   ▼
//!   queue ───────▶ claimer ──────▶ lanes ──▶ up to 4 calls per destination ──▶ recorder ──▶ store
//!                  due again,        one per destination, so that a slow
//!                  or no room before one delays nobody else
//! ```
//!
//! Nothing here needs to survive a crash. A delivery is a row of the store from the moment its event is read, and who
//! holds it holds it for a while only: whatever this process forgets is claimed again.
//!
//! | module | what it is for |
//! |---|---|
//! | [`mod@run`] | starts the loops, stops them in order |
//! | `reader` | from the change log to deliveries |
//! | `claimer` | deliveries that are due again, and expiry |
//! | `lanes` | one lane per destination |
//! | `call` | one attempt |
//! | `recorder` | reports of attempts share transactions |

mod call;
mod claimer;
pub mod config;
mod lanes;
pub mod limits;
mod reader;
mod recorder;
pub mod run;

pub use config::WebhooksConfig;
pub use run::run;
