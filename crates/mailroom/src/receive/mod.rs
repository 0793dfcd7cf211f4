//! A message arrives: recipients are resolved, the message is read once, stored in one transaction, and only then
//! accepted.
//!
//! [`crate::Mailroom::resolve_recipient`] answers RCPT, [`crate::Mailroom::receive`] answers the end of the data. Everything that can
//! be computed before the writer is: parsing, hashing, compression and the JSON that listings will show.

mod accept;
mod authenticate;
mod deliver;
mod queued;
mod receipts;
mod recipient;
mod rejected;
mod replied;
mod room;
mod signatures;
mod trace;

pub(crate) mod document;
pub(crate) mod threading;

pub use accept::{Accepted, InboundDelivery, ReceiveRefusal};
pub use authenticate::{Arrivals, CheckedPeers, DmarcAction};
pub use receipts::{Receipt, Unconfirmed};
pub(crate) use recipient::Role;
pub use recipient::{Recipient, RecipientRefusal};
pub use trace::Transmission;

pub(crate) use accept::check_hops;
pub(crate) use queued::QueueRow;
pub(crate) use receipts::DUPLICATE_WINDOW_MS;
pub(crate) use recipient::{RecipientCache, recipient_cache};
pub(crate) use replied::Replied;
pub(crate) use room::Room;
pub(crate) use signatures::Signatures;
pub(crate) use trace::{lines as trace_lines, rfc5322_date};
