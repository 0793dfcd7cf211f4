//! A draft is made.

use super::change::DraftChange;
use super::write::Target;
use crate::actor::GrantRef;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Makes a draft and returns its object as JSON. When this returns, all of it is on stable storage.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for what could never be sent; [`Refusal::TooLarge`].
    pub async fn create_draft(
        &self,
        grant: &GrantRef,
        new: DraftChange,
    ) -> Result<Vec<u8>, Refusal> {
        self.write_draft(grant, Target::New, new).await
    }
}
