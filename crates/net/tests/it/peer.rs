//! A scripted HTTP peer on a raw listener, because no honest server library sends what attackers send.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A listening peer; it stops when dropped.
pub struct Peer {
    pub address: SocketAddr,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
pub struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

impl Peer {
    /// Answers each request with the same bytes and keeps connections open.
    pub async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        Self::answering_at("127.0.0.1:0", answer).await
    }

    pub async fn answering_at(address: &str, answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::scripted_at(address, move |stream, seen| {
            let answer = Arc::clone(&answer);
            async move {
                let mut stream = BufStream::new(stream);
                while read_request(&mut stream, &seen).await.is_some() {
                    if stream.write_all(&answer).await.is_err() || stream.flush().await.is_err() {
                        return;
                    }
                }
            }
        })
        .await
    }

    /// Reads one request, then does as `script` says; the connection closes when the script ends.
    pub async fn scripted<F, Fut>(script: F) -> Self
    where
        F: Fn(BufStream<TcpStream>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let script = Arc::new(script);
        Self::scripted_at("127.0.0.1:0", move |stream, seen| {
            let script = Arc::clone(&script);
            async move {
                let mut stream = BufStream::new(stream);
                if read_request(&mut stream, &seen).await.is_some() {
                    script(stream).await;
                }
            }
        })
        .await
    }

    async fn scripted_at<F, Fut>(address: &str, serve: F) -> Self
    where
        F: Fn(TcpStream, Arc<Seen>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let shared = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            let mut serving = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                shared.connections.fetch_add(1, Ordering::SeqCst);
                serving.spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self {
            address,
            seen,
            accepting,
        }
    }

    pub fn url(&self, host: &str) -> String {
        format!("http://{host}:{}/hook", self.address.port())
    }

    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Head and body of each request, in the order of arrival.
    pub fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Reads head and body; `None` when the client has hung up.
async fn read_request(stream: &mut BufStream<TcpStream>, seen: &Seen) -> Option<()> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.trim().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    seen.requests
        .lock()
        .unwrap()
        .push(head + &String::from_utf8_lossy(&body));
    Some(())
}

/// Writes the same bytes again and again until the client hangs up.
pub async fn pour(stream: &mut BufStream<TcpStream>, bytes: &[u8]) {
    while stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok() {}
}

/// Writes one byte now and then until the client hangs up.
pub async fn drip(stream: &mut BufStream<TcpStream>, bytes: &[u8]) {
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(10));
    for byte in bytes.iter().cycle() {
        ticks.tick().await;
        if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}
