//! Fresh stores to test against.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use posthouse_store::{Store, StoreConfig, StoreError, Tx};
use posthouse_types::clock::SystemClock;
use posthouse_types::ids::Key;

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A store of its own, gone with the test.
pub struct Fresh {
    pub store: Store,
    pub config: StoreConfig,
    _directory: tempfile::TempDir,
}

impl Fresh {
    pub async fn sqlite() -> Self {
        Self::open("sqlite".to_owned()).await
    }

    async fn open(database: String) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = StoreConfig {
            database,
            blobs: "file".to_owned(),
            data_dir: directory.path().to_owned(),
            readers_max: 2,
        };
        let store = Store::open(&config, Arc::new(SystemClock)).await.unwrap();
        Self {
            store,
            config,
            _directory: directory,
        }
    }

    /// Opens the same store once more, as another process would.
    pub async fn again(&self) -> Store {
        Store::open(&self.config, Arc::new(SystemClock))
            .await
            .unwrap()
    }
}

/// Returns a fresh store on every engine that is at hand.
pub async fn every_engine() -> Vec<Fresh> {
    let mut stores = vec![Fresh::sqlite().await];
    if let Some(url) = fresh_postgres_database().await {
        stores.push(Fresh::open(url).await);
    }
    stores
}

/// Makes an empty database on the server that the test command started.
async fn fresh_postgres_database() -> Option<String> {
    let Ok(server) = std::env::var("POSTHOUSE_TEST_POSTGRES") else {
        left_out("POSTHOUSE_TEST_POSTGRES names no PostgreSQL server");
        return None;
    };
    let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let name = format!("store_{}_{number}", std::process::id());
    client
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .unwrap();
    let (base, query) = server
        .split_once('?')
        .map_or((server.as_str(), None), |(base, query)| (base, Some(query)));
    let (host, _) = base.rsplit_once('/').unwrap();
    Some(query.map_or_else(
        || format!("{host}/{name}"),
        |query| format!("{host}/{name}?{query}"),
    ))
}

/// Puts one row into a table that has no meaning to the tests but its key.
pub fn put_deleted_grant(tx: &mut dyn Tx, key: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO deleted_grants (grant_id, application_id, deleted_at) VALUES ($1, $2, $3)",
        &[key.into(), 1.into(), 2.into()],
    )?;
    Ok(())
}

/// Returns the keys that [`put_deleted_grant`] put.
pub fn deleted_grants(tx: &mut dyn Tx) -> Result<Vec<Key>, StoreError> {
    tx.query(
        "SELECT grant_id FROM deleted_grants ORDER BY grant_id",
        &[],
        |row| row.key(0),
    )
}

/// Says, past the capture of test output, what was not tested; where `CI` is set everything is.
pub fn left_out(reason: &str) {
    assert!(std::env::var_os("CI").is_none(), "{reason}");
    let note = format!("left out: {reason}; `cargo xtask test` starts one\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), note.as_bytes());
}
