//! A receiver on a raw listener: it keeps what it gets and answers as a test tells it to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

/// A listening receiver; it stops when dropped.
pub struct Receiver {
    port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    requests: Mutex<Vec<Request>>,
    replies: Mutex<VecDeque<Reply>>,
    challenge: Mutex<Challenge>,
    released: Notify,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What a notification is answered with.
#[derive(Debug, Clone)]
pub enum Reply {
    Status(u16),
    /// A status and one more header line.
    With(u16, &'static str),
    /// 200 and a body without end.
    Endless,
    /// Nothing until the test lets go.
    Stall,
}

/// What a challenge is answered with.
#[derive(Debug, Clone, Copy, Default)]
pub enum Challenge {
    #[default]
    Right,
    RightWithSpace,
    Wrong,
    Missing,
    Redirect,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self {
            port,
            shared,
            accepting,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next notifications are answered with these, all others with 200.
    pub fn reply_with(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.replies.lock().unwrap().extend(replies);
    }

    pub fn challenge_with(&self, challenge: Challenge) {
        *self.shared.challenge.lock().unwrap() = challenge;
    }

    /// Lets stalled requests go on.
    pub fn release(&self) {
        self.shared.released.notify_waiters();
    }

    fn requests(&self, method: &str) -> Vec<Request> {
        let requests = self.shared.requests.lock().unwrap();
        requests
            .iter()
            .filter(|request| request.method == method)
            .cloned()
            .collect()
    }

    pub fn challenges(&self) -> Vec<Request> {
        self.requests("GET")
    }

    pub fn notifications(&self) -> Vec<Request> {
        self.requests("POST")
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The envelope, inflated if need be.
    pub fn envelope(&self) -> Value {
        if self.header("content-encoding") == Some("gzip") {
            return serde_json::from_reader(flate2::read::GzDecoder::new(self.body.as_slice()))
                .unwrap();
        }
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn event_id(&self) -> String {
        self.envelope()["id"].as_str().unwrap().to_owned()
    }

    pub fn is_signed_with(&self, secret: &str) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(&self.body);
        self.header("x-nylas-signature") == Some(&hex::encode(mac.finalize().into_bytes()))
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let mut stream = BufStream::new(stream);
    while let Some(request) = read(&mut stream).await {
        let challenged = request.method == "GET";
        let target = request.target.clone();
        shared.requests.lock().unwrap().push(request);
        let bytes = if challenged {
            answer_challenge(&target, *shared.challenge.lock().unwrap())
        } else {
            let reply = shared.replies.lock().unwrap().pop_front();
            match reply.unwrap_or(Reply::Status(200)) {
                Reply::Status(status) => head(status, "", ""),
                Reply::With(status, line) => head(status, line, ""),
                Reply::Endless => return pour(&mut stream).await,
                Reply::Stall => {
                    shared.released.notified().await;
                    head(200, "", "")
                }
            }
        };
        if stream.write_all(bytes.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

fn answer_challenge(target: &str, challenge: Challenge) -> String {
    let value = target
        .split_once("challenge=")
        .map_or("", |(_, value)| value);
    match challenge {
        Challenge::Right => head(200, "", value),
        Challenge::RightWithSpace => head(200, "", &format!(" {value}\n")),
        Challenge::Wrong => head(200, "", "something else"),
        Challenge::Missing => head(404, "", value),
        Challenge::Redirect => head(302, "Location: /elsewhere", value),
    }
}

fn head(status: u16, line: &str, body: &str) -> String {
    let line = if line.is_empty() {
        String::new()
    } else {
        format!("{line}\r\n")
    };
    format!(
        "HTTP/1.1 {status} X\r\n{line}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn pour(stream: &mut BufStream<TcpStream>) {
    if stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.is_err() {
        return;
    }
    while stream.write_all(&[b'x'; 4_096]).await.is_ok() && stream.flush().await.is_ok() {}
}

async fn read(stream: &mut BufStream<TcpStream>) -> Option<Request> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ').map(str::to_owned);
    let (method, target) = (first.next()?, first.next()?);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request {
        method,
        target,
        headers,
        body,
    })
}
