//! A name server on loopback that serves a table: one address, UDP, every name of the table.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// Aliases that are followed.
const ALIASES_MAX: usize = 8;

/// Records by lower-case name without a trailing dot.
#[derive(Debug, Default)]
pub struct Zone {
    records: HashMap<String, Vec<RData>>,
    /// Names of which nobody can say anything, whatever is asked that has no records.
    trouble: Vec<String>,
}

/// A running name server; it ends with this value.
pub struct NameServer {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Zone {
    pub fn add(&mut self, name: &str, data: RData) {
        self.records
            .entry(name.to_lowercase())
            .or_default()
            .push(data);
    }

    pub fn add_name(&mut self, name: &str) {
        self.records.entry(name.to_lowercase()).or_default();
    }

    pub fn add_trouble(&mut self, name: &str) {
        self.add_name(name);
        self.trouble.push(name.to_lowercase());
    }

    pub async fn serve(self) -> NameServer {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let zone = Arc::new(self);
        let task = tokio::spawn(async move {
            let mut packet = [0; 4_096];
            loop {
                let (length, peer) = socket.recv_from(&mut packet).await.unwrap();
                let answer = zone.answer(&packet[..length]);
                socket.send_to(&answer, peer).await.unwrap();
            }
        });
        NameServer { address, task }
    }

    fn answer(&self, packet: &[u8]) -> Vec<u8> {
        let query = Message::from_vec(packet).unwrap();
        let mut reply = query.clone().into_response();
        reply.metadata.authoritative = true;
        reply.metadata.recursion_available = true;
        let question = &query.queries[0];
        reply.metadata.response_code =
            match self.look_up(question.name(), question.query_type(), &mut reply.answers) {
                Ok(()) => ResponseCode::NoError,
                Err(code) => code,
            };
        reply.to_vec().unwrap()
    }

    fn look_up(
        &self,
        name: &Name,
        kind: RecordType,
        answers: &mut Vec<Record>,
    ) -> Result<(), ResponseCode> {
        let text = plain(name);
        let Some(records) = self.records.get(&text) else {
            let below = format!(".{text}");
            let is_parent = self.records.keys().any(|other| other.ends_with(&below));
            return if is_parent {
                Ok(())
            } else {
                Err(ResponseCode::NXDomain)
            };
        };
        let found: Vec<&RData> = records
            .iter()
            .filter(|data| data.record_type() == kind)
            .collect();
        if found.is_empty() && self.trouble.contains(&text) {
            return Err(ResponseCode::ServFail);
        }
        for data in &found {
            answers.push(Record::from_rdata(name.clone(), 60, (*data).clone()));
        }
        let alias = records.iter().find_map(|data| match data {
            RData::CNAME(alias) if found.is_empty() => Some(alias.0.clone()),
            _ => None,
        });
        if let Some(target) = alias {
            // An alias of itself: as much of it as a name server would give.
            if answers.len() > ALIASES_MAX {
                return Ok(());
            }
            answers.push(Record::from_rdata(
                name.clone(),
                60,
                RData::CNAME(CNAME(target.clone())),
            ));
            return self.look_up(&target, kind, answers);
        }
        Ok(())
    }
}

fn plain(name: &Name) -> String {
    let labels: Vec<String> = name
        .iter()
        .map(|label| String::from_utf8_lossy(label).to_lowercase())
        .collect();
    labels.join(".")
}

pub fn txt(strings: &[&str]) -> RData {
    RData::TXT(TXT::from_bytes(
        strings.iter().map(|text| text.as_bytes()).collect(),
    ))
}

pub fn address(text: &str) -> RData {
    match text.parse().unwrap() {
        std::net::IpAddr::V4(v4) => RData::A(A(v4)),
        std::net::IpAddr::V6(v6) => RData::AAAA(AAAA(v6)),
    }
}

pub fn mx(preference: u16, host: &str) -> RData {
    RData::MX(MX::new(preference, absolute(host)))
}

pub fn ptr(host: &str) -> RData {
    RData::PTR(PTR(absolute(host)))
}

pub fn cname(host: &str) -> RData {
    RData::CNAME(CNAME(absolute(host)))
}

fn absolute(name: &str) -> Name {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut name = Name::from_labels(labels.map(str::as_bytes)).unwrap();
    name.set_fqdn(true);
    name
}
