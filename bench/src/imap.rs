//! A blocking IMAP client for one connection: sends a command, reads to its tagged answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, bail, ensure};

use crate::limits::{BODY_BYTES_MAX, IMAP_WAIT_MAX};

/// One session.
pub struct Session {
    stream: BufReader<TcpStream>,
    tag: u64,
}

impl Session {
    /// Connects and logs in. Loopback only: this is a load generator.
    pub fn open(address: SocketAddr, user: &str) -> Result<Self> {
        ensure!(
            address.ip().is_loopback(),
            "load goes to loopback addresses only, not to {address}"
        );
        let stream = TcpStream::connect_timeout(&address, IMAP_WAIT_MAX)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(IMAP_WAIT_MAX))?;
        stream.set_write_timeout(Some(IMAP_WAIT_MAX))?;
        let mut session = Self {
            stream: BufReader::with_capacity(64 * 1024, stream),
            tag: 0,
        };
        let mut greeting = Vec::new();
        session.line(&mut greeting)?;
        ensure!(greeting.starts_with(b"* OK"), "no greeting");
        session.run(&format!("LOGIN {user} x"))?;
        Ok(session)
    }

    /// Runs a command and returns its untagged answers, literals in place.
    pub fn run(&mut self, command: &str) -> Result<Vec<u8>> {
        self.tag += 1;
        let tag = format!("a{} ", self.tag);
        let request = format!("{tag}{command}\r\n");
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        loop {
            let start = answer.len();
            self.line(&mut answer)?;
            if answer[start..].starts_with(tag.as_bytes()) {
                let last = String::from_utf8_lossy(&answer[start..]).into_owned();
                ensure!(last.contains(" OK "), "{command}: {}", last.trim_end());
                answer.truncate(start);
                return Ok(answer);
            }
        }
    }

    /// Reads one line with the literals in it.
    fn line(&mut self, into: &mut Vec<u8>) -> Result<()> {
        loop {
            let start = into.len();
            let count = self.stream.read_until(b'\n', into)?;
            if count == 0 {
                bail!("the server closed the connection");
            }
            ensure!(into.len() <= BODY_BYTES_MAX, "the answer is too long");
            let Some(length) = literal(&into[start..])? else {
                return Ok(());
            };
            let had = into.len();
            ensure!(had + length <= BODY_BYTES_MAX, "the answer is too long");
            into.resize(had + length, 0);
            self.stream.read_exact(&mut into[had..])?;
        }
    }
}

/// Returns the length of the literal that a line announces (RFC 3501 4.3).
fn literal(line: &[u8]) -> Result<Option<usize>> {
    let Some(line) = line.strip_suffix(b"}\r\n") else {
        return Ok(None);
    };
    let start = line.iter().rposition(|byte| *byte == b'{');
    let digits = &line[start.context("a line that ends with a brace")? + 1..];
    Ok(Some(std::str::from_utf8(digits)?.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_told_by_the_end_of_a_line() {
        assert_eq!(literal(b"* 1 FETCH (BODY[] {12}\r\n").unwrap(), Some(12));
        assert_eq!(literal(b"* OK done\r\n").unwrap(), None);
    }
}
