//! One attempt: the call, and what its answer means.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use posthouse_mailroom::Mailroom;
use posthouse_mailroom::webhooks::{Attempt, ClaimedDelivery, Notification, Outcome};
use posthouse_net::guard::GuardError;
use posthouse_net::http::{GuardedClient, GuardedRequest, GuardedResponse};

use crate::limits::INLINE_COMPRESSION_BYTES_MAX;

/// Makes an attempt; `None` when it could not be made ready, so that it is repeated after the end of its claim.
pub(crate) async fn attempt(
    mailroom: &Mailroom,
    client: &GuardedClient,
    delivery: ClaimedDelivery,
) -> Option<Attempt> {
    let (at_us, started) = (mailroom.clock().unix_us(), Instant::now());
    let outcome = match mailroom.notification(&delivery).await {
        Ok(None) => Outcome::Withdrawn,
        Ok(Some(notification)) => {
            let request = request(notification).await?;
            outcome(client.request(request).await, at_us)
        }
        Err(error) => {
            tracing::error!("cannot make a webhook delivery ready: {error}");
            return None;
        }
    };
    let duration = started.elapsed();
    observe(&outcome, duration);
    Some(Attempt {
        delivery,
        at_us,
        duration,
        outcome,
    })
}

async fn request(notification: Notification) -> Option<GuardedRequest> {
    if !notification.compressed || notification.body.len() <= INLINE_COMPRESSION_BYTES_MAX {
        return Some(notification.into_request());
    }
    let work = tokio::task::spawn_blocking(move || notification.into_request());
    let made = work.await;
    made.inspect_err(|panic| tracing::error!("compressing a notification panicked: {panic}"))
        .ok()
}

fn outcome(answer: Result<GuardedResponse, GuardError>, now_us: i64) -> Outcome {
    match answer {
        Ok(response) => Outcome::Answered {
            status: response.status,
            retry_after: retry_after(&response, now_us),
        },
        Err(error @ GuardError::BadUrl { .. }) => Outcome::Unusable {
            reason: error.to_string(),
        },
        // A name that leads where it may not can lead elsewhere in a minute.
        Err(error) => Outcome::NoAnswer {
            reason: error.to_string(),
        },
    }
}

/// RFC 9110 10.2.3: seconds, or a date.
fn retry_after(response: &GuardedResponse, now_us: i64) -> Option<Duration> {
    let text = response.headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date: Timestamp = DateTimeParser::new().parse_timestamp(text).ok()?;
    let left_us = date.as_microsecond() - now_us;
    Some(Duration::from_micros(u64::try_from(left_us).unwrap_or(0)))
}

fn observe(outcome: &Outcome, duration: Duration) {
    let word = match outcome {
        Outcome::Answered { status: 200, .. } => "accepted",
        Outcome::Answered { .. } => "refused",
        Outcome::NoAnswer { .. } => "no_answer",
        Outcome::Unusable { .. } => "unusable",
        Outcome::Withdrawn => "withdrawn",
    };
    metrics::counter!("posthouse_webhooks_attempts_total", "outcome" => word).increment(1);
    metrics::histogram!("posthouse_webhooks_attempt_seconds").record(duration.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;
    use posthouse_net::http::{HeaderMap, HeaderValue};

    fn asked(value: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static(value));
        let response = GuardedResponse {
            status: 429,
            headers,
            body: Default::default(),
            body_truncated: false,
        };
        retry_after(&response, 784_111_777_000_000)
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        assert_eq!(asked("120"), Some(Duration::from_secs(120)));
        // RFC 9110 5.6.7: the example of an IMF-fixdate, 784111777 in Unix seconds.
        assert_eq!(
            asked("Sun, 06 Nov 1994 08:50:37 GMT"),
            Some(Duration::from_secs(60))
        );
        assert_eq!(asked("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(asked("soon"), None);
        assert_eq!(asked("-1"), None);
    }
}
