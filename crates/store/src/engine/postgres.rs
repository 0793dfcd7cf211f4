//! The shared engine: PostgreSQL 15 or newer, one transaction per closure on a pooled connection.
//!
//! Closures are synchronous; they run on the runtime's blocking threads, as many at once as there are connections.

use std::error::Error;
use std::sync::Arc;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures::{StreamExt, pin_mut};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_postgres::Statement;
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut};

use super::Dialect;
use crate::StoreError;
use crate::limits::{
    CONNECTION_WAIT_SECONDS, NOTICE_PAUSE, POSTGRES_CONNECTIONS_MAX, STATEMENTS_CACHED_MAX,
};
use crate::sql::{EachRow, Param, Row, Tx};

/// An open PostgreSQL store.
pub struct Postgres {
    pool: Pool,
    /// The change log has grown since other nodes were told.
    changed: Arc<Notify>,
    announcer: JoinHandle<()>,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.announcer.abort();
    }
}

impl Postgres {
    /// Connects, checks the server's version and that commits are synchronous.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let config: tokio_postgres::Config = url.parse().map_err(|error| {
            StoreError::Refused(format!("cannot read the database URL: {error}"))
        })?;
        let manager_config = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_config(config, tls_connector()?, manager_config);
        let wait = Some(std::time::Duration::from_secs(CONNECTION_WAIT_SECONDS));
        let pool = Pool::builder(manager)
            .max_size(POSTGRES_CONNECTIONS_MAX)
            .wait_timeout(wait)
            .create_timeout(wait)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| StoreError::Fault(error.to_string()))?;
        let changed = Arc::new(Notify::new());
        let announcer = tokio::spawn(announce(pool.clone(), Arc::clone(&changed)));
        let postgres = Self {
            pool,
            changed,
            announcer,
        };
        postgres.read(require_durable).await?;
        Ok(postgres)
    }

    /// Runs a closure in its own transaction; see [`crate::Store::write`].
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.transaction("BEGIN", work).await
    }

    /// Runs a closure against a snapshot; see [`crate::Store::read`].
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", work)
            .await
    }

    async fn transaction<T, E, F>(&self, begin: &'static str, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let client = self
            .pool
            .get()
            .await
            .map_err(|error| StoreError::Unavailable(causes(&error)))?;
        let (handle, changed) = (Handle::current(), Arc::clone(&self.changed));
        let task = tokio::task::spawn_blocking(move || {
            let mut session = Session {
                client: Some(client),
                handle,
                broken: false,
                has_changes: false,
            };
            session.batch(begin)?;
            let outcome = work(&mut session);
            let has_changes = session.has_changes;
            let outcome = session.end(outcome);
            if has_changes && outcome.is_ok() {
                changed.notify_one();
            }
            outcome
        });
        task.await.unwrap_or_else(|_| {
            Err(StoreError::Fault("a store closure panicked".to_owned()).into())
        })
    }

    /// Returns a connection of its own that hears every committed change; `on_change` runs for each hint.
    ///
    /// The future ends when the connection does. Hints are only hints: readers poll as well.
    pub async fn listen(
        url: &str,
        on_change: impl Fn() + Send + 'static,
    ) -> Result<(), StoreError> {
        let (client, mut connection) = tokio_postgres::connect(url, tls_connector()?).await?;
        let mut messages =
            futures::stream::poll_fn(move |context| connection.poll_message(context));
        let listening = async move {
            client.batch_execute("LISTEN posthouse_changes").await?;
            // Keeps the client, and with it the connection, alive.
            futures::future::pending::<()>().await;
            Ok::<_, StoreError>(())
        };
        pin_mut!(listening);
        loop {
            tokio::select! {
                ended = &mut listening => return ended,
                message = messages.next() => match message {
                    Some(Ok(tokio_postgres::AsyncMessage::Notification(_))) => on_change(),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(error.into()),
                    None => return Err(StoreError::Unavailable("the listening connection ended".to_owned())),
                }
            }
        }
    }

    /// Closes all connections.
    pub fn close(&self) {
        self.pool.close();
    }
}

fn tls_connector() -> Result<tokio_postgres_rustls::MakeRustlsConnect, StoreError> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // A root this library cannot read is no reason not to start.
        let _ = roots.add(certificate);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Fault(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(tokio_postgres_rustls::MakeRustlsConnect::new(config))
}

/// Reads back the settings that "durable before 250" rests on and refuses weaker ones.
fn require_durable(tx: &mut dyn Tx) -> Result<(), StoreError> {
    let read_setting = |tx: &mut dyn Tx, name: &str| {
        tx.query_one("SELECT current_setting($1)", &[name.into()], |row| {
            row.string(0)
        })
    };
    let version = read_setting(tx, "server_version_num")?;
    if version.parse::<u32>().is_ok_and(|number| number < 150_000) {
        return Err(StoreError::Refused(format!(
            "PostgreSQL 15 or newer is needed, this is {version}"
        )));
    }
    for name in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value = read_setting(tx, name)?;
        if value == "off" {
            return Err(StoreError::Refused(format!(
                "PostgreSQL runs with {name}=off, which can lose acknowledged mail"
            )));
        }
    }
    Ok(())
}

