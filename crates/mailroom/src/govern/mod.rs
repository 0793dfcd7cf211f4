//! What an operator decided about mail, enforced in one place for every door.
//!
//! | module | what it is for |
//! |---|---|
//! | `standing` | the policy and the rules of an account's workspace, made ready once |
//! | `outbound`, `inbound`, `arrival` | a message is looked at on its way out, and when it arrives |
//! | `facts`, `known`, `rules` | what rules are told, and how they are asked |
//! | `destination` | where they move a message |
//! | `evaluations` | what is written down of it, with the message |
//! | `guard`, `departing` | what must not leave, and every text that it is looked for in |
//! | `attachments` | what a policy does not let in leaves the message |
//! | `size` | what is too large for an account |
//! | `loops` | the budget of replies |
//! | `quota`, `shortage` | what accounts may send, receive and keep, and who is told of a refusal |
//!
//! What cannot be decided is refused for now: nothing is stored or sent.

mod arrival;
mod departing;
mod facts;
pub(crate) mod guard;
pub(crate) mod known;
mod rules;
mod size;
mod standing;

pub(crate) mod attachments;
pub(crate) mod destination;
pub(crate) mod evaluations;
pub(crate) mod inbound;
pub mod loops;
pub(crate) mod outbound;
pub(crate) mod quota;
pub(crate) mod shortage;

pub(crate) use destination::named as named_folder;
pub(crate) use facts::{of_message, recipients, senders};
pub(crate) use rules::answers;
pub(crate) use standing::{Asked, Standing, Standings};
