//! Records are put into a zone: DNS UPDATE (RFC 2136), signed with a key that the name server knows (TSIG, RFC 8945).
//!
//! Records are added and nothing is taken away. One that is there already stays as it is, and so does whatever else has
//! the same name.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hickory_resolver::proto::op::{Message, OpCode, Query, ResponseCode, UpdateMessage};
use hickory_resolver::proto::rr::rdata::tsig::TsigAlgorithm;
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, SRV, TXT};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record, RecordType, TSigner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

/// How long the name server may take.
const UPDATE_DEADLINE: Duration = Duration::from_secs(20);
/// Seconds by which the two clocks may differ. RFC 8945 10
const FUDGE_SECONDS: u16 = 300;
/// Bytes of one string of a text record. RFC 1035 3.3
const TEXT_STRING_BYTES_MAX: usize = 255;

/// A record to add, as a zone file writes it but without the quotes of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// Its whole name.
    pub name: String,
    /// `TXT`, `MX`, `CNAME`, `SRV`, `A` or `AAAA`.
    pub kind: String,
    /// What it says.
    pub value: String,
    /// Seconds.
    pub ttl: u32,
}

/// A key that a name server knows, read from `[ALGORITHM:]NAME:SECRET` with the secret in base64, as nsupdate takes it.
#[derive(Clone)]
pub struct UpdateKey {
    name: Name,
    algorithm: TsigAlgorithm,
    secret: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for UpdateKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "UpdateKey({})", self.name)
    }
}

/// Why a zone was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// The text is no key.
    #[error(
        "expected a key as [hmac-sha256|hmac-sha384|hmac-sha512:]NAME:SECRET with the secret in base64"
    )]
    Key,
    /// A name or value cannot be written in a record.
    #[error("{0} cannot be written as a record")]
    Record(String),
    /// The name server could not be reached, or said nothing that can be trusted.
    #[error("{0}")]
    Server(String),
    /// The name server refused.
    #[error("the name server refused: {0}")]
    Refused(String),
}

impl FromStr for UpdateKey {
    type Err = UpdateError;

    fn from_str(text: &str) -> Result<Self, UpdateError> {
        let parts: Vec<&str> = text.trim().split(':').collect();
        let (algorithm, name, secret) = match parts.as_slice() {
            [name, secret] => ("hmac-sha256", *name, *secret),
            [algorithm, name, secret] => (*algorithm, *name, *secret),
            _ => return Err(UpdateError::Key),
        };
        let algorithm = match algorithm {
            "hmac-sha256" => TsigAlgorithm::HmacSha256,
            "hmac-sha384" => TsigAlgorithm::HmacSha384,
            "hmac-sha512" => TsigAlgorithm::HmacSha512,
            _ => return Err(UpdateError::Key),
        };
        let secret = BASE64.decode(secret).map_err(|_| UpdateError::Key)?;
        if secret.is_empty() || name.is_empty() {
            return Err(UpdateError::Key);
        }
        Ok(Self {
            name: absolute(name).ok_or(UpdateError::Key)?,
            algorithm,
            secret: Zeroizing::new(secret),
        })
    }
}

/// Adds records to a zone: all of them or none. `now` is in Unix seconds.
///
/// # Errors
/// [`UpdateError`]; nothing was changed then, unless the answer was lost.
pub async fn add(
    server: SocketAddr,
    zone: &str,
    records: &[NewRecord],
    key: &UpdateKey,
    now: u64,
) -> Result<(), UpdateError> {
    let mut message = message(zone, records)?;
    let secret = key.secret.to_vec();
    let signer = TSigner::new(
        secret,
        key.algorithm.clone(),
        key.name.clone(),
        FUDGE_SECONDS,
    )
    .map_err(|_| UpdateError::Key)?;
    let unsigned = |error: &dyn std::fmt::Display| UpdateError::Server(error.to_string());
    let verifier = message
        .finalize(&signer, now)
        .map_err(|error| unsigned(&error))?;
    let wire = message.to_vec().map_err(|error| unsigned(&error))?;
    let exchange = tokio::time::timeout(UPDATE_DEADLINE, exchange(server, &wire));
    let answer = match exchange.await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(UpdateError::Server(format!("{server}: {error}"))),
        Err(_) => return Err(UpdateError::Server(format!("{server} did not answer"))),
    };
    let told = Message::from_vec(&answer).map_err(|error| unsigned(&error))?;
    let code = told.metadata.response_code;
    // A server that does not know the key cannot sign its refusal with it.
    if code != ResponseCode::NoError {
        return Err(UpdateError::Refused(code.to_string()));
    }
    let genuine = verifier.is_some_and(|mut verifier| verifier.verify(&answer).is_ok());
    if told.metadata.id != message.metadata.id || !genuine {
        let lie = "the answer is not signed with the key".to_owned();
        return Err(UpdateError::Server(lie));
    }
    Ok(())
}

