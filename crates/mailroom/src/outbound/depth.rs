//! How much waits, for gauges.

use posthouse_store::Tx;
use posthouse_store::tables::outbound::{OutboundState, remote};

use crate::send::state_name;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Returns how many recipients' mail is in each state, over all applications; states without any are 0.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn queue_depths(&self) -> Result<Vec<(&'static str, u64)>, Refusal> {
        let counted = self
            .store()
            .read(move |tx: &mut dyn Tx| remote::count_by_state(tx))
            .await?;
        let depth = |state: OutboundState| {
            let found = counted.iter().find(|(counted, _)| *counted == state);
            let count = found.map_or(0, |(_, count)| *count);
            (state_name(state), u64::try_from(count).unwrap_or(0))
        };
        Ok(OutboundState::ALL.into_iter().map(depth).collect())
    }
}
