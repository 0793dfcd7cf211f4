//! Filling: mail comes in by SMTP, then the owner's part over the API: reading, starring, filing, metadata.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::correspondence::{FOLDERS, LANES, Lane, Letter, RARE_WORD, care};
use crate::http::Client;
use crate::latency::round;
use crate::limits::INDEX_WAIT_MAX;
use crate::server::posthouse::{Account, Posthouse};
use crate::smtp::client::{Dialect, Sent, Session};
use crate::stop;

/// Local part of the account.
pub const NAME: &str = "busy";
/// Messages that get metadata, this many for each of [`CASES`] values.
const WITH_METADATA: usize = 1_000;
/// Values of the metadata.
pub const CASES: usize = 100;
/// Connections over which the owner works.
const OWNERS: usize = 8;
/// Messages on a page while everything is read through.
const PAGE_MESSAGES: usize = 200;

/// What a filled store is known by, kept beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Filled {
    /// Messages that came in.
    pub messages: u64,
    /// When the first one may have been accepted, in Unix seconds.
    pub begun_at: i64,
    /// When the last one may have been accepted, in Unix seconds.
    pub ended_at: i64,
    /// Seconds that receiving took; the copy, for PostgreSQL.
    pub fill_s: f64,
    /// Seconds that reading, filing and so on took.
    pub organise_s: f64,
    /// Seconds until the search index had everything; `None` while it has not.
    pub index_s: Option<f64>,
}

impl Filled {
    /// Reads what is known of a store; `None` when it is not filled.
    pub fn read(place: &Path) -> Result<Option<Self>> {
        let Ok(text) = fs::read_to_string(place) else {
            return Ok(None);
        };
        Ok(Some(serde_json::from_str(&text)?))
    }

    /// Keeps it.
    pub fn write(&self, place: &Path) -> Result<()> {
        fs::write(place, serde_json::to_string(self)?)
            .with_context(|| format!("writing {}", place.display()))
    }
}

/// Returns the present in Unix seconds.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

/// Makes the account and fills it.
pub fn fill(server: &Posthouse, messages: u64) -> Result<Filled> {
    let mut client = server.client()?;
    let account = server.create_account(&mut client, NAME)?;
    let (begun, begun_at) = (Instant::now(), now());
    receive(server, &account, messages)?;
    let (fill_s, ended_at) = (begun.elapsed().as_secs_f64(), now());
    let begun = Instant::now();
    organise(server, &account)?;
    let organise_s = begun.elapsed().as_secs_f64();
    Ok(Filled {
        messages,
        begun_at,
        ended_at,
        fill_s: round(fill_s, 1),
        organise_s: round(organise_s, 1),
        index_s: None,
    })
}

fn receive(server: &Posthouse, account: &Account, messages: u64) -> Result<()> {
    let failed = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut lanes = Vec::new();
        for lane in 0..LANES {
            let failed = &failed;
            lanes.push(scope.spawn(move || {
                let sent = send_lane(server, account, messages, lane, failed);
                failed.fetch_or(sent.is_err(), Ordering::Relaxed);
                sent
            }));
        }
        for lane in lanes {
            let Ok(sent) = lane.join() else {
                bail!("a sender panicked")
            };
            sent?;
        }
        Ok(())
    })
}

fn send_lane(
    server: &Posthouse,
    account: &Account,
    messages: u64,
    lane: u64,
    failed: &AtomicBool,
) -> Result<()> {
    let mut session = Session::open(server.smtp, Dialect::Smtp)?;
    let mut lane = Lane::new(lane, messages);
    let mut content = Vec::new();
    let date = rfc2822::to_string(&Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC))?;
    while let Some(letter) = lane.next(&account.email, &date, &mut content) {
        if failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        stop::check()?;
        let sent = session.send(&letter.thread.sender, &account.email, &mut content)?;
        if let Sent::Refused(text) = sent {
            bail!("message {} was refused: {}", letter.number, text.trim_end());
        }
    }
    session.quit()
}

