//! The same mail in a Maildir under Dovecot, and the nearest equal work over IMAP.
//!
//! The Maildir is written as files, with flags and folders as [`care`] says, which is much quicker than delivering it;
//! then Dovecot builds its own indexes from it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::measure::{Bound, row};
use crate::correspondence::{COMMON_WORD, FOLDERS, LANES, Lane, MACHINE, RARE_WORD, care};
use crate::imap::Session;
use crate::latency::{Latencies, round};
use crate::message::Random;
use crate::server::dovecot::Dovecot;
use crate::stop;

/// The mailbox's name.
const NAME: &str = "busy";
/// Days over which the messages are spread: IMAP searches by day.
const DAYS: u64 = 400;
const DAY: Duration = Duration::from_secs(86_400);
/// Messages that a listing shows.
const PAGE_MESSAGES: u64 = 50;

/// Writes the Maildir of `messages` messages below `folder`; returns the seconds it took.
pub fn fill(folder: &Path, messages: u64) -> Result<f64> {
    let begun = Instant::now();
    let maildir = Dovecot::maildir(folder, NAME);
    let mut boxes = vec![maildir.clone()];
    let named = FOLDERS.iter().copied().chain(["Archive"]);
    boxes.extend(named.map(|name| maildir.join(format!(".{name}"))));
    for folder in &boxes {
        for part in ["cur", "new", "tmp"] {
            fs::create_dir_all(folder.join(part))?;
        }
    }
    let first = SystemTime::now() - DAY * u32::try_from(DAYS)?;
    let mut content = Vec::new();
    let email = "busy@agents.localhost";
    for lane in 0..LANES {
        stop::check()?;
        let mut lane = Lane::new(lane, messages);
        while let Some(letter) = lane.next(email, "Mon, 01 Jan 2024 00:00:00 +0000", &mut content) {
            let number = letter.number;
            let care = care(letter.thread.number, &letter.thread.sender);
            let place = match care.folder {
                Some(folder) => &boxes[1 + folder],
                None if care.archived => &boxes[FOLDERS.len() + 1],
                None => &boxes[0],
            };
            let flags = format!(
                "{}{}",
                if care.starred { "F" } else { "" },
                if care.read { "S" } else { "" }
            );
            // RFC 5322 lines end with CRLF; a Maildir keeps them as Unix files do.
            content.retain(|byte| *byte != b'\r');
            let seconds = number * DAYS * DAY.as_secs() / messages;
            let at = first + Duration::from_secs(seconds);
            let unix = at.duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
            let path = place.join(format!("cur/{unix}.M{number}.bench:2,{flags}"));
            let mut file =
                fs::File::create(&path).with_context(|| format!("creating {}", path.display()))?;
            std::io::Write::write_all(&mut file, &content)?;
            file.set_modified(at)?;
        }
    }
    let owned = Command::new("chown")
        .args(["-R", "mail:mail"])
        .arg(folder.join("mail"))
        .status()?;
    ensure!(
        owned.success(),
        "cannot give the Maildir to the user `mail`"
    );
    Ok(round(begun.elapsed().as_secs_f64(), 1))
}

