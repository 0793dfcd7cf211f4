//! A fresh mailroom with one application and a worker that tests start and stop.

use std::future::Future;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use posthouse_mailroom::actor::{Actor, GrantRef};
use posthouse_mailroom::provision::NewAccount;
use posthouse_mailroom::receive::{InboundDelivery, Transmission};
use posthouse_mailroom::webhooks::{NewDestination, RevealedDestination};
use posthouse_mailroom::{Mailroom, MailroomConfig, Refusal};
use posthouse_net::guard::GuardPolicy;
use posthouse_net::http::GuardedClient;
use posthouse_net::resolver::{Answer, Resolve, ResolveError};
use posthouse_store::changes::{self, Cursor};
use posthouse_store::{Store, StoreConfig, StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::clock::Clock;
use posthouse_webhooks::WebhooksConfig;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// How long a test waits for what should happen soon.
const PATIENCE: Duration = Duration::from_secs(30);

/// More changes than any test makes.
const CHANGES_MAX: i64 = 1_000;

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn unix_us(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Gives every name the same answer, which can be changed at any time.
#[derive(Debug, Default)]
pub struct Names(Mutex<Vec<IpAddr>>);

impl Names {
    pub fn answer(&self, addresses: &[&str]) {
        *self.0.lock().unwrap() = addresses.iter().map(|text| text.parse().unwrap()).collect();
    }
}

impl Resolve for Names {
    fn lookup<'a>(&'a self, _: &'a str) -> Answer<'a> {
        let addresses = self.0.lock().unwrap().clone();
        Box::pin(async move {
            if addresses.is_empty() {
                return Err(ResolveError::Failed);
            }
            Ok(addresses)
        })
    }
}

/// Whom the office may call.
pub enum Reach {
    /// As with `--dev`.
    Loopback,
    /// As without.
    Public,
    /// As with `--allow-net` for 127.0.0.1.
    Allowed,
}

pub struct Office {
    pub mailroom: Mailroom,
    pub store: Store,
    pub actor: Actor,
    pub clock: Arc<TestClock>,
    pub names: Arc<Names>,
    pub directory: tempfile::TempDir,
    database: String,
    client: GuardedClient,
}

impl Office {
    pub async fn open() -> Self {
        Self::reaching(Reach::Loopback).await
    }

    pub async fn reaching(reach: Reach) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_790_000_000_000_000)));
        Self::with("sqlite".to_owned(), reach, clock, None).await
    }

    /// Opens an office over a fresh PostgreSQL database, if the tests were given a server.
    pub async fn on_postgres() -> Option<Self> {
        let database = fresh_postgres_database().await?;
        let clock = Arc::new(TestClock(AtomicI64::new(1_790_000_000_000_000)));
        Some(Self::with(database, Reach::Loopback, clock, None).await)
    }

    /// Opens the same store once more, as a second process would.
    pub async fn second_process(&self) -> Self {
        let (clock, actor) = (Arc::clone(&self.clock), self.actor.clone());
        Self::with(self.database.clone(), Reach::Loopback, clock, Some(actor)).await
    }

    async fn with(
        database: String,
        reach: Reach,
        clock: Arc<TestClock>,
        actor: Option<Actor>,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = StoreConfig {
            database: database.clone(),
            blobs: "file".to_owned(),
            data_dir: directory.path().to_owned(),
            readers_max: 2,
        };
        let store = Store::open(&config, clock.clone()).await.unwrap();
        let names = Arc::new(Names::default());
        let client = GuardedClient::new(GuardPolicy {
            allow: match reach {
                Reach::Allowed => vec!["127.0.0.1/32".parse().unwrap()],
                Reach::Loopback | Reach::Public => Vec::new(),
            },
            allow_loopback_http: matches!(reach, Reach::Loopback),
            extra_roots: Vec::new(),
            resolver: names.clone(),
        });
        let mailroom = Mailroom::new(store.clone(), mailroom_config());
        mailroom.reach_out_with(client.clone(), vec!["192.0.2.1".parse().unwrap()]);
        let first_key = mailroom.bootstrap(None).await.unwrap().first_key;
        let actor = match (actor, first_key) {
            (Some(actor), _) => actor,
            (None, key) => mailroom.authenticate(&key.unwrap()).await.unwrap(),
        };
        Self {
            mailroom,
            store,
            actor,
            clock,
            names,
            directory,
            database,
            client,
        }
    }

    /// Makes an account on the trial domain.
    pub async fn account(&self, local: &str) -> GrantRef {
        let new = NewAccount {
            provider: "nylas".to_owned(),
            email: format!("{local}@agents.localhost"),
            ..NewAccount::default()
        };
        let account = self
            .mailroom
            .create_account(&self.actor, new)
            .await
            .unwrap();
        self.mailroom
            .grant_for(&self.actor, &account.id)
            .await
            .unwrap()
    }

    /// Delivers a message with this subject, as the MX door does.
    pub async fn deliver(&self, local: &str, subject: &str) {
        let address = EmailAddress::parse_strict(&format!("{local}@agents.localhost")).unwrap();
        let recipient = self.mailroom.resolve_recipient(&address).await.unwrap();
        let raw = format!("From: buyer@shop.example\r\nSubject: {subject}\r\n\r\nHello.\r\n");
        let delivery = InboundDelivery {
            session_id: "session-1".to_owned(),
            peer: "192.0.2.7".parse().unwrap(),
            helo: "client.example".to_owned(),
            transmission: Transmission::Esmtp,
            tls: None,
            envelope_from: Some(EmailAddress::parse_strict("buyer@shop.example").unwrap()),
            recipients: vec![recipient],
            raw: Bytes::from(raw),
        };
        self.mailroom.receive(delivery).await.unwrap();
        self.until_readers_see_all().await;
    }

    /// Waits until readers of the change log see what has been written: on PostgreSQL they stop below the oldest
    /// transaction of the whole server, which may be another test's.
    async fn until_readers_see_all(&self) {
        until("readers see all changes", async || {
            let counts = self.store.read(|tx: &mut dyn Tx| {
                let seen = changes::after(tx, Cursor::default(), CHANGES_MAX)?.len();
                let written =
                    tx.query_one("SELECT COUNT(*) FROM changes", &[], |row| row.int(0))?;
                Ok::<_, StoreError>((seen as i64, written))
            });
            let (seen, written) = counts.await.unwrap();
            seen == written
        })
        .await;
    }

    /// Subscribes a URL to new messages.
    pub async fn subscribe(&self, url: impl Into<String>) -> RevealedDestination {
        self.try_create(for_messages(url)).await.unwrap()
    }

    pub async fn try_create(&self, new: NewDestination) -> Result<RevealedDestination, Refusal> {
        self.mailroom.create_webhook(&self.actor, new).await
    }

    /// State, attempts made and log of all deliveries in the order in which they were made.
    pub async fn deliveries(&self) -> Vec<(i64, i64, serde_json::Value)> {
        let rows = self.store.read(|tx: &mut dyn Tx| {
            tx.query(
                "SELECT state, attempt, attempts FROM webhook_deliveries ORDER BY id",
                &[],
                |row| Ok((row.int(0)?, row.int(1)?, row.string(2)?)),
            )
        });
        let rows: Result<Vec<(i64, i64, String)>, StoreError> = rows.await;
        let parsed = rows.unwrap().into_iter();
        parsed
            .map(|(state, attempt, log)| (state, attempt, serde_json::from_str(&log).unwrap()))
            .collect()
    }

    /// The states of all deliveries: 0 waiting, 1 succeeded, 2 failed, 3 skipped.
    pub async fn states(&self) -> Vec<i64> {
        self.deliveries()
            .await
            .into_iter()
            .map(|(state, ..)| state)
            .collect()
    }

    pub fn work(&self) -> Worker {
        let config = WebhooksConfig {
            poll: Duration::from_millis(20),
            ..WebhooksConfig::default()
        };
        self.work_with(config)
    }

    pub fn work_with(&self, config: WebhooksConfig) -> Worker {
        let stop = CancellationToken::new();
        let running = tokio::spawn(posthouse_webhooks::run(
            self.mailroom.clone(),
            self.client.clone(),
            config,
            stop.clone(),
        ));
        Worker { stop, running }
    }
}

