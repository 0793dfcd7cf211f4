//! A blocking HTTP/1.1 client for one keep-alive connection, lean enough to share the machine with the server it
//! loads: the bodies of a listing are discarded in the kernel.

use std::io::{ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use socket2::SockRef;

use crate::limits::{ANSWER_WAIT_MAX, BODY_BYTES_MAX, HEAD_BYTES_MAX};

/// `MSG_TRUNC` of Linux: on a TCP socket, `recv` drops the bytes instead of copying them (tcp(7)).
const MSG_TRUNC: i32 = 0x20;
const DISCARD_BYTES: usize = 1024 * 1024;

/// One connection to the API.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    address: SocketAddr,
    api_key: String,
    unread: Vec<u8>,
    discarded: Vec<MaybeUninit<u8>>,
}

/// An answer with its body.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Returns whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns status and body for an error message.
    pub fn text(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

impl Client {
    /// Connects. Loopback only: this is a load generator.
    pub fn open(address: SocketAddr, api_key: &str) -> Result<Self> {
        ensure!(
            address.ip().is_loopback(),
            "load goes to loopback addresses only, not to {address}"
        );
        let stream = TcpStream::connect_timeout(&address, ANSWER_WAIT_MAX)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WAIT_MAX))?;
        stream.set_write_timeout(Some(ANSWER_WAIT_MAX))?;
        Ok(Self {
            stream,
            address,
            api_key: api_key.to_owned(),
            unread: Vec::new(),
            discarded: Vec::new(),
        })
    }

    /// Builds the bytes of a GET, to be sent many times.
    pub fn get_request(&self, path: &str) -> Vec<u8> {
        self.bare_request("GET", path)
    }

    /// Builds the bytes of a request without a body.
    pub fn bare_request(&self, method: &str, path: &str) -> Vec<u8> {
        let (address, key) = (self.address, &self.api_key);
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nAccept: application/json\r\n\r\n").into_bytes()
    }

    /// Fetches a path and keeps the body.
    pub fn get(&mut self, path: &str) -> Result<Answer> {
        let request = self.get_request(path);
        self.stream.write_all(&request)?;
        self.answer()
    }

    /// Sends a JSON body.
    pub fn post(&mut self, path: &str, body: &Value) -> Result<Answer> {
        self.send("POST", path, body)
    }

    /// Sends a JSON body with any method.
    pub fn send(&mut self, method: &str, path: &str, body: &Value) -> Result<Answer> {
        self.stream
            .write_all(&self.json_request(method, path, body)?)?;
        self.answer()
    }

    /// Builds the bytes of a request with a JSON body.
    pub fn json_request(&self, method: &str, path: &str, body: &Value) -> Result<Vec<u8>> {
        let body = serde_json::to_vec(body)?;
        let (address, key, length) = (self.address, &self.api_key, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        Ok([head.as_bytes(), &body].concat())
    }

    /// Sends a request that was built before and keeps the body.
    pub fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request)?;
        self.answer()
    }

    /// Sends a request that was built before and drops the body. Returns its length; anything but 200 is
    /// an error.
    pub fn exchange_discarding(&mut self, request: &[u8]) -> Result<usize> {
        self.stream.write_all(request)?;
        let (status, length) = self.head()?;
        if status != 200 {
            let body = self.body(length)?;
            bail!("answered {status}: {}", String::from_utf8_lossy(&body));
        }
        let mut left = length - self.unread.len().min(length);
        self.unread.clear();
        self.discarded.resize(DISCARD_BYTES, MaybeUninit::uninit());
        let socket = SockRef::from(&self.stream);
        while left > 0 {
            let want = left.min(DISCARD_BYTES);
            match socket.recv_with_flags(&mut self.discarded[..want], MSG_TRUNC) {
                Ok(0) => bail!("the server closed the connection within a body"),
                Ok(count) => left -= count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(length)
    }

    fn answer(&mut self) -> Result<Answer> {
        let (status, length) = self.head()?;
        Ok(Answer {
            status,
            body: self.body(length)?,
        })
    }

    fn body(&mut self, length: usize) -> Result<Vec<u8>> {
        ensure!(
            length <= BODY_BYTES_MAX,
            "a body of {length} bytes is too long"
        );
        let mut body = std::mem::take(&mut self.unread);
        let had = body.len().min(length);
        body.resize(length, 0);
        self.stream.read_exact(&mut body[had..])?;
        Ok(body)
    }

    /// Reads the head of an answer; what was read beyond it stays in `unread`.
    fn head(&mut self) -> Result<(u16, usize)> {
        let mut block = [0; 4096];
        loop {
            if let Some(end) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                let parsed = parse_head(&self.unread[..end])?;
                self.unread.drain(..end + 4);
                return Ok(parsed);
            }
            ensure!(
                self.unread.len() < HEAD_BYTES_MAX,
                "the head of an answer is too long"
            );
            let count = self.stream.read(&mut block)?;
            ensure!(count > 0, "the server closed the connection");
            self.unread.extend_from_slice(&block[..count]);
        }
    }
}

fn parse_head(head: &[u8]) -> Result<(u16, usize)> {
    let head = std::str::from_utf8(head)?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("no status line in `{head}`"))?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    if status == 204 {
        return Ok((status, 0));
    }
    Ok((
        status,
        length.context("the answer has no Content-Length, which this client needs")?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_gives_status_and_length() {
        assert_eq!(
            parse_head(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\nx: y").unwrap(),
            (200, 12)
        );
        assert!(parse_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked").is_err());
    }
}
