//! What a server says.
//!
//! SMTP-20: a server may be anybody's, and its replies end up in events, the queue and the log. Lines, their number and their
//! length are bounded, and what is kept is printable ASCII.

use std::fmt;

use memchr::memchr;

use crate::limits::{REPLY_LINE_BYTES_KEPT_MAX, REPLY_LINE_BYTES_MAX, REPLY_LINES_MAX};

/// Why bytes are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// A line does not begin with three digits from 200 to 599 and a blank or a hyphen.
    #[error("a line is no reply")]
    Malformed,
    /// A line has another code than the ones before it.
    #[error("a reply has two codes")]
    TwoCodes,
    /// A line does not end.
    #[error("a line of a reply is longer than {REPLY_LINE_BYTES_MAX} bytes")]
    LineTooLong,
    /// A reply does not end.
    #[error("a reply has more than {REPLY_LINES_MAX} lines")]
    TooManyLines,
}

/// One reply, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// Makes a reply, for what this side says in a server's stead.
    #[must_use]
    pub fn new(code: u16, text: &str) -> Self {
        Self {
            code,
            lines: vec![printable(text.as_bytes())],
        }
    }

    /// Returns the three digits.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.code
    }

    /// Returns the text of each line: printable ASCII.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Whether it says yes.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Whether it says: go on.
    #[must_use]
    pub fn is_intermediate(&self) -> bool {
        (300..400).contains(&self.code)
    }

    /// Whether it says no for good.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }

    /// Whether the server closes the connection; RFC 5321 3.8.
    #[must_use]
    pub fn is_farewell(&self) -> bool {
        self.code == 421
    }

    /// Returns the enhanced status code that the text begins with (RFC 2034), if it has one.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        let first = self.lines.first()?.split(' ').next()?;
        let mut parts = first.split('.');
        let mut is_number = |max: usize| {
            parts.next().is_some_and(|part| {
                (1..=max).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        let is_status = is_number(1) && is_number(3) && is_number(3) && parts.next().is_none();
        is_status.then_some(first)
    }
}

/// All of it on one line, with the status code once: `550 5.1.1 no such user`.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        let status = self.status();
        for (number, line) in self.lines.iter().enumerate() {
            let repeated = status.filter(|_| number > 0);
            let text = repeated
                .and_then(|status| line.strip_prefix(status))
                .unwrap_or(line)
                .trim();
            if !text.is_empty() {
                write!(f, " {text}")?;
            }
        }
        Ok(())
    }
}

/// Puts lines together to replies.
#[derive(Clone, Debug, Default)]
pub struct ReplyParser {
    code: Option<u16>,
    lines: Vec<String>,
}

/// How far [`ReplyParser::read`] came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes that belong to the reply; what follows them is the next one.
    pub used: usize,
    /// The reply, when its last line was among them.
    pub reply: Option<Reply>,
}

impl ReplyParser {
    /// Reads whole lines from `input`, up to the end of one reply. What is not used has to be offered again with more behind
    /// it.
    ///
    /// A line ends with LF; a CR before it is dropped. Servers that leave the CR out are many, and there is nothing to
    /// smuggle past a reader of replies.
    ///
    /// # Errors
    /// [`ReplyError`]; nothing that follows can be trusted to be where it should.
    pub fn read(&mut self, input: &[u8]) -> Result<Step, ReplyError> {
        let mut used = 0_usize;
        loop {
            let rest = input.get(used..).unwrap_or_default();
            let Some(end) = memchr(b'\n', rest) else {
                if rest.len() >= REPLY_LINE_BYTES_MAX {
                    return Err(ReplyError::LineTooLong);
                }
                return Ok(Step { used, reply: None });
            };
            if end >= REPLY_LINE_BYTES_MAX {
                return Err(ReplyError::LineTooLong);
            }
            let line = rest.get(..end).unwrap_or_default();
            used = used.saturating_add(end).saturating_add(1);
            if self.line(line.strip_suffix(b"\r").unwrap_or(line))? {
                let code = self.code.take().unwrap_or_default();
                let lines = std::mem::take(&mut self.lines);
                return Ok(Step {
                    used,
                    reply: Some(Reply { code, lines }),
                });
            }
        }
    }

    /// Takes a line; tells whether it is the last one of its reply.
    // RFC 5321 4.2: three digits, then a blank or nothing on the last line, and a hyphen on all others.
    fn line(&mut self, line: &[u8]) -> Result<bool, ReplyError> {
        let (digits, rest) = line.split_at_checked(3).ok_or(ReplyError::Malformed)?;
        let code = std::str::from_utf8(digits)
            .ok()
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse::<u16>().ok())
            .filter(|code| (200..600).contains(code))
            .ok_or(ReplyError::Malformed)?;
        let (is_last, text) = match rest.split_first() {
            None => (true, rest),
            Some((b' ', text)) => (true, text),
            Some((b'-', text)) => (false, text),
            Some(_) => return Err(ReplyError::Malformed),
        };
        if self.code.is_some_and(|before| before != code) {
            return Err(ReplyError::TwoCodes);
        }
        if self.lines.len() >= REPLY_LINES_MAX {
            return Err(ReplyError::TooManyLines);
        }
        self.code = Some(code);
        self.lines.push(printable(text));
        Ok(is_last)
    }
}

