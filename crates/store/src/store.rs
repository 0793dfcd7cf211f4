//! The open store: one handle over engine, blobs, keys and the change log's wake-up.

mod index;

pub use index::IndexSide;

use std::path::PathBuf;
use std::sync::Arc;

use posthouse_types::clock::SharedClock;
use posthouse_types::ids::{IdCodec, Key, KeyMaker};
use tokio::sync::watch;

use crate::blobs::BlobStore;
use crate::clock::{self, StoreClock};
use crate::engine::postgres::Postgres;
use crate::engine::sqlite::Sqlite;
use crate::sql::Tx;
use crate::tables::installation;
use crate::{StoreError, migrations};

/// Where the store lives.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `sqlite` for the database in the data directory, or a `postgres://` URL.
    pub database: String,
    /// `file` for a directory in the data directory, or `s3://bucket/prefix`.
    pub blobs: String,
    /// Holds the embedded database and the blob directory; created when missing.
    pub data_dir: PathBuf,
    /// Connections that read the embedded database at once.
    pub readers_max: usize,
}

/// The open store. Clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    blobs: BlobStore,
    clock: SharedClock,
    keys: KeyMaker,
    ids: IdCodec,
    organization: Key,
    changed: watch::Sender<u64>,
}

enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens or creates the store and brings its schema to this release's version.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the store is newer than this release or not durable enough;
    /// [`StoreError::Unavailable`] when the engine, the directory or the bucket cannot be reached.
    pub async fn open(config: &StoreConfig, clock: SharedClock) -> Result<Self, StoreError> {
        let blobs = BlobStore::open(config).await?;
        let engine = match config.database.as_str() {
            "sqlite" => Engine::Sqlite(Sqlite::open(
                &config.data_dir.join("posthouse.db"),
                config.readers_max.max(1),
            )?),
            url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Engine::Postgres(Postgres::open(url).await?)
            }
            other => {
                return Err(StoreError::Refused(format!(
                    "database `{other}` is neither `sqlite` nor a postgres:// URL"
                )));
            }
        };
        let (clock, corrected) = engine.clock(clock).await?;
        let now = clock.unix_ms();
        let installation = engine
            .write(move |tx: &mut dyn Tx| {
                migrations::migrate(tx)?;
                installation::ensure(tx, now)
            })
            .await?;
        let node = engine.write(installation::take_node).await?;
        let (changed, _) = watch::channel(0);
        let inner = Inner {
            engine,
            blobs,
            clock,
            keys: KeyMaker::new(node),
            ids: IdCodec::new(installation.id_secret),
            organization: installation.organization,
            changed,
        };
        let store = Self {
            inner: Arc::new(inner),
        };
        store.open_index().await?;
        if config.database != "sqlite" {
            store.hear_other_nodes(config.database.clone());
        }
        if let Some(corrected) = corrected {
            let weak = Arc::downgrade(&store.inner);
            clock::follow(&corrected, move || {
                weak.upgrade().map(|inner| Self { inner })
            });
        }
        Ok(store)
    }

    /// Runs a closure in a transaction and returns what it returned once that is on stable storage.
    ///
    /// A closure that returns an error leaves no trace. It must do nothing but talk to the store: on SQLite every
    /// other writer waits for it. Readers of the change log are woken after each commit.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let outcome = self.inner.engine.write(work).await;
        if outcome.is_ok() {
            self.wake_readers();
        }
        outcome
    }

    /// Runs a closure against a consistent snapshot, on a blocking thread.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.engine.read(work).await
    }

    /// Returns a number that grows whenever what governs accounts has changed ([`Tx::note_governance`]), before the one who
    /// changed it is told; `None` where other processes change it, too, and only the store knows.
    #[must_use]
    pub fn governance_epoch(&self) -> Option<u64> {
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => Some(sqlite.governance_epoch()),
            Engine::Postgres(_) => None,
        }
    }

    /// Returns a new row key.
    #[must_use]
    pub fn new_key(&self) -> Key {
        self.inner.keys.next(self.inner.clock.unix_ms())
    }

    /// Returns the codec of this installation's public ids.
    #[must_use]
    pub fn ids(&self) -> &IdCodec {
        &self.inner.ids
    }

    /// Returns the key of the one organisation.
    #[must_use]
    pub fn organization(&self) -> Key {
        self.inner.organization
    }

    /// Returns the clock the store was opened with; where a machine's clock was given and the store is shared, corrected so
    /// that all its processes have one time.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.inner.clock
    }

    /// Returns the blob store.
    #[must_use]
    pub fn blobs(&self) -> &BlobStore {
        &self.inner.blobs
    }

    /// Returns a receiver that changes whenever the change log may have grown; a hint, nothing to rely on.
    #[must_use]
    pub fn changes_hint(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// Waits for what is queued and closes the engine.
    pub async fn close(&self) {
        let store = self.clone();
        let closing = tokio::task::spawn_blocking(move || match &store.inner.engine {
            Engine::Sqlite(sqlite) => sqlite.close(),
            Engine::Postgres(postgres) => postgres.close(),
        });
        let _ = closing.await;
    }

    fn wake_readers(&self) {
        self.inner
            .changed
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    fn hear_other_nodes(&self, url: String) {
        let weak = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            while weak.strong_count() > 0 {
                let listener = weak.clone();
                let heard = Postgres::listen(&url, move || {
                    if let Some(inner) = listener.upgrade() {
                        inner
                            .changed
                            .send_modify(|count| *count = count.wrapping_add(1));
                    }
                });
                if let Err(error) = heard.await {
                    tracing::warn!("cannot hear other nodes' changes, trying again: {error}");
                }
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        });
    }
}

impl Engine {
    /// Returns the clock that the store goes by, and once more if it is to be kept right.
    async fn clock(
        &self,
        machine: SharedClock,
    ) -> Result<(SharedClock, Option<Arc<StoreClock>>), StoreError> {
        if !machine.is_of_machine() {
            return Ok((machine, None));
        }
        let asked = Arc::clone(&machine);
        let look = self.read(move |tx: &mut dyn Tx| clock::look(tx, &asked));
        Ok(match look.await? {
            Some(look) => {
                let corrected = Arc::new(StoreClock::new(machine, look));
                (Arc::clone(&corrected) as SharedClock, Some(corrected))
            }
            None => (machine, None),
        })
    }

    async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self {
            Self::Sqlite(sqlite) => sqlite.write(work).await,
            Self::Postgres(postgres) => postgres.write(work).await,
        }
    }

    async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self {
            Self::Sqlite(sqlite) => sqlite.read(work).await,
            Self::Postgres(postgres) => postgres.read(work).await,
        }
    }
}
