//! Other stores than the embedded one: a database and a bucket prefix for each test, on the servers that `cargo xtask test` started.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::tools::skipped;

/// Bucket that the test command makes.
const BUCKET: &str = "posthouse-test";

/// A PostgreSQL database of one test.
pub struct Database {
    url: String,
}

/// A prefix of the S3 bucket of one test.
pub struct Bucket {
    endpoint: String,
    url: String,
}

impl Database {
    /// Creates an empty database. Returns `None`, and says so, where no server was started for the tests.
    ///
    /// # Panics
    /// When the server is there and does not create it.
    pub async fn create() -> Option<Self> {
        let Ok(server) = std::env::var("POSTHOUSE_TEST_POSTGRES") else {
            skipped("POSTHOUSE_TEST_POSTGRES names no PostgreSQL server");
            return None;
        };
        let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls)
            .await
            .expect("PostgreSQL");
        let connection = tokio::spawn(connection);
        let name = format!("posthouse_{}", unique_name());
        client
            .batch_execute(&format!("create database {name}"))
            .await
            .expect("a database");
        drop(client);
        drop(connection.await);
        let (server, _) = server.rsplit_once('/').expect("a URL with a database");
        Some(Self {
            url: format!("{server}/{name}"),
        })
    }

    /// Returns the URL for `--database`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Bucket {
    /// Picks a prefix that nobody uses. Returns `None`, and says so, where no server was started for the tests.
    pub fn create() -> Option<Self> {
        let Ok(endpoint) = std::env::var("POSTHOUSE_TEST_S3") else {
            skipped("POSTHOUSE_TEST_S3 names no S3 server");
            return None;
        };
        Some(Self {
            endpoint,
            url: format!("s3://{BUCKET}/{}", unique_name()),
        })
    }

    /// Returns the URL for `--blobs`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the usual variables of an S3 client.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ]
    }
}

/// Two runs against one long-lived server must not meet, so the name has a random part.
fn unique_name() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!(
        "{}_{count}_{:08x}",
        std::process::id(),
        rand::random::<u32>()
    )
}
