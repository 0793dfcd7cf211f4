//! What an agent may send, receive and keep, as pure logic: no I/O, no clock, no store.
//!
//! The mailroom gathers what there is to know of a message, asks this crate, and acts. Whatever needs looking up (is an
//! address on a list of a million?) is returned as a question first, so that the store answers all of them at once.
//!
//! - [`rule`]: rules as operators write them, checked; [`list`]: what typed lists hold
//! - [`facts`]: what is known of a message; [`evaluate`]: which rules match, and what follows
//! - [`policy`]: limits of accounts, merged and made effective
//! - [`spam`]: a score from named signals
//! - [`guard`]: what must not leave by accident; [`hints`]: what a reader of arriving mail should know

pub mod evaluate;
pub mod facts;
mod fold;
pub mod guard;
pub mod headers;
pub mod hints;
pub mod limits;
pub mod list;
pub mod policy;
pub mod rule;
pub mod spam;

pub use fold::folded;
