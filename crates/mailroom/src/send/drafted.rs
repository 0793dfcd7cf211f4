//! What a draft has become is sent.

use posthouse_store::tables::drafts::{self, Draft};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::Key;

use super::origin::Origin;
use super::outgoing::Outgoing;
use super::submit::SentMessage;
use crate::actor::GrantRef;
use crate::read::HeaderDetail;
use crate::{Mailroom, Refusal};

/// A draft in the state in which it was read to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Drafted {
    /// The draft.
    pub(crate) id: Key,
    /// Tells this state from every other.
    pub(crate) modseq: i64,
    /// The thread that the message joins, when it answers nothing.
    pub(crate) thread: Option<Key>,
}

impl Drafted {
    /// Returns the draft if it is still in this state.
    pub(super) fn find(
        &self,
        tx: &mut dyn Tx,
        grant: &GrantRef,
    ) -> Result<Option<Draft>, StoreError> {
        let found = drafts::find(tx, grant.grant, self.id)?;
        let unchanged = found.filter(|(draft, _)| draft.modseq == self.modseq);
        Ok(unchanged.map(|(draft, _)| draft))
    }
}

impl Mailroom {
    /// Sends what a draft has become; the draft goes in the transaction that stores the copy in Sent.
    ///
    /// # Errors
    /// As [`Mailroom::send_message`]; [`Refusal::NotFound`] when the draft is gone, or in another state.
    pub(crate) async fn send_drafted(
        &self,
        grant: &GrantRef,
        outgoing: Outgoing,
        draft: Drafted,
        headers: Option<HeaderDetail>,
    ) -> Result<SentMessage, Refusal> {
        let mut order = self.order(grant, outgoing).await?;
        order.origin = Origin::Draft(draft);
        self.send(grant, order, headers).await
    }
}
