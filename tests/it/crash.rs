//! `kill -9` while mail streams in: what was answered 250 is there, once and whole; what was not is there once after it is sent again.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use posthouse_tests::database::Database;
use posthouse_tests::letter::Letter;
use posthouse_tests::server::{Account, Options, Posthouse};
use posthouse_tests::smtp::SmtpClient;
use posthouse_tests::webhook::WebhookReceiver;
use posthouse_tests::{api::Api, eventually_within};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tokio::task::JoinSet;

/// Connections that deliver at once.
const CONNECTIONS: usize = 16;

/// Times that the server is killed.
const KILLS: usize = 10;

/// The server lives this long between being ready and being killed, at most.
const LIFE_MILLISECONDS_MAX: u64 = 700;

/// Rounds in which what is left over is sent again to a server that nobody kills.
const CALM_ROUNDS_MAX: usize = 3;

/// On a shared database a killed process keeps its leases (reading the log, sending what it had claimed) until they run out after 30 s each.
const LEASES_DEADLINE: Duration = Duration::from_secs(100);

/// Messages numbered from zero: which were answered, and which have to be sent again.
#[derive(Default)]
struct Ledger {
    next: usize,
    answered: BTreeSet<usize>,
    unanswered: BTreeSet<usize>,
    /// Set when no new messages are begun any more.
    is_closing: bool,
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_embedded_store_has_each_message_once_and_whole() {
    kill_and_count(Options::default(), KILLS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_postgresql_has_each_message_once_and_whole() {
    let Some(database) = Database::create().await else {
        return;
    };
    kill_and_count(
        Options {
            database: Some(database),
            ..Options::default()
        },
        KILLS / 2,
    )
    .await;
}

async fn kill_and_count(options: Options, kills: usize) {
    let seed = std::env::var("POSTHOUSE_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(rand::random::<u64>);
    println!("POSTHOUSE_TEST_SEED={seed} runs this again");
    let mut random = StdRng::seed_from_u64(seed);

    let mut server = Posthouse::start_with(options).await;
    let receiver = WebhookReceiver::start().await;
    let hook = json!({"trigger_types": ["message.created"], "webhook_url": receiver.url("/hook")});
    server.api().post("/v3/webhooks", hook).await.expect(200);
    let account = server.create_account("agent").await;
    let ledger = Arc::new(Mutex::new(Ledger::default()));

    for _ in 0..kills {
        let senders = start_senders(server.ready().smtp, &account, &ledger, seed);
        let life = Duration::from_millis(random.random_range(20..=LIFE_MILLISECONDS_MAX));
        // The one wait for time in these tests: the moment of the kill is what is being varied.
        tokio::time::sleep(life).await;
        server.kill();
        senders.join_all().await;
        server.launch().await;
    }
    ledger.lock().expect("no sender panics").is_closing = true;
    for _ in 0..CALM_ROUNDS_MAX {
        start_senders(server.ready().smtp, &account, &ledger, seed)
            .join_all()
            .await;
    }
    let ledger = std::mem::take(&mut *ledger.lock().expect("no sender panics"));
    assert_eq!(ledger.unanswered, BTreeSet::new(), "some were never taken");
    assert!(
        ledger.answered.len() > kills,
        "only {} messages were taken",
        ledger.answered.len()
    );

    let stored = assert_each_is_there_once(&server.api(), &account, &ledger.answered, seed).await;
    eventually_within(
        LEASES_DEADLINE,
        "a notification for each message",
        async || {
            let notified: BTreeSet<String> = receiver
                .notifications()
                .iter()
                .filter_map(|one| {
                    one.json()["data"]["object"]["id"]
                        .as_str()
                        .map(str::to_owned)
                })
                .collect();
            stored.is_subset(&notified).then_some(())
        },
    )
    .await;
    println!(
        "{} messages over {kills} kills, each there once",
        stored.len()
    );
}

/// Starts the connections. Each takes a number, sends it, and goes on until the server is gone or nothing is left.
fn start_senders(
    smtp: SocketAddr,
    account: &Account,
    ledger: &Arc<Mutex<Ledger>>,
    seed: u64,
) -> JoinSet<()> {
    let mut senders = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let ledger = Arc::clone(ledger);
        let recipient = account.email.clone();
        senders.spawn(async move {
            let Ok((mut client, _)) = SmtpClient::try_connect(smtp).await else {
                return;
            };
            if client.try_write(b"EHLO peer.example\r\n").await.is_err()
                || client.try_read_reply().await.is_err()
            {
                return;
            }
            while let Some(number) = Ledger::take(&ledger) {
                let letter = numbered_letter(number, &recipient, seed);
                let reply = client
                    .try_send(&letter.sender, &letter.recipients, &letter.wire())
                    .await;
                let is_taken = reply.is_ok_and(|reply| reply.code == 250);
                Ledger::note(&ledger, number, is_taken);
                if !is_taken {
                    return;
                }
            }
        });
    }
    senders
}

impl Ledger {
    /// Returns a number to send: one that was left unanswered before, else a new one.
    fn take(ledger: &Mutex<Self>) -> Option<usize> {
        let mut ledger = ledger.lock().expect("no sender panics");
        if let Some(number) = ledger.unanswered.pop_first() {
            return Some(number);
        }
        if ledger.is_closing {
            return None;
        }
        ledger.next += 1;
        Some(ledger.next - 1)
    }

    /// Keeps what became of a number.
    fn note(ledger: &Mutex<Self>, number: usize, is_taken: bool) {
        let mut ledger = ledger.lock().expect("no sender panics");
        if is_taken {
            ledger.answered.insert(number);
        } else {
            ledger.unanswered.insert(number);
        }
    }
}

/// The same number makes the same bytes, as a mail server sends the same message again. Every tenth is too large for a row of the database;
/// every seventh has a text so long that it is kept apart from the rest.
fn numbered_letter(number: usize, recipient: &str, seed: u64) -> Letter {
    let mut letter = Letter::to(recipient)
        .subject(&format!("crash {number}"))
        .text(&"A line of text.\n".repeat(200));
    letter.message_id = format!("<crash.{number}.{seed:x}@shop.example>");
    if number % 7 == 3 {
        letter = letter.text(&format!("A line of letter {number}.\n").repeat(1_500));
    }
    if number.is_multiple_of(10) {
        let mut noise = vec![0; 100_000];
        StdRng::seed_from_u64(seed ^ number as u64).fill(noise.as_mut_slice());
        letter = letter.file("noise.bin", "application/octet-stream", &noise);
    }
    letter
}

/// Compares the mailbox with what was answered, message by message and byte by byte. Returns the ids.
async fn assert_each_is_there_once(
    api: &Api,
    account: &Account,
    answered: &BTreeSet<usize>,
    seed: u64,
) -> BTreeSet<String> {
    let mut copies: BTreeMap<usize, usize> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v3/grants/{}/messages?limit=50{cursor}", account.id);
        let page = api.get(&path).await.expect(200);
        for message in page.rows() {
            let id = message["id"].as_str().expect("an id").to_owned();
            let subject = message["subject"].as_str().unwrap_or_default();
            let number = subject
                .strip_prefix("crash ")
                .and_then(|number| number.parse().ok());
            let number: usize = number.unwrap_or_else(|| panic!("half a message: {message}"));
            assert_is_whole(api, account, &id, number, seed).await;
            *copies.entry(number).or_default() += 1;
            ids.insert(id);
        }
        match page.json()["next_cursor"].as_str() {
            Some(next) => cursor = format!("&page_token={next}"),
            None => break,
        }
    }
    let doubles: Vec<_> = copies.iter().filter(|(_, count)| **count != 1).collect();
    assert!(doubles.is_empty(), "more than once: {doubles:?}");
    let there: BTreeSet<usize> = copies.into_keys().collect();
    let lost: Vec<_> = answered.difference(&there).collect();
    assert!(lost.is_empty(), "answered 250 and lost: {lost:?}");
    let folders = api
        .get(&format!("/v3/grants/{}/folders", account.id))
        .await
        .expect(200)
        .rows();
    assert_eq!(
        folders[0]["total_count"],
        there.len(),
        "the folder's count is off"
    );
    assert_eq!(
        folders[0]["unread_count"],
        there.len(),
        "the folder's count is off"
    );
    ids
}

async fn assert_is_whole(api: &Api, account: &Account, id: &str, number: usize, seed: u64) {
    use base64::Engine;
    let path = format!("/v3/grants/{}/messages/{id}?fields=raw_mime", account.id);
    let encoded = api.get(&path).await.expect(200).text_of("raw_mime");
    let raw = base64::engine::general_purpose::URL_SAFE
        .decode(encoded)
        .expect("base64url with padding");
    let sent = numbered_letter(number, &account.email, seed).wire();
    assert!(
        raw.ends_with(&sent),
        "message {number} is not what was sent"
    );
}
