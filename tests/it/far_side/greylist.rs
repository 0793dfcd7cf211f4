//! A greylist as Postfix asks one: recipients whose name begins with `grey` are told to come again, once each.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A running policy server; it ends when this value is dropped.
pub struct Greylist {
    address: SocketAddr,
    listening: JoinHandle<()>,
}

type Known = Arc<Mutex<HashSet<String>>>;

impl Greylist {
    /// Starts one that knows nobody.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let listening = tokio::spawn(async move {
            let known = Known::default();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&known)));
            }
        });
        Self { address, listening }
    }

    /// Where Postfix asks.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Greylist {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// A request is lines of `name=value`, ended by an empty one.
async fn answer(stream: TcpStream, known: Known) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut recipient = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if let Some(value) = line.trim_end().strip_prefix("recipient=") {
            recipient = value.to_owned();
        }
        if line.trim_end().is_empty() {
            let is_new = recipient.starts_with("grey")
                && known
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(recipient.clone());
            let action = if is_new {
                "450 4.2.0 greylisted, come again"
            } else {
                "dunno"
            };
            let answer = format!("action={action}\n\n");
            stream.get_mut().write_all(answer.as_bytes()).await.ok()?;
        }
    }
}
