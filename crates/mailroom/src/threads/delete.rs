//! All messages of a thread go to Trash.

use posthouse_types::ids::Kind;

use super::update::Destination;
use crate::actor::GrantRef;
use crate::organise::MessageChanges;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Moves every message of a thread to Trash; those that are there already stay.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also when no message and no draft is left of it.
    pub async fn delete_thread(&self, grant: &GrantRef, thread_id: &str) -> Result<(), Refusal> {
        let thread = self.open_id(Kind::Thread, thread_id)?;
        let changes = MessageChanges::default();
        self.change_thread(grant, thread, changes, Destination::Trash)
            .await
    }
}
