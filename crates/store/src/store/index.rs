//! The search index: tables among the others on PostgreSQL, a file of its own beside SQLite's.

use super::{Engine, Store};
use crate::StoreError;
use crate::changes;
use crate::engine::sqlite::Origin;
use crate::sql::Tx;

pub use crate::engine::sqlite::IndexSide;

impl Store {
    /// Runs a closure in a transaction on the search index; on SQLite it sees the index and nothing else, and what it
    /// returns may be lost to a power failure, never half of it.
    pub async fn write_index<T, E, F>(&self, side: IndexSide, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => sqlite.write_index(side, work).await,
            Engine::Postgres(postgres) => postgres.write(work).await,
        }
    }

    /// Tells whether the search index is a file of its own, which another one can replace.
    #[must_use]
    pub fn has_index_files(&self) -> bool {
        matches!(self.inner.engine, Engine::Sqlite(_))
    }

    /// Begins another search index beside the one that serves, unless one is in the making.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the file cannot be made.
    pub async fn begin_next_index(&self) -> Result<(), StoreError> {
        let origin = self.index_origin().await?;
        let begin = move |engine: &Engine| match engine {
            Engine::Sqlite(sqlite) => sqlite.begin_next_index(&origin),
            Engine::Postgres(_) => Ok(()),
        };
        self.on_a_blocking_thread(begin).await
    }

    /// Tells whether another search index is in the making.
    #[must_use]
    pub fn has_next_index(&self) -> bool {
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => sqlite.has_next_index(),
            Engine::Postgres(_) => false,
        }
    }

    /// Has the search index in the making serve from now on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be opened.
    pub async fn serve_next_index(&self) -> Result<(), StoreError> {
        let serve = |engine: &Engine| match engine {
            Engine::Sqlite(sqlite) => sqlite.serve_next_index(),
            Engine::Postgres(_) => Ok(()),
        };
        self.on_a_blocking_thread(serve).await
    }

    /// Tells whether something in the search index could not be read.
    #[must_use]
    pub fn index_is_damaged(&self) -> bool {
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => sqlite.index_is_damaged(),
            Engine::Postgres(_) => false,
        }
    }

    /// Gives a search index up and begins with an empty one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the file cannot be made.
    pub async fn renew_index(&self, side: IndexSide) -> Result<(), StoreError> {
        let origin = self.index_origin().await?;
        let renew = move |engine: &Engine| match engine {
            Engine::Sqlite(sqlite) => sqlite.renew_index(side, &origin),
            Engine::Postgres(_) => Ok(()),
        };
        self.on_a_blocking_thread(renew).await
    }

    pub(super) async fn open_index(&self) -> Result<(), StoreError> {
        let origin = self.index_origin().await?;
        let open = move |engine: &Engine| match engine {
            Engine::Sqlite(sqlite) => sqlite.open_index(&origin),
            Engine::Postgres(_) => Ok(()),
        };
        self.on_a_blocking_thread(open).await
    }

    async fn index_origin(&self) -> Result<Origin, StoreError> {
        let organization = self.organization();
        self.read(move |tx: &mut dyn Tx| {
            let (oldest_change, newest_change) = changes::extent(tx)?;
            Ok(Origin {
                organization,
                oldest_change,
                newest_change,
            })
        })
        .await
    }

    async fn on_a_blocking_thread(
        &self,
        work: impl FnOnce(&Engine) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let store = self.clone();
        let task = tokio::task::spawn_blocking(move || work(&store.inner.engine));
        task.await
            .unwrap_or_else(|_| Err(StoreError::Fault("a store closure panicked".to_owned())))
    }
}
