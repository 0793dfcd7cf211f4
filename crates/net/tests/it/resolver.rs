//! The DNS resolver against a name server of our own.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use posthouse_net::resolver::{Resolve as _, ResolveError, Resolver};
use tokio::net::UdpSocket;

const TYPE_A: u16 = 1;
const TYPE_AAAA: u16 = 28;
const SERVFAIL: u8 = 2;
const NXDOMAIN: u8 = 3;

/// Answers A and AAAA questions as `zone` says: addresses, or a response code.
async fn name_server(
    zone: fn(&str, u16) -> Result<Vec<IpAddr>, u8>,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut packet = [0; 512];
        loop {
            let (length, peer) = socket.recv_from(&mut packet).await.unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
            let answer = answer(&packet[..length], zone);
            socket.send_to(&answer, peer).await.unwrap();
        }
    });
    (address, asked)
}

/// RFC 1035 4.1: header, the question repeated, then answers that point back to its name.
fn answer(query: &[u8], zone: fn(&str, u16) -> Result<Vec<IpAddr>, u8>) -> Vec<u8> {
    let mut labels = Vec::new();
    let mut at = 12;
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
        at = end;
    }
    let question_end = at + 5;
    let wanted = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let (addresses, code) = match zone(&labels.join("."), wanted) {
        Ok(addresses) => (addresses, 0),
        Err(code) => (Vec::new(), code),
    };
    let mut reply = vec![
        query[0],
        query[1],
        0x81,
        0x80 | code,
        0,
        1,
        0,
        addresses.len() as u8,
        0,
        0,
        0,
        0,
    ];
    reply.extend_from_slice(&query[12..question_end]);
    for address in addresses {
        let bytes = match address {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        reply.extend_from_slice(&[0xc0, 12]);
        reply.extend_from_slice(&wanted.to_be_bytes());
        reply.extend_from_slice(&[0, 1, 0, 0, 0, 60, 0, bytes.len() as u8]);
        reply.extend_from_slice(&bytes);
    }
    reply
}

fn zone(name: &str, wanted: u16) -> Result<Vec<IpAddr>, u8> {
    let list = |texts: &[&str]| Ok(texts.iter().map(|text| text.parse().unwrap()).collect());
    match (name, wanted) {
        ("both.example.com" | "intranet", TYPE_A) => list(&["192.0.2.1", "192.0.2.2"]),
        ("both.example.com", TYPE_AAAA) => list(&["2001:db8::1"]),
        ("v4.example.com" | "stumbling.example.com", TYPE_A) => list(&["192.0.2.3"]),
        ("v4.example.com" | "intranet", TYPE_AAAA) => Ok(Vec::new()),
        ("empty.example.com", _) => Ok(Vec::new()),
        ("stumbling.example.com" | "broken.example.com", _) => Err(SERVFAIL),
        _ => Err(NXDOMAIN),
    }
}

fn sorted(mut addresses: Vec<IpAddr>) -> Vec<String> {
    addresses.sort();
    addresses.iter().map(IpAddr::to_string).collect()
}

#[tokio::test]
async fn both_families_are_asked_and_all_answers_returned() {
    let (server, _) = name_server(zone).await;
    let resolver = Resolver::at(server).unwrap();
    assert_eq!(
        sorted(resolver.lookup("both.example.com").await.unwrap()),
        ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
    );
    assert_eq!(
        sorted(resolver.lookup("v4.example.com").await.unwrap()),
        ["192.0.2.3"]
    );
    assert_eq!(
        sorted(resolver.lookup("stumbling.example.com").await.unwrap()),
        ["192.0.2.3"]
    );
}

#[tokio::test]
async fn names_are_asked_as_they_stand() {
    let (server, _) = name_server(zone).await;
    let resolver = Resolver::at(server).unwrap();
    assert_eq!(
        sorted(resolver.lookup("intranet").await.unwrap()),
        ["192.0.2.1", "192.0.2.2"]
    );
}

#[tokio::test]
async fn absence_and_failure_are_told_apart() {
    let (server, _) = name_server(zone).await;
    let resolver = Resolver::at(server).unwrap();
    assert_eq!(
        resolver.lookup("missing.example.com").await,
        Err(ResolveError::NotFound)
    );
    assert_eq!(
        resolver.lookup("empty.example.com").await,
        Err(ResolveError::NotFound)
    );
    assert_eq!(
        resolver.lookup("broken.example.com").await,
        Err(ResolveError::Failed)
    );
    assert_eq!(
        resolver.lookup("not a name").await,
        Err(ResolveError::NotFound)
    );
}

#[tokio::test]
async fn answers_are_kept_for_their_lifetime() {
    let (server, asked) = name_server(zone).await;
    let resolver = Resolver::at(server).unwrap();
    resolver.lookup("both.example.com").await.unwrap();
    let first = asked.load(Ordering::SeqCst);
    resolver.clone().lookup("both.example.com").await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), first);
}
