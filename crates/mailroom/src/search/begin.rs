//! The index is begun by the first search.
//!
//! Indexing a message costs more than accepting it, and most mailboxes of agents are never searched. So nothing is
//! indexed until somebody searches; then everything there is, newest first, and from then on whatever arrives.

use std::sync::atomic::Ordering;

use posthouse_store::Tx;
use posthouse_store::tables::search;
use tokio::time::Instant;

use super::limits::{FIRST_INDEX_LOOK_PAUSE, FIRST_INDEX_WAIT};
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Tells whether anybody has ever searched, in this process or another one: then the index is to be filled.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn search_is_wanted(&self) -> Result<bool, Refusal> {
        Ok(self.search_readiness().await?.is_some())
    }

    /// Begins the index at the first search and waits, for a moment, until it has everything there was.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when that takes longer: the mailboxes here are large, and the index is being built.
    pub(crate) async fn index_is_ready(&self) -> Result<(), Refusal> {
        if self.inner.search_ready.load(Ordering::Relaxed) {
            return Ok(());
        }
        let deadline = Instant::now() + FIRST_INDEX_WAIT;
        loop {
            match self.search_readiness().await? {
                Some(true) => break,
                Some(false) => {}
                None => {
                    let noted = self.store().write(search::want);
                    noted.await.map_err(Refusal::from)?;
                    continue;
                }
            }
            if Instant::now() >= deadline {
                return Err(Refusal::Unavailable {
                    message: "the search index is being built; try again in a minute".to_owned(),
                });
            }
            tokio::time::sleep(FIRST_INDEX_LOOK_PAUSE).await;
        }
        self.inner.search_ready.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn search_readiness(&self) -> Result<Option<bool>, Refusal> {
        let known = self.store().read(|tx: &mut dyn Tx| search::readiness(tx));
        known.await.map_err(Refusal::from)
    }
}
