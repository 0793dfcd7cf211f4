//! A webhook receiver in this process: it answers the challenge, keeps what it is sent and replies as a test tells it to.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::eventually::eventually;

/// A notification is at most 1 MB; this is the harness protecting itself.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A listening receiver. It stops when this value is dropped.
pub struct WebhookReceiver {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    listening: JoinHandle<()>,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// `GET` for a challenge, `POST` for a notification.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    scripted_statuses: VecDeque<u16>,
    challenge: ChallengeReply,
}

/// What the receiver answers to a challenge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChallengeReply {
    /// The value that was asked for.
    #[default]
    Right,
    /// Another value.
    Wrong,
    /// A status 404.
    NotFound,
    /// A redirect to itself.
    Redirect,
}

impl WebhookReceiver {
    /// Starts a receiver on a free port of the loopback address; it answers the challenge, and 200 to everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let listening = tokio::spawn(listen(listener, Arc::clone(&state)));
        Self {
            address,
            state,
            listening,
        }
    }

    /// Returns a URL of this receiver.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Replies to the next notifications with these statuses, then with 200 again.
    pub fn reply_next(&self, statuses: &[u16]) {
        self.state().scripted_statuses.extend(statuses);
    }

    /// Changes what challenges are answered with.
    pub fn reply_to_challenges(&self, reply: ChallengeReply) {
        self.state().challenge = reply;
    }

    /// Returns the notifications so far, in the order of their arrival.
    pub fn notifications(&self) -> Vec<Received> {
        let state = self.state();
        state
            .received
            .iter()
            .filter(|request| request.method == "POST")
            .cloned()
            .collect()
    }

    /// Returns the challenges so far.
    pub fn challenges(&self) -> Vec<Received> {
        let state = self.state();
        state
            .received
            .iter()
            .filter(|request| request.method == "GET")
            .cloned()
            .collect()
    }

    /// Waits for the first notification that the test is looking for.
    pub async fn wait_for(
        &self,
        what: &str,
        mut is_wanted: impl FnMut(&Received) -> bool,
    ) -> Received {
        eventually(what, async || {
            self.notifications()
                .into_iter()
                .find(|request| is_wanted(request))
        })
        .await
    }

    /// Waits for the first notification of a type.
    pub async fn wait_for_type(&self, trigger: &str) -> Received {
        self.wait_for(&format!("a {trigger} notification"), |request| {
            request.json()["type"] == trigger
        })
        .await
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no test panics while it holds this")
    }
}

impl Drop for WebhookReceiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Received {
    /// Returns a header, empty when absent.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(candidate, _)| candidate == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Returns the body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a notification is JSON")
    }

    /// Tells whether `X-Nylas-Signature` is the signature of these very bytes under a secret.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key length");
        mac.update(&self.body);
        self.header("x-nylas-signature") == hex::encode(mac.finalize().into_bytes())
    }
}

async fn listen(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            // A peer that goes away in the middle has sent no request.
            drop(serve(stream, &state).await);
        });
    }
}

async fn serve(stream: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await? {
        let response = {
            let mut state = state.lock().expect("no test panics while it holds this");
            let response = state.respond(&request);
            state.received.push(request);
            response
        };
        stream.get_mut().write_all(response.as_bytes()).await?;
    }
    Ok(())
}

impl State {
    fn respond(&mut self, request: &Received) -> String {
        if request.method == "POST" {
            let status = self.scripted_statuses.pop_front().unwrap_or(200);
            return format!("HTTP/1.1 {status} Scripted\r\nContent-Length: 2\r\n\r\nok");
        }
        let query = request
            .target
            .split_once('?')
            .map(|(_, query)| query)
            .unwrap_or_default();
        let value = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("challenge="))
            .unwrap_or_default();
        let value_length = value.len();
        match self.challenge {
            ChallengeReply::Right => {
                format!("HTTP/1.1 200 OK\r\nContent-Length: {value_length}\r\n\r\n{value}")
            }
            ChallengeReply::Wrong => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong".to_owned(),
            ChallengeReply::NotFound => {
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned()
            }
            ChallengeReply::Redirect => {
                let target = &request.target;
                format!("HTTP/1.1 307 Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n")
            }
        }
    }
}

/// Reads one request with a body of known length, which is how notifications are sent; `None` at the end of the connection.
async fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Received>> {
    let mut request_line = String::new();
    if stream.read_line(&mut request_line).await? == 0 {
        return Ok(None);
    }
    let mut words = request_line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(io::Error::other("not a request"));
    };
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    if length > BODY_BYTES_MAX {
        return Err(io::Error::other("a body larger than any notification"));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Received {
        method,
        target,
        headers,
        body,
    }))
}
