//! A mail server in this process that keeps what it is sent, byte for byte, and misbehaves as a test tells it to.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A message is at most 25 MB; this is the harness protecting itself.
const DATA_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Where a sink hangs up, or waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Instead of the greeting.
    Greeting,
    /// Instead of the answer to EHLO.
    Hello,
    /// Instead of the answer to MAIL.
    Mail,
    /// Instead of the answer to RCPT.
    Rcpt,
    /// Instead of the answer to DATA.
    Data,
    /// In the middle of the message.
    Content,
    /// Instead of the answer to the message, which is not kept.
    End,
}

/// How a sink behaves.
#[derive(Clone, Debug)]
pub struct Manners {
    /// What it offers in its answer to EHLO.
    pub offers: Vec<&'static str>,
    /// Answers to RCPT by recipient; all others are taken.
    pub refusals: HashMap<String, &'static str>,
    /// The first RCPT for each recipient is answered 451.
    pub greylists: bool,
    /// The first connections hang up at a moment.
    pub hangs_up: Option<(Moment, usize)>,
    /// The first connection waits at a moment until [`Sink::go_on`].
    pub holds: Option<Moment>,
    /// After so many messages a session is told 421 at the next MAIL.
    pub closes_after: Option<usize>,
    /// Never says anything.
    pub is_silent: bool,
    /// How long it takes to answer a message.
    pub thinks: Duration,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            offers: vec!["PIPELINING", "SIZE 52428800", "8BITMIME", "DSN", "SMTPUTF8"],
            refusals: HashMap::new(),
            greylists: false,
            hangs_up: None,
            holds: None,
            closes_after: None,
            is_silent: false,
            thinks: Duration::ZERO,
        }
    }
}

/// A message as it was sent.
#[derive(Clone, Debug)]
pub struct Captured {
    /// Where it came from.
    pub peer: IpAddr,
    /// The arguments of MAIL.
    pub mail: String,
    /// The arguments of the RCPT commands that were taken.
    pub rcpts: Vec<String>,
    /// Everything between DATA and the answer, with its dots and the one at the end.
    pub wire: Vec<u8>,
    /// When all of it was there.
    pub at: Instant,
}

impl Captured {
    /// Returns the wire as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.wire).into_owned()
    }
}

#[derive(Default)]
struct State {
    captured: Vec<Captured>,
    seen: Vec<String>,
    connections: usize,
    is_holding: bool,
}

/// A running sink; it ends when this value is dropped.
pub struct Sink {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    held: Arc<Notify>,
    listening: JoinHandle<()>,
}