/// Reads through the whole mailbox and does what its owner has done with each conversation.
fn organise(server: &Posthouse, account: &Account) -> Result<()> {
    let mut client = server.client()?;
    let grant = format!("/v3/grants/{}", account.id);
    for name in FOLDERS {
        let made = client.post(&format!("{grant}/folders"), &json!({ "name": name }))?;
        ensure!(made.is_success(), "making a folder: {}", made.text());
    }
    let (work, changes) = queues(OWNERS);
    thread::scope(|scope| {
        let mut owners = Vec::new();
        for changes in changes {
            let mut client = server.client()?;
            owners.push(scope.spawn(move || -> Result<()> {
                for change in changes {
                    let change: Change = change;
                    let done = client.send("PUT", &change.path, &change.body)?;
                    ensure!(done.is_success(), "{}: {}", change.path, done.text());
                }
                Ok(())
            }));
        }
        let read = read_through(&mut client, &grant, &work);
        drop(work);
        for owner in owners {
            let Ok(done) = owner.join() else {
                bail!("an owner panicked")
            };
            done?;
        }
        read
    })
}

struct Change {
    path: String,
    body: Value,
}

type Work = Vec<std::sync::mpsc::SyncSender<Change>>;

/// One bounded queue per owner.
fn queues(owners: usize) -> (Work, Vec<std::sync::mpsc::Receiver<Change>>) {
    (0..owners)
        .map(|_| std::sync::mpsc::sync_channel(64))
        .unzip()
}

/// Goes from page to page; each conversation is dealt with at its newest message.
fn read_through(client: &mut Client, grant: &str, work: &Work) -> Result<()> {
    let fields = "select=id,thread_id,rfc822_message_id,from";
    let first = format!("{grant}/messages?in=all&limit={PAGE_MESSAGES}&{fields}");
    let mut path = first.clone();
    let mut seen = std::collections::HashSet::new();
    let mut with_metadata = 0;
    loop {
        stop::check()?;
        let page = client.get(&path)?;
        ensure!(page.is_success(), "listing: {}", page.text());
        let page: Value = serde_json::from_slice(&page.body)?;
        for message in page["data"].as_array().context("no data")? {
            let text = |name: &str| message[name].as_str().unwrap_or_default();
            let number =
                Letter::thread_of(text("rfc822_message_id")).context("a foreign message")?;
            if with_metadata < WITH_METADATA {
                let value = format!("case{}", with_metadata % CASES);
                with_metadata += 1;
                let path = format!("{grant}/messages/{}", text("id"));
                let body = json!({ "metadata": { "key1": value } });
                work[with_metadata % OWNERS].send(Change { path, body })?;
            }
            let sender = message["from"][0]["email"].as_str().unwrap_or_default();
            let care = care(number, sender);
            if !seen.insert(number) || !care.is_any() {
                continue;
            }
            let mut body = json!({});
            if care.read {
                body["unread"] = json!(false);
            }
            if care.starred {
                body["starred"] = json!(true);
            }
            if let Some(folder) = care.folder {
                body["folders"] = json!([FOLDERS[folder]]);
            }
            if care.archived {
                body["folders"] = json!(["archive"]);
            }
            let path = format!("{grant}/threads/{}", text("thread_id"));
            work[number as usize % OWNERS].send(Change { path, body })?;
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{first}&page_token={cursor}"),
            None => return Ok(()),
        }
    }
}

/// Waits until the index has everything; returns the seconds it took.
pub fn index(server: &Posthouse, account: &Account) -> Result<f64> {
    let begun = Instant::now();
    // A search would have its account indexed out of turn, beside what is indexed in turn.
    while index_status(server)? != "ready" {
        stop::check()?;
        ensure!(begun.elapsed() < INDEX_WAIT_MAX, "the index is not ready");
        thread::sleep(Duration::from_millis(500));
    }
    let path = format!("/v3/grants/{}/messages?limit=1&q={RARE_WORD}", account.id);
    let answer = server.client()?.get(&path)?;
    ensure!(answer.is_success(), "searching: {}", answer.text());
    Ok(round(begun.elapsed().as_secs_f64(), 1))
}

fn index_status(server: &Posthouse) -> Result<String> {
    let answer = server.client()?.get("/v3/admin/search-index")?;
    ensure!(
        answer.is_success(),
        "asking for the index: {}",
        answer.text()
    );
    let answer: Value = serde_json::from_slice(&answer.body)?;
    let status = answer["data"]["status"].as_str();
    Ok(status.context("no status of the index")?.to_owned())
}
