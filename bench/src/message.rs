//! Generated messages: no two alike, made of words, of an exact size.
//!
//! The text is drawn from several hundred English words with common ones more frequent, so a compressor finds
//! about what it finds in real mail, and a server cannot win by recognising a repeated body. Writing one must
//! cost far less than accepting it, because both share the machine.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::fmt::rfc2822;

static WORDS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("words.txt").split_ascii_whitespace().collect());

static POOL: LazyLock<Pool> = LazyLock::new(Pool::fill);

const LINE_BYTES: usize = 72;
const POOL_BYTES: usize = 4 * 1024 * 1024;

/// Writes messages of one sender; every one has its own Message-ID, subject and text.
pub struct Writer {
    random: Random,
    run: u64,
    sender: u32,
    sequence: u64,
    date: String,
    date_written: Instant,
}

impl Writer {
    /// Makes the writer of one connection. `sender` tells the connections of a run apart.
    pub fn new(sender: u32) -> Self {
        LazyLock::force(&POOL);
        Self {
            random: Random::new(sender),
            run: nanos_now(),
            sender,
            sequence: 0,
            date: date_now(),
            date_written: Instant::now(),
        }
    }

    /// Writes the next message to `to` into `out`, exactly `size` bytes long (or a little more where the header
    /// alone is longer), lines ended by CRLF, no line beginning with a dot. `tag`, if any, opens the subject.
    pub fn compose(&mut self, to: &str, size: usize, tag: Option<&str>, out: &mut Vec<u8>) {
        self.sequence += 1;
        if self.date_written.elapsed().as_secs() >= 1 {
            self.date = date_now();
            self.date_written = Instant::now();
        }
        out.clear();
        self.header(to, tag, out);
        text(&mut self.random, size, out);
    }

    fn header(&mut self, to: &str, tag: Option<&str>, out: &mut Vec<u8>) {
        let (run, sender, sequence) = (self.run, self.sender, self.sequence);
        let (first, last) = (self.random.word(), self.random.word());
        let subject = [
            self.random.word(),
            self.random.word(),
            self.random.word(),
            self.random.word(),
        ]
        .join(" ");
        let tag = tag.unwrap_or("");
        let space = if tag.is_empty() { "" } else { " " };
        let date = &self.date;
        let header = format!(
            "Received: from desk{sender}.sender.example (desk{sender}.sender.example [192.0.2.{host}])\r\n\
             \tby mx.sender.example with ESMTPSA id {run:x}{sequence:x}; {date}\r\n\
             Message-ID: <{run:x}.{sender}.{sequence}@sender.example>\r\n\
             Date: {date}\r\n\
             From: {first} {last} <{first}.{last}@sender.example>\r\n\
             To: <{to}>\r\n\
             Subject: {tag}{space}{subject} {sequence}\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 7bit\r\n\r\n",
            host = sender % 250 + 1,
        );
        out.extend_from_slice(header.as_bytes());
    }
}

/// Copies text from a random line of the pool on, until `out` is `size` bytes long.
pub fn text(random: &mut Random, size: usize, out: &mut Vec<u8>) {
    let start = random.below(POOL.line_starts.len());
    let mut from = POOL.line_starts[start];
    while out.len() + 2 < size {
        let count = (size - 2 - out.len()).min(POOL.text.len() - from);
        out.extend_from_slice(&POOL.text[from..from + count]);
        from = 0;
    }
    // The cut may have fallen between the two bytes of a line end.
    if out.last() == Some(&b'\r') {
        out.pop();
        out.push(b'.');
    }
    out.extend_from_slice(b"\r\n");
}

/// Text in lines, made once per run: choosing every word of every message would cost more than sending it.
struct Pool {
    text: Vec<u8>,
    line_starts: Vec<usize>,
}

impl Pool {
    fn fill() -> Self {
        // The same text in every run: a mailbox can be written twice.
        let mut random = Random::seeded(0);
        let mut text = Vec::with_capacity(POOL_BYTES + LINE_BYTES);
        let mut line_starts = vec![0];
        while text.len() < POOL_BYTES {
            let line_start = line_starts[line_starts.len() - 1];
            let word = random.word();
            if text.len() - line_start + word.len() > LINE_BYTES {
                text.extend_from_slice(b"\r\n");
                line_starts.push(text.len());
            } else if text.len() > line_start {
                text.push(b' ');
            }
            text.extend_from_slice(word.as_bytes());
        }
        text.extend_from_slice(b"\r\n");
        Self { text, line_starts }
    }
}

/// xorshift64: needs no crate, and costs about a nanosecond a draw.
pub struct Random(u64);

impl Random {
    fn new(salt: u32) -> Self {
        Self::seeded(nanos_now() ^ (u64::from(salt) << 48))
    }

    /// Makes a source of the same draws for the same seed.
    pub fn seeded(seed: u64) -> Self {
        let mut random = Self((seed ^ 0x9e37_79b9_7f4a_7c15) | 1);
        // Near seeds give near first draws.
        for _ in 0..8 {
            random.next();
        }
        random
    }

    /// Returns a number below `count`, each as likely as any other.
    pub fn below(&mut self, count: usize) -> usize {
        scale(self.next() >> 32, count)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Picks a word; the smaller of two draws makes the front of the list more frequent, as in real text.
    pub fn word(&mut self) -> &'static str {
        let draw = self.next();
        let smaller = (draw & 0xffff_ffff).min(draw >> 32);
        WORDS[scale(smaller, WORDS.len())]
    }
}

/// Brings a draw of 32 bits to the range `0..count`.
fn scale(draw: u64, count: usize) -> usize {
    ((draw * count as u64) >> 32) as usize
}

fn nanos_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64)
}

fn date_now() -> String {
    rfc2822::to_string(&Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC))
        .expect("the present has an RFC 2822 form")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_exact_size_and_differ() {
        let mut writer = Writer::new(3);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for size in 4096..4300 {
            writer.compose("a@b.example", size, None, &mut first);
            writer.compose("a@b.example", size, None, &mut second);
            assert_eq!((first.len(), second.len()), (size, size));
            assert_ne!(first, second);
        }
    }

    #[test]
    fn text_needs_no_dot_stuffing_and_has_no_bare_line_ends() {
        let mut writer = Writer::new(1);
        let mut message = Vec::new();
        writer.compose("a@b.example", 20_000, Some("tag"), &mut message);
        let text = String::from_utf8(message).unwrap();
        assert!(text.ends_with("\r\n"));
        assert!(
            text.split("\r\n")
                .all(|line| !line.starts_with('.') && !line.contains(['\r', '\n']))
        );
        assert!(text.contains("\r\nSubject: tag "));
    }
}