impl Sink {
    /// Starts one on a free port of 127.0.0.1.
    pub async fn start(manners: Manners) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), manners).await
    }

    /// Starts one on another loopback address, on the same port.
    pub async fn beside(&self, last_octet: u8, manners: Manners) -> Self {
        let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last_octet));
        Self::start_at(SocketAddr::new(address, self.address.port()), manners).await
    }

    async fn start_at(address: SocketAddr, manners: Manners) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let held = Arc::new(Notify::new());
        let go_on = Arc::clone(&held);
        let listening = tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                // Replies go out at once, as a mail server's do; a refusal of the option changes only how long they take.
                let _ = stream.set_nodelay(true);
                let number = {
                    let mut state = lock(&shared);
                    state.connections += 1;
                    state.connections
                };
                let session = Session {
                    peer: peer.ip(),
                    manners: manners.clone(),
                    state: Arc::clone(&shared),
                    held: Arc::clone(&go_on),
                    number,
                };
                tokio::spawn(session.run(stream));
            }
        });
        Self {
            address,
            state,
            held,
            listening,
        }
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the messages that were taken so far.
    pub fn captured(&self) -> Vec<Captured> {
        lock(&self.state).captured.clone()
    }

    /// Lets the connection that is held go on.
    pub fn go_on(&self) {
        self.held.notify_one();
    }

    /// Tells whether a connection has come to where it is held.
    pub fn is_holding(&self) -> bool {
        lock(&self.state).is_holding
    }

    /// Returns how many connections there were.
    pub fn connections(&self) -> usize {
        lock(&self.state).connections
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Session {
    peer: IpAddr,
    manners: Manners,
    state: Arc<Mutex<State>>,
    held: Arc<Notify>,
    number: usize,
}

/// `None` ends a connection.
type Going = Option<()>;

impl Session {
    async fn run(self, stream: TcpStream) {
        if self.manners.is_silent {
            let mut stream = stream;
            let mut nothing = Vec::new();
            drop(stream.read_to_end(&mut nothing).await);
            return;
        }
        let _ = self.converse(BufReader::new(stream)).await;
    }

    /// Ends the connection, or keeps it waiting, where the test wants it.
    async fn comes_to(&self, moment: Moment) -> Going {
        if self.manners.holds == Some(moment) && self.number == 1 {
            lock(&self.state).is_holding = true;
            self.held.notified().await;
        }
        match self.manners.hangs_up {
            Some((at, times)) if at == moment && self.number <= times => None,
            _ => Some(()),
        }
    }

    async fn converse(&self, mut stream: BufReader<TcpStream>) -> Going {
        self.comes_to(Moment::Greeting).await?;
        say(&mut stream, "220 sink.example ESMTP").await?;
        let (mut mail, mut rcpts, mut messages) = (String::new(), Vec::new(), 0);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_owned();
            let verb = line.split([' ', ':']).next().unwrap_or_default();
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => {
                    self.comes_to(Moment::Hello).await?;
                    say(&mut stream, "250-sink.example").await?;
                    for offer in &self.manners.offers {
                        say(&mut stream, &format!("250-{offer}")).await?;
                    }
                    say(&mut stream, "250 HELP").await?;
                }
                "MAIL" => {
                    self.comes_to(Moment::Mail).await?;
                    if self
                        .manners
                        .closes_after
                        .is_some_and(|most| messages >= most)
                    {
                        say(&mut stream, "421 4.3.2 enough for now").await?;
                        return None;
                    }
                    mail = line["MAIL FROM:".len()..].to_owned();
                    rcpts.clear();
                    say(&mut stream, "250 2.1.0 ok").await?;
                }
                "RCPT" => {
                    self.comes_to(Moment::Rcpt).await?;
                    let recipient = line["RCPT TO:".len()..].to_owned();
                    let answer = self.answer_to_rcpt(&recipient);
                    if answer.starts_with('2') {
                        rcpts.push(recipient);
                    }
                    say(&mut stream, answer).await?;
                }
                "DATA" => {
                    self.comes_to(Moment::Data).await?;
                    if rcpts.is_empty() {
                        say(&mut stream, "554 5.5.1 no recipients").await?;
                        continue;
                    }
                    say(&mut stream, "354 go on").await?;
                    if self.comes_to(Moment::Content).await.is_none() {
                        drop(stream.read_u8().await);
                        return None;
                    }
                    let wire = data(&mut stream).await?;
                    let at = Instant::now();
                    self.comes_to(Moment::End).await?;
                    tokio::time::sleep(self.manners.thinks).await;
                    lock(&self.state).captured.push(Captured {
                        peer: self.peer,
                        mail: mail.clone(),
                        rcpts: std::mem::take(&mut rcpts),
                        wire,
                        at,
                    });
                    messages += 1;
                    say(&mut stream, "250 2.0.0 taken").await?;
                }
                "RSET" | "NOOP" => say(&mut stream, "250 ok").await?,
                "QUIT" => {
                    say(&mut stream, "221 bye").await?;
                    return None;
                }
                _ => say(&mut stream, "502 5.5.1 unknown command").await?,
            }
        }
    }

    fn answer_to_rcpt(&self, recipient: &str) -> &'static str {
        let address = recipient.split(['<', '>']).nth(1).unwrap_or_default();
        if let Some(refusal) = self.manners.refusals.get(address) {
            return refusal;
        }
        if self.manners.greylists {
            let mut state = lock(&self.state);
            if !state.seen.iter().any(|seen| seen == address) {
                state.seen.push(address.to_owned());
                return "451 4.7.1 greylisted, come back later";
            }
        }
        "250 2.1.5 ok"
    }
}

async fn say(stream: &mut BufReader<TcpStream>, line: &str) -> Going {
    let line = format!("{line}\r\n");
    stream.get_mut().write_all(line.as_bytes()).await.ok()
}

/// Reads up to the first CRLF, dot, CRLF.
async fn data(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut wire = Vec::new();
    loop {
        if stream.read_until(b'\n', &mut wire).await.ok()? == 0 || wire.len() > DATA_BYTES_MAX {
            return None;
        }
        if wire.ends_with(b"\r\n.\r\n") || wire == b".\r\n" {
            return Some(wire);
        }
    }
}
