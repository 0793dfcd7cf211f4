//! Everything is indexed anew, on demand, while the index goes on to serve.
//!
//! Where the index is a file of its own another file is filled beside it and takes its place when it has everything; a
//! restart on the way loses nothing. In PostgreSQL each entry is replaced where it is.

use posthouse_store::tables::search::{self, State};
use posthouse_store::{IndexSide, StoreError, Tx};

use super::index::{Indexed, SearchIndex};
use crate::actor::Actor;
use crate::{Mailroom, Refusal};

/// How far the search index is, for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexReport {
    /// `ready`, `building` for the first time, or `rebuilding` while it serves.
    pub status: &'static str,
    /// Messages of those that were there when it began that are indexed.
    pub indexed: i64,
    /// Messages that were there when it began; 0 before they are counted.
    pub total: i64,
}

impl Mailroom {
    /// Has every message indexed anew, newest first, while searches go on. Does nothing while that is under way.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn rebuild_search_index(&self, _actor: &Actor) -> Result<IndexReport, Refusal> {
        let report = self.report_of_search_index().await?;
        if report.status == "ready" {
            self.begin_rebuild().await?;
        }
        self.report_of_search_index().await
    }

    /// Returns how far the search index is.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn search_index_report(&self, _actor: &Actor) -> Result<IndexReport, Refusal> {
        self.report_of_search_index().await
    }

    async fn begin_rebuild(&self) -> Result<(), StoreError> {
        let store = self.store();
        if store.has_index_files() {
            return store.begin_next_index().await;
        }
        let total = store.read(|tx: &mut dyn Tx| search::count_messages(tx));
        let total = total.await?;
        let begun = move |tx: &mut dyn Tx| search::begin(tx, total, true);
        store.write_index(IndexSide::Serving, begun).await
    }

    async fn report_of_search_index(&self) -> Result<IndexReport, Refusal> {
        let store = self.store();
        let side = if store.has_next_index() {
            IndexSide::Next
        } else {
            IndexSide::Serving
        };
        let state: State = store
            .write_index(side, search::state)
            .await
            .map_err(Refusal::from)?;
        let status = match (side, state.below, state.complete) {
            (IndexSide::Next, _, _) | (_, Some(_), true) => "rebuilding",
            (IndexSide::Serving, Some(_), false) => "building",
            (IndexSide::Serving, None, _) => "ready",
        };
        Ok(IndexReport {
            status,
            indexed: state.done,
            total: state.total.max(state.done),
        })
    }

    /// Returns what fills the index in the making, if there is one.
    #[must_use]
    pub fn next_search_index(&self) -> Option<NextIndex> {
        let is_there = self.store().has_next_index();
        is_there.then(|| NextIndex {
            mailroom: self.clone(),
            index: SearchIndex::new(self, IndexSide::Next),
        })
    }
}

/// What fills the index in the making.
#[derive(Debug)]
pub struct NextIndex {
    mailroom: Mailroom,
    index: SearchIndex,
}

impl NextIndex {
    /// Indexes the next messages, and has the index serve once nothing is left; then no more is waiting.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the store is; the next step begins where this one did.
    pub async fn step(&mut self) -> Result<Indexed, Refusal> {
        let indexed = self.index.step().await?;
        if !indexed.more && self.index.state().await?.complete {
            self.mailroom.store().serve_next_index().await?;
            tracing::info!("the search index was rebuilt");
            return Ok(indexed);
        }
        Ok(Indexed {
            more: true,
            ..indexed
        })
    }
}
