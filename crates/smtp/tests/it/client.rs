//! A client that sends any bytes and reads replies line by line.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use posthouse_smtp::SmtpConfig;
use posthouse_smtp::session::{self, Door};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::recorder::Recorder;

/// No test waits longer than this for anything; far above every timeout of the door because tests pause the clock.
const PATIENCE: Duration = Duration::from_secs(100_000);

pub const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

/// Settings for tests: no delay, small limits where a test would otherwise move megabytes.
pub fn config() -> SmtpConfig {
    SmtpConfig {
        message_bytes_max: 64 * 1024,
        rcpt_max: 100,
        unknown_recipient_delay: Duration::ZERO,
        ..SmtpConfig::new("mx.ours.example")
    }
}

/// A door with its recorder, to which many clients may connect.
#[derive(Clone)]
pub struct House {
    pub door: Arc<Door<Recorder>>,
    pub recorder: Recorder,
    pub stop: CancellationToken,
}

impl House {
    pub fn new(config: SmtpConfig) -> Self {
        let recorder = Recorder::default();
        let stop = CancellationToken::new();
        let door = Arc::new(Door::new(Arc::new(config), recorder.clone(), stop.clone()));
        Self {
            door,
            recorder,
            stop,
        }
    }

    pub async fn connect(&self) -> Client<DuplexStream> {
        self.connect_from(PEER).await
    }

    pub async fn connect_from(&self, peer: IpAddr) -> Client<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(256 * 1024);
        let door = Arc::clone(&self.door);
        let session = tokio::spawn(async move { session::run(&*door, theirs, peer).await });
        let mut client = Client::new(ours);
        client.session = Some(session);
        assert!(
            client
                .reply()
                .await
                .starts_with("220 mx.ours.example ESMTP")
        );
        client
    }
}

/// Connects to a door with default test settings.
pub async fn connect() -> (Client<DuplexStream>, Recorder) {
    let house = House::new(config());
    (house.connect().await, house.recorder)
}

pub struct Client<S> {
    stream: S,
    unread: Vec<u8>,
    session: Option<JoinHandle<()>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            unread: Vec::new(),
            session: None,
        }
    }

    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream
            .write_all(bytes.as_ref())
            .await
            .expect("the session reads");
        self.stream.flush().await.expect("the session reads");
    }

    /// Sends a command and returns its reply.
    pub async fn command(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n")).await;
        self.reply().await
    }

    /// Sends a command and checks the start of its reply.
    #[track_caller]
    pub fn expect<'a>(
        &'a mut self,
        line: &'a str,
        start: &'a str,
    ) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let reply = self.command(line).await;
            assert!(
                reply.starts_with(start),
                "{line:?} was answered {reply:?} instead of {start:?} at {caller}"
            );
        }
    }

    /// Returns the next reply, all its lines, without the last CRLF.
    pub async fn reply(&mut self) -> String {
        loop {
            if let Some(end) = reply_end(&self.unread) {
                let reply: Vec<u8> = self.unread.drain(..end).collect();
                return String::from_utf8(reply)
                    .expect("replies are ASCII")
                    .trim_end()
                    .to_owned();
            }
            assert!(
                self.read_more().await,
                "closed instead of a reply; unread: {}",
                self.unread.escape_ascii()
            );
        }
    }

    /// Returns everything until the session closes the stream, and checks that it did not panic.
    pub async fn rest(mut self) -> String {
        while self.read_more().await {}
        let rest = String::from_utf8(std::mem::take(&mut self.unread)).expect("replies are ASCII");
        self.hang_up().await;
        rest
    }

    /// Drops the connection and waits for the session to end.
    pub async fn hang_up(self) {
        let Self {
            stream, session, ..
        } = self;
        drop(stream);
        if let Some(session) = session {
            session.await.expect("the session does not panic");
        }
    }

    /// Waits for replies without taking them, for tests about single writes.
    pub async fn read_once(&mut self) -> String {
        assert!(self.read_more().await, "closed instead of a reply");
        String::from_utf8(std::mem::take(&mut self.unread)).expect("replies are ASCII")
    }

    /// Brings a fresh session to where message data may come.
    pub async fn address(&mut self) {
        self.expect("EHLO client.example", "250").await;
        self.envelope().await;
    }

    /// Opens a transaction with one recipient.
    pub async fn envelope(&mut self) {
        self.expect("MAIL FROM:<ann@far.example>", "250 2.1.0")
            .await;
        self.expect("RCPT TO:<known@ours.example>", "250 2.1.5")
            .await;
    }

    /// Sends content by DATA, without stuffing, and returns the reply to its end.
    pub async fn message(&mut self, content: impl AsRef<[u8]>) -> String {
        self.expect("DATA", "354").await;
        self.send(content).await;
        self.command("\r\n.").await
    }

    /// Takes the stream out, for an upgrade.
    pub fn into_parts(self) -> (S, Option<JoinHandle<()>>) {
        assert!(
            self.unread.is_empty(),
            "replies were not read: {}",
            self.unread.escape_ascii()
        );
        (self.stream, self.session)
    }

    /// Continues a session on an upgraded stream.
    pub fn resume(stream: S, session: Option<JoinHandle<()>>) -> Self {
        Self {
            stream,
            unread: Vec::new(),
            session,
        }
    }

    async fn read_more(&mut self) -> bool {
        self.unread.reserve(64 * 1024);
        let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.unread)).await;
        matches!(read.expect("the session says something in time"), Ok(count) if count > 0)
    }
}

/// Finds the end of the first reply: behind the first line whose code is not followed by a hyphen.
fn reply_end(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(length) = bytes[from..].windows(2).position(|pair| pair == b"\r\n") {
        let line = &bytes[from..from + length];
        from += length + 2;
        if line.get(3) != Some(&b'-') {
            return Some(from);
        }
    }
    None
}
