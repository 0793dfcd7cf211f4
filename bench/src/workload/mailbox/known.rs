//! What is known of a mailbox before it is measured: some of its messages, all over it, and cursors into its depth.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::fill::Filled;
use crate::http::Client;
use crate::message::Random;

/// Places all over the mailbox that are looked at.
const PLACES: usize = 100;
/// Messages left out before it at most: a small mailbox is filled within a second or two, which are too few places.
const LEFT_OUT_MAX: usize = 2_500;
/// Messages taken from each.
const MESSAGES_PER_PLACE: usize = 20;

/// A message of the mailbox.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its id.
    pub id: String,
    /// Its thread's.
    pub thread_id: String,
    /// Its sender's address.
    pub from: String,
    /// Its subject without prefixes.
    pub subject: String,
    /// When it was accepted.
    pub date: i64,
    /// Its Message-ID without brackets.
    pub message_id: String,
}

/// What is known.
#[derive(Debug)]
pub struct Sample {
    /// Messages, in no particular order.
    pub messages: Vec<Known>,
    /// Cursors of the listing of messages.
    pub message_cursors: Vec<String>,
    /// Cursors of the listing of threads.
    pub thread_cursors: Vec<String>,
}

/// Looks all over a mailbox.
pub fn look(client: &mut Client, grant: &str, filled: &Filled) -> Result<Sample> {
    let mut random = Random::seeded(filled.messages);
    let span = usize::try_from(filled.ended_at - filled.begun_at)?.max(1);
    let mut sample = Sample {
        messages: Vec::new(),
        message_cursors: Vec::new(),
        thread_cursors: Vec::new(),
    };
    for _ in 0..PLACES {
        // A little above the oldest second, so that something is below.
        let before = filled.begun_at + 1 + random.below(span) as i64 + 1;
        let offset = random.below(LEFT_OUT_MAX);
        let fields = "select=id,thread_id,from,subject,date,rfc822_message_id";
        let page = page(
            client,
            &format!(
                "{grant}/messages?limit={MESSAGES_PER_PLACE}&received_before={before}&offset={offset}&{fields}"
            ),
        )?;
        let messages = page["data"].as_array().context("no data")?;
        sample.messages.extend(messages.iter().filter_map(known));
        sample.message_cursors.extend(cursor(&page));
        let threads = self::page(
            client,
            &format!(
                "{grant}/threads?limit=1&latest_message_before={before}&offset={}&select=id",
                offset / 4
            ),
        )?;
        sample.thread_cursors.extend(cursor(&threads));
    }
    // Places may overlap.
    sample.messages.sort_by(|one, other| one.id.cmp(&other.id));
    sample.messages.dedup_by(|one, other| one.id == other.id);
    // Their order must not be that of their places.
    for place in (1..sample.messages.len()).rev() {
        sample.messages.swap(place, random.below(place + 1));
    }
    ensure!(
        sample.messages.len() > PLACES && !sample.message_cursors.is_empty(),
        "the mailbox is too small to be measured"
    );
    Ok(sample)
}

fn page(client: &mut Client, path: &str) -> Result<Value> {
    let answer = client.get(path)?;
    ensure!(answer.is_success(), "{path}: {}", answer.text());
    Ok(serde_json::from_slice(&answer.body)?)
}

fn cursor(page: &Value) -> Option<String> {
    page["next_cursor"].as_str().map(ToOwned::to_owned)
}

fn known(message: &Value) -> Option<Known> {
    let text = |name: &str| message[name].as_str().map(ToOwned::to_owned);
    Some(Known {
        id: text("id")?,
        thread_id: text("thread_id")?,
        from: message["from"][0]["email"].as_str()?.to_owned(),
        subject: text("subject")?.trim_start_matches("Re: ").to_owned(),
        date: message["date"].as_i64()?,
        message_id: text("rfc822_message_id")?
            .trim_matches(['<', '>'])
            .to_owned(),
    })
}