/// A running worker; it stops when dropped, too.
pub struct Worker {
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Worker {
    pub async fn stop(mut self) {
        self.stop.cancel();
        (&mut self.running).await.unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub fn for_messages(url: impl Into<String>) -> NewDestination {
    NewDestination {
        trigger_types: vec!["message.created".to_owned()],
        webhook_url: url.into(),
        ..NewDestination::default()
    }
}

fn mailroom_config() -> MailroomConfig {
    MailroomConfig {
        hostname: "mx.posthouse.test".to_owned(),
        dev: true,
        trial_domain: Some("agents.localhost".to_owned()),
        region: "us".to_owned(),
        instance_key: [7; 32],
        bcrypt_cost: 4,
    }
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
    let name = format!("webhooks_{}_{number}", std::process::id());
    client
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .unwrap();
    let (base, query) = server.split_once('?').unwrap_or((&server, ""));
    let (host, _) = base.rsplit_once('/').unwrap();
    Some(format!("{host}/{name}?{query}"))
}

/// Waits until something is as expected.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Says, past the capture of test output, what was not tested; where `CI` is set everything is.
fn left_out(reason: &str) {
    assert!(std::env::var_os("CI").is_none(), "{reason}");
    let note = format!("left out: {reason}; `cargo xtask test` starts one\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), note.as_bytes());
}