/// Asks for the nearest equal of what is asked of Posthouse; returns the rows.
pub fn measure(server: &Dovecot, bound: Bound, with_search: bool) -> Result<(f64, Vec<Value>)> {
    let mut session = Session::open(server.imap, NAME)?;
    let begun = Instant::now();
    // The first look reads the folder and the headers: from then on they are in Dovecot's own index.
    let selected = session.run("SELECT INBOX")?;
    let count = exists(&selected)?;
    session.run("SEARCH FROM nobody SUBJECT nothing")?;
    session.run("SEARCH HEADER Message-ID nothing")?;
    let index_s = round(begun.elapsed().as_secs_f64(), 1);
    let mut random = Random::seeded(count);
    let mut rows = Vec::new();
    let from = |top: u64| format!("{}:{top}", top.saturating_sub(PAGE_MESSAGES - 1).max(1));
    let page = "(FLAGS INTERNALDATE ENVELOPE BODYSTRUCTURE BODY.PEEK[])";
    let mut each = |name: &str, make: &mut dyn FnMut(&mut Random) -> String| -> Result<()> {
        rows.push(ask(&mut session, name, &mut random, bound, make)?);
        Ok(())
    };
    each("list, first page", &mut |_| {
        format!("FETCH {} {page}", from(count))
    })?;
    each("list, page in the depth", &mut |random| {
        let top = PAGE_MESSAGES + random.below((count - PAGE_MESSAGES) as usize) as u64;
        format!("FETCH {} {page}", from(top))
    })?;
    each("get one message", &mut |random| {
        let number = 1 + random.below(count as usize);
        format!("FETCH {number} {page}")
    })?;
    each("from, a person", &mut |random| {
        let person = random.below(300);
        format!("SEARCH FROM person{person}@company{}.example", person % 40)
    })?;
    each("from, 3 in 10 messages", &mut |_| {
        format!("SEARCH FROM {MACHINE}")
    })?;
    each("subject, a frequent word", &mut |_| {
        "SEARCH SUBJECT the".to_owned()
    })?;
    each("unread=true", &mut |_| "SEARCH UNSEEN".to_owned())?;
    each("starred=true, 1 in 70", &mut |_| {
        "SEARCH FLAGGED".to_owned()
    })?;
    each("received_after and _before", &mut |random| {
        let day = jiff::Timestamp::now()
            - jiff::SignedDuration::from_hours(24 * (1 + random.below(390) as i64));
        let day = day.strftime("%d-%b-%Y");
        format!("SEARCH ON {day}")
    })?;
    each("rfc822_message_id", &mut |random| {
        format!(
            "SEARCH HEADER Message-ID m{}.t",
            random.below(count as usize)
        )
    })?;
    each("from 3 in 10, unread: none", &mut |_| {
        format!("SEARCH FROM {MACHINE} UNSEEN")
    })?;
    each("mark unread", &mut |random| {
        format!("STORE {} -FLAGS (\\Seen)", 1 + random.below(count as usize))
    })?;
    each("mark read", &mut |random| {
        format!("STORE {} +FLAGS (\\Seen)", 1 + random.below(count as usize))
    })?;
    if with_search {
        each("search, a word in 10 messages", &mut |_| {
            format!("SEARCH BODY {RARE_WORD}")
        })?;
        each("search, a word in every tenth", &mut |_| {
            format!("SEARCH BODY {COMMON_WORD}")
        })?;
    }
    let mut left = count;
    each("move to a folder", &mut |random| {
        left -= 1;
        format!("MOVE {} Travel", 1 + random.below(left as usize))
    })?;
    each("delete for good", &mut |_| {
        // Marking and removing, as the API does it at once.
        "STORE 1 +FLAGS.SILENT (\\Deleted)\u{0}EXPUNGE".to_owned()
    })?;
    Ok((index_s, rows))
}

/// Measures one kind of command; a zero byte stands between commands that belong together.
fn ask(
    session: &mut Session,
    name: &str,
    random: &mut Random,
    bound: Bound,
    make: &mut dyn FnMut(&mut Random) -> String,
) -> Result<Value> {
    stop::check()?;
    let mut latencies = Latencies::default();
    let closes = Instant::now() + bound.time;
    for _ in 0..bound.samples {
        let commands = make(random);
        let begun = Instant::now();
        if begun > closes {
            break;
        }
        for command in commands.split('\u{0}') {
            session.run(command)?;
        }
        latencies.record(begun.elapsed());
    }
    Ok(row(name, &mut latencies))
}

fn exists(answer: &[u8]) -> Result<u64> {
    let text = String::from_utf8_lossy(answer);
    let line = text.lines().find(|line| line.ends_with(" EXISTS"));
    let count = line.and_then(|line| line.split(' ').nth(1)?.parse().ok());
    count.context("no EXISTS")
}
