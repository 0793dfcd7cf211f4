//! Outgoing mail on its way to other servers: claimed, put on the wire by whoever delivers, and settled.
//!
//! The queue is a table. A row leaves it in the transaction that also writes down what became of it, as an event of the
//! change log: so whatever dies in between, every message has one outcome or is tried again.
//!
//! | module | what it is for |
//! |---|---|
//! | `asked` | what an operator wants tried at once |
//! | `claim` | what is due becomes this process's to deliver, for a while |
//! | `warm_up` | what a domain that begins to send may send today |
//! | `tls_need` | what TLS a message needs, as its author said |
//! | `wire` | the message as it goes out: received, signed, strict line ends |
//! | `record` | what became of it |
//! | `consequences` | what follows from that: suppressions and pauses |
//! | [`return_path_token`] | how reports find back |
//! | `notice` | what the operator is told of that |
//! | `depth` | how much waits |
//! | `event` | what applications are told |
//! | [`schedule`], [`bounce`] | when again, and what a refusal means; pure |
//! | `steer` | an operator retries, holds or drops |
//! | `sending` | what is remembered of a sent message |

mod aftermath;
mod asked;
pub mod bounce;
mod claim;
pub(crate) mod consequences;
mod depth;
pub(crate) mod event;
pub mod limits;
mod notice;
mod record;
pub mod return_path_token;
pub mod schedule;
pub(crate) mod sending;
mod steer;
pub(crate) mod tls_need;
pub(crate) mod warm_up;
mod wire;

pub use claim::{ClaimedDue, ClaimedMail, ClaimedRecipient, Room, Scope};
pub use posthouse_store::tables::outbound::TlsNeed;
pub use record::{AttemptReport, Outcome};
pub use wire::WireMail;

pub(crate) use event::{Sent, rejected};
pub(crate) use record::{RowOutcome, settle};
pub(crate) use sending::OwnMailKind;