/// Keeps what may stand in an event, a log line or a report: printable ASCII, a bounded number of characters.
fn printable(text: &[u8]) -> String {
    let shown = text
        .iter()
        .take(REPLY_LINE_BYTES_KEPT_MAX)
        .map(|byte| match byte {
            b'\t' => ' ',
            0x20..=0x7e => char::from(*byte),
            _ => '?',
        });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(input: &[u8]) -> Result<Step, ReplyError> {
        ReplyParser::default().read(input)
    }

    fn reply(input: &str) -> Reply {
        let step = read(input.as_bytes()).unwrap();
        assert_eq!(step.used, input.len());
        step.reply.unwrap()
    }

    #[test]
    fn replies_of_one_and_of_many_lines_are_read() {
        assert_eq!(reply("250 OK\r\n").to_string(), "250 OK");
        assert_eq!(reply("354\r\n").to_string(), "354");
        assert_eq!(reply("250 OK\n").to_string(), "250 OK");
        let many = reply("550-5.1.1 no such user\r\n550-5.1.1  here\r\n550 5.1.1 really\r\n");
        assert_eq!(many.to_string(), "550 5.1.1 no such user here really");
        assert_eq!(many.status(), Some("5.1.1"));
        assert_eq!(many.lines().len(), 3);
        let two = b"250 one\r\n250 two\r\n";
        let first = read(two).unwrap();
        assert_eq!(
            (first.used, first.reply.unwrap().to_string()),
            (9, "250 one".to_owned())
        );
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for (input, error) in [
            ("\r\n", ReplyError::Malformed),
            ("25\r\n", ReplyError::Malformed),
            ("250OK\r\n", ReplyError::Malformed),
            ("100 x\r\n", ReplyError::Malformed),
            ("600 x\r\n", ReplyError::Malformed),
            ("+50 x\r\n", ReplyError::Malformed),
            ("HTTP/1.1 400 Bad Request\r\n", ReplyError::Malformed),
            ("250-a\r\n251 b\r\n", ReplyError::TwoCodes),
        ] {
            assert_eq!(read(input.as_bytes()), Err(error), "{input}");
        }
    }

    #[test]
    fn smtp_20_lines_and_replies_without_end_are_cut_off() {
        let endless_line = [b"250 ".as_slice(), &vec![b'x'; REPLY_LINE_BYTES_MAX]].concat();
        assert_eq!(read(&endless_line), Err(ReplyError::LineTooLong));
        let endless_reply = b"250-x\r\n".repeat(REPLY_LINES_MAX + 1);
        assert_eq!(read(&endless_reply), Err(ReplyError::TooManyLines));
        let long = format!("250 {}\r\n", "x".repeat(REPLY_LINE_BYTES_KEPT_MAX * 2));
        assert_eq!(reply(&long).lines()[0].len(), REPLY_LINE_BYTES_KEPT_MAX);
    }

    #[test]
    fn smtp_20_control_bytes_and_8_bit_text_are_not_kept() {
        let odd = read(b"550 \x1b[31mred\rX\x00\xff\xc3\xbc\r\n")
            .unwrap()
            .reply
            .unwrap();
        assert_eq!(odd.to_string(), "550 ?[31mred?X????");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_the_same_however_they_are_cut(input in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'2'), Just(b'5'), Just(b'0'), Just(b'-'), Just(b' '), any::<u8>()], 0..200), cut in 0_usize..200) {
            let all = |pieces: &[&[u8]]| {
                let (mut parser, mut buffer, mut replies) = (ReplyParser::default(), Vec::new(), Vec::new());
                for piece in pieces {
                    buffer.extend_from_slice(piece);
                    loop {
                        match parser.read(&buffer) {
                            Ok(step) => {
                                buffer.drain(..step.used);
                                match step.reply {
                                    Some(reply) => replies.push(reply),
                                    None => break,
                                }
                            }
                            Err(error) => return (replies, Some(error)),
                        }
                    }
                }
                (replies, None)
            };
            let cut = cut.min(input.len());
            let (whole, cut) = (all(&[&input]), all(&[&input[..cut], &input[cut..]]));
            for reply in &whole.0 {
                prop_assert!(reply.to_string().bytes().all(|byte| (0x20..0x7f).contains(&byte)));
            }
            prop_assert_eq!(whole, cut);
        }
    }
}
