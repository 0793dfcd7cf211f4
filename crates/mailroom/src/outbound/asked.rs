//! Destinations that an operator wants tried at once, whichever process delivers to them.

use posthouse_store::Tx;
use posthouse_store::tables::outbound::retries;

use super::limits::ASKED_US;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Returns the destinations for which an operator asked of late, and when: to be remembered by whoever delivers, because an
    /// answer is given again for a while.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is.
    pub async fn asked_destinations(&self) -> Result<Vec<(String, i64)>, Refusal> {
        let since_us = self.clock().unix_us() - ASKED_US;
        let looking = self
            .store()
            .read(move |tx: &mut dyn Tx| retries::since(tx, since_us));
        Ok(looking.await?)
    }
}