/// Tells other nodes that the change log has grown, for all the commits since it last did.
///
/// Not in the transactions themselves: PostgreSQL lets those that notify commit only one after the other, each with a
/// write to the disk of its own. A notice that is lost costs time only, because readers poll as well.
async fn announce(pool: Pool, changed: Arc<Notify>) {
    loop {
        changed.notified().await;
        if let Ok(client) = pool.get().await
            && let Err(error) = client.batch_execute("NOTIFY posthouse_changes").await
        {
            tracing::debug!("cannot tell other nodes of changes: {error}");
        }
        tokio::time::sleep(NOTICE_PAUSE).await;
    }
}

/// A connection inside a transaction; dropped without an end, the connection is thrown away.
struct Session {
    client: Option<Object>,
    handle: Handle,
    /// A statement failed: the server takes the transaction back, and answers COMMIT with success all the same.
    broken: bool,
    /// The transaction has added to the change log.
    has_changes: bool,
}

impl Session {
    fn client(&self) -> Result<&Object, StoreError> {
        self.client
            .as_ref()
            .ok_or_else(|| StoreError::Fault("the transaction has ended".to_owned()))
    }

    fn end<T, E: From<StoreError>>(mut self, outcome: Result<T, E>) -> Result<T, E> {
        let outcome = match outcome {
            Ok(_) if self.broken => Err(StoreError::Fault(
                "a closure went on after a statement had failed".to_owned(),
            )
            .into()),
            outcome => outcome,
        };
        let ended = self.batch(if outcome.is_ok() {
            "COMMIT"
        } else {
            "ROLLBACK"
        });
        let client = self.client.take();
        if let (Err(error), Some(client)) = (ended, client) {
            // The connection's state is unknown: it must not serve another transaction.
            drop(Object::take(client));
            return outcome.and(Err(error.into()));
        }
        outcome
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

/// Returns an error's text with those of its causes: a pool says only that it could not connect.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Prepares a statement, or takes it from the connection's cache, which starts anew when it is full: listings have a
/// text for each combination of filters, and the server keeps a plan for every one.
async fn prepared(client: &Object, sql: &str) -> Result<Statement, tokio_postgres::Error> {
    if client.statement_cache.size() >= STATEMENTS_CACHED_MAX {
        client.statement_cache.clear();
    }
    client.prepare_cached(sql).await
}

impl Tx for Session {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let client = self.client()?;
        let outcome = self.handle.block_on(async {
            let statement = prepared(client, sql).await?;
            client.execute_raw(&statement, params).await
        });
        self.broken |= outcome.is_err();
        Ok(outcome?)
    }

    fn for_each(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        each: EachRow<'_>,
    ) -> Result<(), StoreError> {
        let client = self.client()?;
        let outcome = self.handle.block_on(async {
            let statement = prepared(client, sql).await?;
            let rows = client.query_raw(&statement, params).await?;
            pin_mut!(rows);
            while let Some(row) = rows.next().await {
                each(&row?)?;
            }
            Ok(())
        });
        self.broken |= outcome.is_err();
        outcome
    }

    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        let client = self.client()?;
        let outcome = self.handle.block_on(client.batch_execute(sql));
        self.broken |= outcome.is_err();
        Ok(outcome?)
    }

    fn note_change(&mut self) {
        self.has_changes = true;
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }
}

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match *self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Real(value) => value.to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
            Self::Bytes(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let fits = match *self {
            Self::Null => true,
            Self::Int(_) => *ty == Type::INT8,
            Self::Real(_) => *ty == Type::FLOAT8,
            Self::Text(_) => <&str as ToSql>::accepts(ty),
            Self::Bytes(_) => *ty == Type::BYTEA,
        };
        if !fits {
            return Err(format!("a parameter does not fit {ty}").into());
        }
        self.to_sql(ty, out)
    }
}

fn mistyped(column: usize, error: &tokio_postgres::Error) -> StoreError {
    StoreError::Fault(format!("column {column}: {error}"))
}

impl Row for tokio_postgres::Row {
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.try_get(column)
            .map_err(|error| mistyped(column, &error))
    }

    fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.try_get(column)
            .map_err(|error| mistyped(column, &error))
    }

    fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.try_get(column)
            .map_err(|error| mistyped(column, &error))
    }

    fn opt_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        self.try_get(column)
            .map_err(|error| mistyped(column, &error))
    }

    fn opt_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        self.try_get(column)
            .map_err(|error| mistyped(column, &error))
    }
}
