//! The mail of one busy account: conversations with several hundred people, and a machine that writes a lot.
//!
//! The same number of messages gives the same mail in every run, so that every server is asked the same of the same
//! mailbox. What was accepted in which order differs where several sessions deliver it; a lane is what one session
//! sends, in order, and conversations never leave their lane: no answer arrives before what it answers.

use std::fmt::Write;

use crate::message::{self, Random};

/// Sessions that deliver a mailbox.
pub const LANES: u64 = 32;
/// People who write.
pub const SENDERS: usize = 300;
/// The sender of three messages in ten, all of them read.
pub const MACHINE: &str = "builds@machine.example";
/// A word that every tenth message holds.
pub const COMMON_WORD: &str = "tambourine";
/// A word that ten messages hold.
pub const RARE_WORD: &str = "quagmire";
/// Messages that hold it.
const RARE_MESSAGES: u64 = 10;
/// Folders that an owner of such a mailbox has made.
pub const FOLDERS: [&str; 6] = [
    "Customers",
    "Suppliers",
    "Travel",
    "Receipts",
    "Team",
    "Newsletters",
];

/// Conversations that go on at the same time in one lane.
const OPEN_THREADS: usize = 16;
/// Lengths that conversations have, each as often as any other: 3.4 messages on average.
const THREAD_MESSAGES: [u32; 7] = [1, 1, 2, 3, 4, 5, 8];
const SIZE_BYTES_MIN: usize = 1_024;
const SIZE_BYTES_MAX: usize = 8_192;
/// Bytes of an attachment before its encoding.
const FILE_BYTES: usize = 600;

/// What a conversation is like; all of its messages share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Unique in the mailbox.
    pub number: u64,
    /// The address that writes.
    pub sender: String,
    /// Its subject, without prefixes.
    pub subject: String,
}

/// What the owner of the mailbox has done with a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Care {
    /// Read it.
    pub read: bool,
    /// Starred it.
    pub starred: bool,
    /// Put it into one of [`FOLDERS`].
    pub folder: Option<usize>,
    /// Archived it.
    pub archived: bool,
}

impl Care {
    /// Tells whether anything was done at all.
    pub fn is_any(self) -> bool {
        self.read || self.starred || self.folder.is_some() || self.archived
    }
}

/// Returns what was done with a conversation: three in ten were filed, one in ten was archived, two in a hundred
/// starred; of the machine's all were read, of the others four in ten.
pub fn care(thread: u64, sender: &str) -> Care {
    let mut random = Random::seeded(thread.wrapping_mul(0x9e37_79b9));
    let filed = random.below(100);
    let is_machine = sender == MACHINE;
    Care {
        read: random.below(100) < 40 || is_machine,
        starred: random.below(100) < 2 && !is_machine,
        folder: (filed < 30 && !is_machine).then_some(filed % FOLDERS.len()),
        archived: (30..40).contains(&filed) && !is_machine,
    }
}

/// One message, before it is written down.
#[derive(Debug)]
pub struct Letter<'a> {
    /// Its number in the mailbox, from 0.
    pub number: u64,
    /// Its conversation.
    pub thread: &'a Thread,
    /// Numbers of the messages before it in the conversation, newest last.
    earlier: &'a [u64],
}

/// Writes the mail of one lane, message after message.
pub struct Lane {
    random: Random,
    lane: u64,
    total: u64,
    written: u64,
    threads: u64,
    open: Vec<Open>,
}

struct Open {
    thread: Thread,
    left: u32,
    earlier: Vec<u64>,
}

impl Lane {
    /// Begins a lane of a mailbox of `total` messages.
    pub fn new(lane: u64, total: u64) -> Self {
        Self {
            random: Random::seeded(total << 8 | lane),
            lane,
            total,
            written: 0,
            threads: 0,
            open: Vec::new(),
        }
    }

    /// Writes the next message to `to` into `out`; `None` when the lane has no more.
    pub fn next(&mut self, to: &str, date: &str, out: &mut Vec<u8>) -> Option<Letter<'_>> {
        let number = self.written * LANES + self.lane;
        if number >= self.total {
            return None;
        }
        let slot = self.written as usize % OPEN_THREADS;
        self.written += 1;
        if slot >= self.open.len() {
            let begun = self.begin_thread();
            self.open.push(begun);
        } else if self.open[slot].left == 0 {
            self.open[slot] = self.begin_thread();
        }
        let open = &mut self.open[slot];
        open.left -= 1;
        let letter = Letter {
            number,
            thread: &open.thread,
            earlier: &open.earlier,
        };
        letter.write(to, date, self.total, &mut self.random, out);
        open.earlier.push(number);
        let (last, earlier) = open.earlier.split_last()?;
        Some(Letter {
            number: *last,
            thread: &open.thread,
            earlier,
        })
    }

    fn begin_thread(&mut self) -> Open {
        let number = self.threads * LANES + self.lane;
        self.threads += 1;
        let random = &mut self.random;
        let sender = if random.below(10) < 3 {
            MACHINE.to_owned()
        } else {
            // The smaller of two draws: some people write more than others.
            let person = random.below(SENDERS).min(random.below(SENDERS));
            format!("person{person}@company{}.example", person % 40)
        };
        let subject = [random.word(), random.word(), random.word(), random.word()].join(" ");
        Open {
            thread: Thread {
                number,
                sender,
                subject: format!("{subject} {number}"),
            },
            left: THREAD_MESSAGES[random.below(THREAD_MESSAGES.len())],
            earlier: Vec::new(),
        }
    }
}

