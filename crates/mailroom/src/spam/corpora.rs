//! How much each workspace has learned, remembered for a moment: most have learned nothing, and that must cost nothing.

use std::collections::HashMap;

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
    /// Returns how much workspaces have learned; nothing when the store cannot say. Asked once for all that are not known.
    pub(super) async fn corpora_of(
        &self,
        workspaces: impl Iterator<Item = Key>,
    ) -> HashMap<Key, Corpus> {
        let now_us = self.clock().unix_us();
        let corpora = &self.inner.corpora;
        let mut known = HashMap::new();
        let mut unknown: Vec<Key> = Vec::new();
        for workspace in workspaces {
            if known.contains_key(&workspace) || unknown.contains(&workspace) {
                continue;
            }
            match corpora.get(&workspace, now_us) {
                Some(corpus) => drop(known.insert(workspace, corpus)),
                None => unknown.push(workspace),
            }
        }
        if unknown.is_empty() {
            return known;
        }
        let began = corpora.generation();
        let asked = unknown.clone();
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| spam::corpora(tx, &asked))
            .await;
        match found {
            Ok(mut found) => {
                for workspace in unknown {
                    let corpus = read(found.remove(&workspace).unwrap_or_default());
                    corpora.keep(workspace, corpus, now_us, began);
                    known.insert(workspace, corpus);
                }
            }
            Err(error) => {
                tracing::warn!("cannot look up what workspaces have learned of spam: {error}");
            }
        }
        known
    }
}
