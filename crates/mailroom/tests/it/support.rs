//! Fresh mailrooms to test against.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use bytes::Bytes;
use posthouse_mailroom::actor::{Actor, GrantRef};
use posthouse_mailroom::provision::NewAccount;
use posthouse_mailroom::read::{Detail, MessagePage, MessageQuery, PageRequest};
use posthouse_mailroom::receive::{
    Accepted, InboundDelivery, ReceiveRefusal, Recipient, Transmission,
};
use posthouse_mailroom::{Mailroom, MailroomConfig};
use posthouse_store::changes::ChangeKind;
use posthouse_store::{Param, Store, StoreConfig, StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::clock::Clock;

static DATABASES: AtomicU32 = AtomicU32::new(0);

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

/// A mailroom of its own with one application, gone with the test.
pub struct Office {
    pub mailroom: Mailroom,
    pub store: Store,
    pub actor: Actor,
    pub clock: Arc<TestClock>,
    directory: tempfile::TempDir,
}

impl Office {
    async fn open(database: String) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = StoreConfig {
            database,
            blobs: "file".to_owned(),
            data_dir: directory.path().to_owned(),
            readers_max: 2,
        };
        let clock = Arc::new(TestClock(AtomicI64::new(1_790_000_000_000_000)));
        let store = Store::open(&config, clock.clone()).await.unwrap();
        let mailroom = Mailroom::new(store.clone(), mailroom_config());
        let first_key = mailroom.bootstrap(None).await.unwrap().first_key.unwrap();
        let actor = mailroom.authenticate(&first_key).await.unwrap();
        Self {
            mailroom,
            store,
            actor,
            clock,
            directory,
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

    /// Hands a message over for addresses, as the MX door does.
    pub async fn deliver(&self, to: &[&str], raw: &str) -> Result<Accepted, ReceiveRefusal> {
        self.mailroom.receive(self.delivery(to, raw).await).await
    }

    /// Hands a message over and shows that the acceptance was read.
    pub async fn deliver_confirmed(&self, to: &[&str], raw: &str) -> Accepted {
        let accepted = self.deliver(to, raw).await.unwrap();
        self.mailroom.confirm_receipt(accepted.receipt.clone());
        accepted
    }

    pub async fn delivery(&self, to: &[&str], raw: &str) -> InboundDelivery {
        let mut recipients: Vec<Recipient> = Vec::new();
        for address in to {
            let address = EmailAddress::parse_strict(address).unwrap();
            recipients.push(self.mailroom.resolve_recipient(&address).await.unwrap());
        }
        InboundDelivery {
            session_id: "session-1".to_owned(),
            peer: "192.0.2.7".parse().unwrap(),
            helo: "client.example".to_owned(),
            transmission: Transmission::Esmtp,
            tls: None,
            envelope_from: Some(EmailAddress::parse_strict("sender@client.example").unwrap()),
            recipients,
            raw: Bytes::from(raw.to_owned()),
        }
    }

    /// Returns the clock's time in Unix microseconds.
    pub fn clock_us(&self) -> i64 {
        self.clock.unix_us()
    }

    /// Counts the files that hold messages outside the database.
    pub fn external_blobs(&self) -> usize {
        fn files(directory: &std::path::Path) -> usize {
            std::fs::read_dir(directory)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .map(|path| if path.is_dir() { files(&path) } else { 1 })
                .sum()
        }
        files(&self.directory.path().join("blobs"))
    }

    /// Returns what was written down about changes of a kind, in the order of the rows: readers of the log wait for the
    /// transactions of other tests.
    pub async fn told(&self, kind: ChangeKind) -> Vec<serde_json::Value> {
        let all = self.store.read(move |tx: &mut dyn Tx| {
            tx.query(
                "SELECT COALESCE(data, 'null') FROM changes WHERE kind = $1 ORDER BY seq",
                &[Param::Int(kind as i64)],
                |row| row.string(0),
            )
        });
        let rows: Result<Vec<String>, StoreError> = all.await;
        let parsed = rows.unwrap().into_iter();
        parsed
            .map(|text| serde_json::from_str(&text).unwrap())
            .collect()
    }

    /// Lists with a query, first page of 50.
    pub async fn list(&self, grant: &GrantRef, query: MessageQuery) -> Vec<serde_json::Value> {
        let page = PageRequest {
            limit: 50,
            ..PageRequest::default()
        };
        objects(
            &self
                .mailroom
                .list_messages(grant, query, page, Detail::Standard)
                .await
                .unwrap(),
        )
    }
}

/// Returns the objects of a page as JSON values.
pub fn objects(page: &MessagePage) -> Vec<serde_json::Value> {
    page.objects()
        .map(|object| serde_json::from_slice(object).unwrap())
        .collect()
}

/// Returns a plain message with these header lines.
pub fn message(headers: &[&str], body: &str) -> String {
    let mut text = String::from("From: Buyer <buyer@shop.example>\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.push_str("\r\n");
    text
}

/// Returns a fresh mailroom on every engine that is at hand.
pub async fn every_engine() -> Vec<Office> {
    let mut offices = vec![Office::open("sqlite".to_owned()).await];
    if let Some(url) = fresh_postgres_database().await {
        offices.push(Office::open(url).await);
    }
    offices
}

fn mailroom_config() -> MailroomConfig {
    MailroomConfig {
        hostname: "mx.posthouse.example".to_owned(),
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
    let name = format!("mailroom_{}_{number}", std::process::id());
    client
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .unwrap();
    let (host, _) = server.rsplit_once('/').unwrap();
    Some(format!("{host}/{name}"))
}

/// Says, past the capture of test output, what was not tested; where `CI` is set everything is.
fn left_out(reason: &str) {
    assert!(std::env::var_os("CI").is_none(), "{reason}");
    let note = format!("left out: {reason}; `cargo xtask test` starts one\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), note.as_bytes());
}