impl Letter<'_> {
    /// Returns the Message-ID that a message has, which names its conversation too.
    pub fn message_id(thread: u64, number: u64) -> String {
        format!("<m{number}.t{thread}@sender.example>")
    }

    /// Reads the number of the conversation from a Message-ID.
    pub fn thread_of(message_id: &str) -> Option<u64> {
        let (_, thread) = message_id.split_once(".t")?;
        thread.split_once('@')?.0.parse().ok()
    }

    fn write(&self, to: &str, date: &str, total: u64, random: &mut Random, out: &mut Vec<u8>) {
        out.clear();
        let thread = self.thread;
        let id = Self::message_id(thread.number, self.number);
        let answer = if self.earlier.is_empty() { "" } else { "Re: " };
        let mut head = format!(
            "Received: from mail.sender.example (mail.sender.example [192.0.2.9])\r\n\
             \tby mx.sender.example with ESMTPS id {number:x}; {date}\r\n\
             Message-ID: {id}\r\nDate: {date}\r\nFrom: {name} <{sender}>\r\nTo: <{to}>\r\n\
             Subject: {answer}{subject}\r\nMIME-Version: 1.0\r\n",
            number = self.number,
            name = thread.sender.split('@').next().unwrap_or_default(),
            sender = thread.sender,
            subject = thread.subject,
        );
        if self.number % 5 == 2 {
            let colleague = self.number % 37;
            let _ = write!(
                head,
                "Cc: Colleague <colleague{colleague}@company1.example>\r\n"
            );
        }
        if let Some(last) = self.earlier.last() {
            let ids = self.earlier.iter();
            let ids: Vec<String> = ids
                .map(|one| Self::message_id(thread.number, *one))
                .collect();
            let last = Self::message_id(thread.number, *last);
            let references = ids.join("\r\n\t");
            let _ = write!(head, "In-Reply-To: {last}\r\nReferences: {references}\r\n");
        }
        out.extend_from_slice(head.as_bytes());
        let draws = [0; 3].map(|_| random.below(SIZE_BYTES_MAX - SIZE_BYTES_MIN));
        let size = SIZE_BYTES_MIN + draws.into_iter().min().unwrap_or_default();
        let has_file = self.number % 8 == 5;
        out.extend_from_slice(match has_file {
            true => FILE_BEGIN.as_bytes(),
            false => TEXT_BEGIN.as_bytes(),
        });
        if self.number % 10 == 3 {
            out.extend_from_slice(format!("The {COMMON_WORD} is here.\r\n").as_bytes());
        }
        let apart = (total / RARE_MESSAGES).max(1);
        if self.number % apart == apart / 2 {
            out.extend_from_slice(format!("What a {RARE_WORD} this is.\r\n").as_bytes());
        }
        message::text(random, size.max(out.len() + 80), out);
        if has_file {
            file(self.number, random, out);
        }
    }
}

const TEXT_BEGIN: &str =
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n";
const FILE_BEGIN: &str = "Content-Type: multipart/mixed; boundary=\"=_edge\"\r\n\r\n--=_edge\r\n\
     Content-Type: text/plain; charset=utf-8\r\n\r\n";

fn file(number: u64, random: &mut Random, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let head = format!(
        "--=_edge\r\nContent-Type: application/pdf; name=\"report{number}.pdf\"\r\n\
         Content-Disposition: attachment; filename=\"report{number}.pdf\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n"
    );
    out.extend_from_slice(head.as_bytes());
    for place in 0..FILE_BYTES * 4 / 3 {
        if place > 0 && place % 76 == 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.push(DIGITS[random.below(64)]);
    }
    out.extend_from_slice(b"\r\n--=_edge--\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(total: u64) -> Vec<Vec<u8>> {
        let mut messages = vec![Vec::new(); total as usize];
        for lane in 0..LANES {
            let mut lane = Lane::new(lane, total);
            let mut out = Vec::new();
            while let Some(letter) =
                lane.next("a@b.example", "Mon, 01 Jan 2024 00:00:00 +0000", &mut out)
            {
                let number = letter.number as usize;
                messages[number] = std::mem::take(&mut out);
            }
        }
        messages
    }

    #[test]
    fn a_mailbox_is_the_same_in_every_run_and_has_every_message() {
        let mailbox_once = mailbox(1_000);
        assert!(mailbox_once.iter().all(|message| message.len() > 300));
        assert_eq!(mailbox_once, mailbox(1_000));
    }

    #[test]
    fn words_are_as_rare_as_they_are_said_to_be() {
        let texts: Vec<String> = (mailbox(1_000).into_iter())
            .map(|message| String::from_utf8_lossy(&message).into_owned())
            .collect();
        let with = |word: &str| texts.iter().filter(|text| text.contains(word)).count();
        assert_eq!(with(RARE_WORD), 10);
        assert_eq!(with(COMMON_WORD), 100);
        assert_eq!(with("filename="), 125);
        let answers = with("In-Reply-To: ");
        assert!((100..900).contains(&answers), "{answers}");
    }

    #[test]
    fn conversations_are_read_back_from_message_ids() {
        assert_eq!(Letter::thread_of(&Letter::message_id(77, 3)), Some(77));
        assert_eq!(Letter::thread_of("<a@b>"), None);
    }
}
