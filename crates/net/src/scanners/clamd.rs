//! ClamAV's clamd: a message is streamed to it, and it says what it found.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::place::{Line, read_answer};
use super::{Place, ScanError, one_line};
use crate::resolver::Resolve;

/// Bytes of one chunk; clamd takes larger ones, and this needs no memory of its own.
const CHUNK_BYTES: usize = 64 * 1024;

/// A clamd.
#[derive(Clone)]
pub struct Clamd {
    place: Place,
    resolver: Arc<dyn Resolve>,
    deadline: Duration,
}

/// What it said of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It found nothing.
    Clean,
    /// It found malware of this name.
    Infected(String),
}

impl Clamd {
    /// Makes a client; nothing is opened yet.
    pub fn new(place: Place, resolver: Arc<dyn Resolve>, deadline: Duration) -> Self {
        Self {
            place,
            resolver,
            deadline,
        }
    }

    /// Has a message looked at.
    ///
    /// # Errors
    /// [`ScanError`] when there is no verdict; a message that is too large for clamd is one that it did not look at.
    pub async fn scan(&self, raw: &[u8]) -> Result<Finding, ScanError> {
        let exchange = async {
            let mut line = self.place.connect(&self.resolver).await?;
            let sent = stream(&mut line, raw).await;
            // It may have answered and hung up before it had everything: then the answer says why.
            match read_answer(&mut line).await {
                Ok(answer) if !answer.is_empty() => read(&answer),
                Ok(_) => Err(sent
                    .err()
                    .map_or_else(|| ScanError::answer(""), ScanError::Io)),
                Err(error) => Err(error.into()),
            }
        };
        timeout(self.deadline, exchange)
            .await
            .map_err(|_| ScanError::Timeout)?
    }
}

async fn stream(line: &mut Pin<Box<dyn Line>>, raw: &[u8]) -> std::io::Result<()> {
    line.write_all(b"zINSTREAM\0").await?;
    for chunk in raw.chunks(CHUNK_BYTES) {
        write_chunk(line, chunk).await?;
    }
    write_chunk(line, b"").await?;
    line.flush().await
}

async fn write_chunk(line: &mut (impl AsyncWrite + Unpin), chunk: &[u8]) -> std::io::Result<()> {
    let length = u32::try_from(chunk.len()).expect("chunks are short");
    line.write_all(&length.to_be_bytes()).await?;
    line.write_all(chunk).await
}

/// Reads `stream: OK`, `stream: NAME FOUND`, or an error.
fn read(answer: &[u8]) -> Result<Finding, ScanError> {
    let text = String::from_utf8_lossy(answer);
    let text = text.trim_end_matches(['\0', '\n', '\r']);
    let verdict = text.strip_prefix("stream: ").unwrap_or(text);
    if verdict == "OK" {
        return Ok(Finding::Clean);
    }
    match verdict.strip_suffix(" FOUND") {
        Some(name) => Ok(Finding::Infected(one_line(name))),
        None => Err(ScanError::answer(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_ok_is_clean() {
        assert_eq!(read(b"stream: OK\0").unwrap(), Finding::Clean);
        let found = read(b"stream: Win.Test.EICAR_HDB-1 FOUND\0").unwrap();
        assert_eq!(found, Finding::Infected("Win.Test.EICAR_HDB-1".to_owned()));
        for trouble in [
            "",
            "stream: ",
            "INSTREAM size limit exceeded. ERROR",
            "UNKNOWN COMMAND",
        ] {
            assert!(read(trouble.as_bytes()).is_err(), "{trouble}");
        }
    }
}
