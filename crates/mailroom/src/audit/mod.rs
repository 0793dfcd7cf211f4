//! What was decided, by whom and why: written in the transaction of the effect, read by operators.
//!
//! Mail that is refused, blocked, held, thrown out or put into Junk always has an entry, and so has every message that is
//! sent; so "why did my mail vanish" is one question. An entry never holds what a message says.
//!
//! | module | what it is for |
//! |---|---|
//! | `entry` | what an entry says |
//! | `note` | entries are written |
//! | `often` | refusals that come in floods |
//! | `list` | entries are read |
//! | `expire` | old entries go |

mod entry;
mod expire;
mod list;
mod note;
mod often;

pub use entry::Doer;
pub use expire::AUDIT_DAYS_DEFAULT;
pub use list::{AuditFilter, AuditPage, AuditView};

pub(crate) use entry::{AuditEntry, Object, Outcome};
pub(crate) use often::Often;
