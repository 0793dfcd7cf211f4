//! A blocking SMTP and LMTP client that does what a busy mail server does: one session for many messages,
//! MAIL, RCPT and DATA in one packet, then the text and the final dot in another.
//!
//! It is written for little processor time, as it shares the machine with the server it measures: one write and
//! about one read per round trip, no allocation per message.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::limits::{ANSWER_WAIT_MAX, REPLY_BYTES_MAX};

/// Which protocol the peer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// RFC 5321.
    Smtp,
    /// RFC 2033: one answer per recipient after the text.
    Lmtp,
}

/// How one message went.
#[derive(Debug)]
pub enum Sent {
    /// Answered `250` after the text.
    Accepted {
        /// When the packet with the final dot was handed to the kernel.
        dot: Instant,
        /// When the `250` had been read.
        reply: Instant,
    },
    /// Refused at some step; the text of the reply. The session is of no further use.
    Refused(String),
}

/// One session.
pub struct Session {
    stream: TcpStream,
    unread: Vec<u8>,
    taken: usize,
    envelope: Vec<u8>,
}

impl Session {
    /// Connects, reads the greeting and says EHLO or LHLO. Loopback only: this is a load generator.
    pub fn open(address: SocketAddr, dialect: Dialect) -> Result<Self> {
        ensure!(
            address.ip().is_loopback(),
            "load goes to loopback addresses only, not to {address}"
        );
        let stream = TcpStream::connect_timeout(&address, ANSWER_WAIT_MAX)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WAIT_MAX))?;
        stream.set_write_timeout(Some(ANSWER_WAIT_MAX))?;
        let mut session = Self {
            stream,
            unread: Vec::with_capacity(4096),
            taken: 0,
            envelope: Vec::with_capacity(512),
        };
        session.expect(2).context("greeting")?;
        let verb = if dialect == Dialect::Lmtp {
            "LHLO"
        } else {
            "EHLO"
        };
        session
            .stream
            .write_all(format!("{verb} mx.sender.example\r\n").as_bytes())?;
        let capabilities = session.expect(2)?;
        ensure!(
            capabilities.to_ascii_uppercase().contains("PIPELINING"),
            "the server at {address} does not offer PIPELINING"
        );
        Ok(session)
    }

    /// Sends one message to one recipient. `content` ends with CRLF and has no line beginning with a dot.
    pub fn send(&mut self, from: &str, to: &str, content: &mut Vec<u8>) -> Result<Sent> {
        self.envelope.clear();
        write!(
            self.envelope,
            "MAIL FROM:<{from}>\r\nRCPT TO:<{to}>\r\nDATA\r\n"
        )?;
        self.stream.write_all(&self.envelope)?;
        for wanted in [b'2', b'2', b'3'] {
            let (class, text) = self.reply()?;
            if class != wanted {
                return Ok(Sent::Refused(text));
            }
        }
        content.extend_from_slice(b".\r\n");
        self.stream.write_all(content)?;
        let dot = Instant::now();
        let (class, text) = self.reply()?;
        let reply = Instant::now();
        if class != b'2' {
            return Ok(Sent::Refused(text));
        }
        Ok(Sent::Accepted { dot, reply })
    }

    /// Says QUIT and waits for the answer, so that the peer has nothing left of this session.
    pub fn quit(mut self) -> Result<()> {
        self.stream.write_all(b"QUIT\r\n")?;
        self.expect(2)?;
        Ok(())
    }

    fn expect(&mut self, class: u8) -> Result<String> {
        let (first, text) = self.reply()?;
        ensure!(
            first == b'0' + class,
            "expected a {class}xx reply, got `{}`",
            text.trim_end()
        );
        Ok(text)
    }

    /// Reads one reply with all its lines. The text is copied only when it is not a plain success, or is wanted
    /// for its capabilities: a success of one line costs no allocation.
    fn reply(&mut self) -> Result<(u8, String)> {
        let mut text = String::new();
        loop {
            let (first, last) = {
                let line = self.line()?;
                ensure!(line.len() >= 5, "reply line too short");
                let first = line[0];
                let last = line[3] != b'-';
                if !last || !text.is_empty() || first > b'3' || line.starts_with(b"220") {
                    text.push_str(&String::from_utf8_lossy(line));
                }
                (first, last)
            };
            ensure!(text.len() <= REPLY_BYTES_MAX, "reply too long");
            if last {
                return Ok((first, text));
            }
        }
    }

    fn line(&mut self) -> Result<&[u8]> {
        loop {
            if let Some(length) = self.unread[self.taken..]
                .iter()
                .position(|byte| *byte == b'\n')
            {
                let start = self.taken;
                self.taken += length + 1;
                return Ok(&self.unread[start..self.taken]);
            }
            self.unread.drain(..self.taken);
            self.taken = 0;
            ensure!(self.unread.len() < REPLY_BYTES_MAX, "reply line too long");
            let mut block = [0; 2048];
            let count = self.stream.read(&mut block)?;
            if count == 0 {
                bail!("the server closed the connection");
            }
            self.unread.extend_from_slice(&block[..count]);
        }
    }
}
