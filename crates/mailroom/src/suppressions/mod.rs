//! Addresses that nothing is sent to: because mail for them came back, because their owners complained or want no more,
//! or because somebody decided so.
//!
//! | module | what it is for |
//! |---|---|
//! | `add`, `list`, `remove` | keeping the list |
//! | `unsubscribe` | links by which recipients put themselves on it |
//! | `view` | how an entry is shown |
//! | `check` | what every sending path asks before it commits |

mod add;
mod check;
mod list;
mod remove;
mod unsubscribe;
mod view;

pub use add::{ADDRESSES_PER_CALL_MAX, NewSuppressions};
pub use list::{SuppressionFilter, SuppressionPage};
pub use view::{REASONS, SuppressionView};

pub(crate) use check::{Departure, Wish, sending_domain};

use posthouse_types::ids::Key;

use crate::Refusal;
use crate::actor::{Actor, Scope};

/// Returns the one workspace whose entries a key reaches; `None` for a key that reaches all of them.
fn reach(actor: &Actor) -> Result<Option<Key>, Refusal> {
    match actor.scope {
        Scope::Application => Ok(None),
        Scope::Workspace(workspace) => Ok(Some(workspace)),
        Scope::Grant(_) => Err(Refusal::Forbidden {
            message: "this API key reaches one account only, and no suppressions".to_owned(),
        }),
    }
}
