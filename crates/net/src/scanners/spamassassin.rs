//! SpamAssassin's spamd, by the protocol of spamc.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::place::read_answer;
use super::{Opinion, Place, RULES_MAX, ScanError, Specimen, one_line};
use crate::resolver::Resolve;

/// A spamd.
#[derive(Clone)]
pub struct Spamd {
    place: Place,
    resolver: Arc<dyn Resolve>,
    deadline: Duration,
}

impl Spamd {
    /// Makes a client; nothing is opened yet.
    pub fn new(place: Place, resolver: Arc<dyn Resolve>, deadline: Duration) -> Self {
        Self {
            place,
            resolver,
            deadline,
        }
    }

    /// Has a message judged.
    ///
    /// # Errors
    /// [`ScanError`] when there is no verdict.
    pub async fn check(&self, specimen: &Specimen) -> Result<Opinion, ScanError> {
        let exchange = async {
            let mut line = self.place.connect(&self.resolver).await?;
            let head = format!(
                "SYMBOLS SPAMC/1.5\r\nContent-length: {}\r\n\r\n",
                specimen.raw.len()
            );
            line.write_all(head.as_bytes()).await?;
            line.write_all(&specimen.raw).await?;
            line.flush().await?;
            line.shutdown().await?;
            read(&read_answer(&mut line).await?)
        };
        timeout(self.deadline, exchange)
            .await
            .map_err(|_| ScanError::Timeout)?
    }
}

/// Reads `SPAMD/1.1 0 EX_OK`, a field `Spam: True ; 15.0 / 5.0`, and the names of rules as the body.
fn read(answer: &[u8]) -> Result<Opinion, ScanError> {
    let text = String::from_utf8_lossy(answer);
    let trouble = || ScanError::answer(text.as_bytes());
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(trouble)?;
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("SPAMD/") || status.split(' ').nth(1) != Some("0") {
        return Err(trouble());
    }
    let verdict = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("spam"))
        .and_then(|(_, value)| value.split_once(';'))
        .and_then(|(_, numbers)| numbers.split_once('/'))
        .ok_or_else(trouble)?;
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    let (Some(score), Some(required)) = (number(verdict.0), number(verdict.1)) else {
        return Err(trouble());
    };
    Ok(Opinion {
        score,
        required,
        rules: body
            .split([',', '\r', '\n'])
            .map(|rule| one_line(rule.trim()))
            .filter(|rule| !rule.is_empty())
            .take(RULES_MAX)
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn score_and_rules_are_read_and_everything_else_is_trouble() {
        let answer = b"SPAMD/1.1 0 EX_OK\r\nContent-length: 22\r\nSpam: True ; 1000.5 / 5.0\r\n\r\nGTUBE,MISSING_DATE\r\n";
        let opinion = read(answer).unwrap();
        assert_eq!((opinion.score, opinion.required), (1000.5, 5.0));
        assert_eq!(opinion.rules, ["GTUBE", "MISSING_DATE"]);
        for answer in [
            "",
            "SPAMD/1.0 76 EX_PROTOCOL\r\n\r\n",
            "SPAMD/1.1 0 EX_OK\r\n\r\n",
            "SPAMD/1.1 0 EX_OK\r\nSpam: True ; NaN / 5\r\n\r\n",
            "HTTP/1.1 200 OK\r\nSpam: True ; 1 / 5\r\n\r\n",
        ] {
            assert!(read(answer.as_bytes()).is_err(), "{answer}");
        }
    }
}