fn message(zone: &str, records: &[NewRecord]) -> Result<Message, UpdateError> {
    let origin = absolute(zone).ok_or_else(|| UpdateError::Record(zone.to_owned()))?;
    let mut section = Query::new();
    section
        .set_name(origin)
        .set_query_class(DNSClass::IN)
        .set_query_type(RecordType::SOA);
    let mut message = Message::query();
    message.metadata.op_code = OpCode::Update;
    message.metadata.recursion_desired = false;
    message.add_zone(section);
    let records = records
        .iter()
        .map(|record| {
            let refused = || UpdateError::Record(format!("{} {}", record.kind, record.value));
            let name = absolute(&record.name).ok_or_else(refused)?;
            let data = data(record).ok_or_else(refused)?;
            Ok(Record::from_rdata(name, record.ttl, data))
        })
        .collect::<Result<Vec<Record>, UpdateError>>()?;
    message.add_updates(records);
    Ok(message)
}

fn data(record: &NewRecord) -> Option<RData> {
    let words: Vec<&str> = record.value.split_ascii_whitespace().collect();
    Some(match (record.kind.as_str(), words.as_slice()) {
        ("TXT", _) => {
            let strings = record.value.as_bytes().chunks(TEXT_STRING_BYTES_MAX);
            RData::TXT(TXT::from_bytes(strings.collect()))
        }
        ("MX", [preference, host]) => RData::MX(MX::new(preference.parse().ok()?, absolute(host)?)),
        ("CNAME", [host]) => RData::CNAME(CNAME(absolute(host)?)),
        ("SRV", [priority, weight, port, host]) => RData::SRV(SRV::new(
            priority.parse().ok()?,
            weight.parse().ok()?,
            port.parse().ok()?,
            absolute(host)?,
        )),
        ("A", [address]) => RData::A(A(address.parse().ok()?)),
        ("AAAA", [address]) => RData::AAAA(AAAA(address.parse().ok()?)),
        _ => return None,
    })
}

fn absolute(name: &str) -> Option<Name> {
    let mut name = Name::from_ascii(name).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// RFC 1035 4.2.2: over TCP two octets with the length go before each message.
async fn exchange(server: SocketAddr, wire: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(wire.len())
        .map_err(|_| std::io::Error::other("the records are too many for one message"))?;
    stream
        .write_all(&[&length.to_be_bytes(), wire].concat())
        .await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: &str, value: &str) -> NewRecord {
        NewRecord {
            name: "bots.example.org".to_owned(),
            kind: kind.to_owned(),
            value: value.to_owned(),
            ttl: 60,
        }
    }

    #[test]
    fn keys_are_read_as_nsupdate_takes_them_and_not_shown() {
        let key: UpdateKey = "posthouse:c2VjcmV0\n".parse().unwrap();
        assert_eq!(key.secret.as_slice(), b"secret");
        assert_eq!(format!("{key:?}"), "UpdateKey(posthouse.)");
        let key: UpdateKey = "hmac-sha512:posthouse:c2VjcmV0".parse().unwrap();
        assert_eq!(key.algorithm, TsigAlgorithm::HmacSha512);
        for wrong in [
            "",
            "posthouse",
            "a:b:c:d",
            "hmac-md5:a:c2VjcmV0",
            "a:%%",
            "a:",
            ":c2VjcmV0",
        ] {
            assert!(wrong.parse::<UpdateKey>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_kind_of_record_is_written_and_nonsense_is_not() {
        let long = "x".repeat(700);
        for (kind, value) in [
            ("TXT", long.as_str()),
            ("MX", "10 mx.example.net."),
            ("CNAME", "mx.example.net."),
            ("SRV", "0 1 993 mx.example.net."),
            ("A", "192.0.2.1"),
            ("AAAA", "2001:db8::1"),
        ] {
            let message = message("example.org", &[record(kind, value)]).unwrap();
            let wire = message.to_vec().unwrap();
            let read = Message::from_vec(&wire).unwrap();
            assert_eq!(read.metadata.op_code, OpCode::Update);
            assert_eq!(read.updates().len(), 1, "{kind}");
        }
        for (kind, value) in [
            ("MX", "mx.example.net."),
            ("A", "::1"),
            ("CAA", "0 issue x"),
        ] {
            assert!(message("example.org", &[record(kind, value)]).is_err());
        }
    }
}
