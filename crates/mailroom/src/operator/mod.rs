//! The operator's own address: what this server writes to, and where mail for whoever looks after it goes.
//!
//! | module | what it is for |
//! |---|---|
//! | `letter` | what this server writes, as a message; pure |
//! | `post` | it goes into the queue, as mail of nobody's |
//! | `forward` | mail to `postmaster@` and `abuse@` that no account gets |
//! | `pace` | how much of that goes on in an hour |
//! | `limits` | every number |
//!
//! All of it leaves with the null sender: nobody answers it automatically, and what does not arrive ends there.

mod forward;
mod letter;
mod limits;
mod pace;
mod post;

pub(crate) use letter::{Letter, LetterFile};
pub(crate) use post::{OwnMail, Post, post};

use std::sync::OnceLock;

use posthouse_types::address::EmailAddress;

use crate::Mailroom;
use pace::Pace;

/// Local parts that have to lead to somebody (RFC 5321 4.5.1, RFC 2142 4).
const LOCAL_PARTS: [&str; 2] = ["postmaster", "abuse"];

/// What is known of the operator.
#[derive(Debug, Default)]
pub(crate) struct Operator {
    address: OnceLock<EmailAddress>,
    pace: Pace,
}

impl Mailroom {
    /// Tells where the operator reads mail. To be called once, before doors are opened; without it this server writes to
    /// nobody.
    pub fn write_to(&self, operator: EmailAddress) {
        if self.inner.operator.address.set(operator).is_err() {
            tracing::warn!("the mailroom was told twice where to write to, and keeps to the first");
        }
    }

    pub(crate) fn operator(&self) -> Option<&EmailAddress> {
        self.inner.operator.address.get()
    }
}

/// Tells whether an address is one that the operator is to be reached by.
pub(crate) fn is_operators(address: &EmailAddress) -> bool {
    let local = address.local();
    LOCAL_PARTS
        .iter()
        .any(|one| one.eq_ignore_ascii_case(local))
}
