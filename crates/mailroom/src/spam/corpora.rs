//! How much each workspace has learned, remembered for a moment: most have learned nothing, and that must cost nothing.

use posthouse_rules::spam::bayes::Corpus;
use posthouse_store::Tx;
use posthouse_store::tables::spam;
use posthouse_types::ids::Key;

use super::limits::{CORPORA_CACHED_MAX, CORPUS_AGE_US_MAX};
use crate::Mailroom;
use crate::recent::Recent;

/// By workspace.
pub(crate) type Corpora = Recent<Key, Corpus>;

/// Returns an empty memory.
pub(crate) fn corpora() -> Corpora {
    Recent::new(CORPUS_AGE_US_MAX, CORPORA_CACHED_MAX)
}

pub(super) fn read(stored: spam::Corpus) -> Corpus {
    Corpus {
        spam: stored.spam.max(0).unsigned_abs(),
        ham: stored.ham.max(0).unsigned_abs(),
    }
}

impl Mailroom {
    /// Returns how much a workspace has learned; nothing when the store cannot say.
    pub(super) async fn corpus_of(&self, workspace: Key) -> Corpus {
        let now_us = self.clock().unix_us();
        let corpora = &self.inner.corpora;
        if let Some(corpus) = corpora.get(&workspace, now_us) {
            return corpus;
        }
        let began = corpora.generation();
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| spam::corpus(tx, workspace))
            .await;
        match found {
            Ok(found) => {
                let corpus = read(found);
                corpora.keep(workspace, corpus, now_us, began);
                corpus
            }
            Err(error) => {
                tracing::warn!("cannot look up what a workspace has learned of spam: {error}");
                Corpus::default()
            }
        }
    }
}
