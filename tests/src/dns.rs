//! A name server in this process: it answers from a table, and says of everything else that it does not exist.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

const A: u16 = 1;
const MX: u16 = 15;
const TXT: u16 = 16;
/// Octets of one string of a TXT record.
const TXT_STRING_OCTETS_MAX: usize = 255;
/// The bits of an authoritative answer.
const FLAGS_ANSWER: u16 = 0x8580;
const FLAGS_NO_SUCH_NAME: u16 = 0x8583;

/// What a name server knows.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    records: HashMap<(String, u16), Vec<Vec<u8>>>,
}

impl Zone {
    /// Gives a name an address.
    #[must_use]
    pub fn address(self, name: &str, address: Ipv4Addr) -> Self {
        self.record(name, A, address.octets().to_vec())
    }

    /// Names a mail server of a domain; an empty host makes the null MX.
    #[must_use]
    pub fn mail_server(self, domain: &str, preference: u16, host: &str) -> Self {
        let mut data = preference.to_be_bytes().to_vec();
        data.extend(encoded(host));
        self.record(domain, MX, data)
    }

    /// Gives a name a text.
    #[must_use]
    pub fn text(self, name: &str, text: &str) -> Self {
        let mut data = Vec::new();
        for string in text.as_bytes().chunks(TXT_STRING_OCTETS_MAX) {
            data.push(string.len() as u8);
            data.extend(string);
        }
        self.record(name, TXT, data)
    }

    fn record(mut self, name: &str, kind: u16, data: Vec<u8>) -> Self {
        let key = (name.to_owned(), kind);
        self.records.entry(key).or_default().push(data);
        self
    }

    fn knows(&self, name: &str) -> bool {
        self.records.keys().any(|(known, _)| known == name)
    }

    fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let (name, end) = decoded(query)?;
        let kind = u16::from_be_bytes([*query.get(end)?, *query.get(end + 1)?]);
        let found = self.records.get(&(name.clone(), kind));
        let found = found.map_or(&[][..], Vec::as_slice);
        let flags = if self.knows(&name) {
            FLAGS_ANSWER
        } else {
            FLAGS_NO_SUCH_NAME
        };
        let mut reply = query.get(..2)?.to_vec();
        for count in [flags, 1, found.len() as u16, 0, 0] {
            reply.extend(count.to_be_bytes());
        }
        reply.extend(query.get(12..end + 4)?);
        for data in found {
            // The name of the question, class IN, one second to live.
            reply.extend([0xc0, 12]);
            reply.extend(kind.to_be_bytes());
            reply.extend([0, 1, 0, 0, 0, 1]);
            reply.extend((data.len() as u16).to_be_bytes());
            reply.extend(data);
        }
        Some(reply)
    }
}

/// A running name server; it ends when this value is dropped.
pub struct NameServer {
    address: SocketAddr,
    zone: Arc<RwLock<Zone>>,
    answering: JoinHandle<()>,
}

impl NameServer {
    /// Starts one on a free port of the loopback address.
    pub async fn start(zone: Zone) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("an address");
        let zone = Arc::new(RwLock::new(zone));
        let known = Arc::clone(&zone);
        let answering = tokio::spawn(async move {
            let mut query = [0; 1_500];
            while let Ok((size, peer)) = socket.recv_from(&mut query).await {
                let reply = {
                    let zone = known.read().unwrap_or_else(PoisonError::into_inner);
                    zone.answer(&query[..size])
                };
                if let Some(reply) = reply {
                    drop(socket.send_to(&reply, peer).await);
                }
            }
        });
        Self {
            address,
            zone,
            answering,
        }
    }

    /// Changes what it knows.
    pub fn publish(&self, zone: Zone) {
        *self.zone.write().unwrap_or_else(PoisonError::into_inner) = zone;
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

fn encoded(name: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        wire.push(label.len() as u8);
        wire.extend(label.as_bytes());
    }
    wire.push(0);
    wire
}

/// Reads the name of the question; returns it and where its type begins.
fn decoded(query: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        let label = query.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        at += length;
    }
}
