//! The challenge: whoever names a URL shows that its owner agrees.

use posthouse_net::guard::GuardError;
use posthouse_net::http::{GuardedRequest, HeaderMap, HeaderName, Method};
use uuid::Uuid;

use super::limits::ANSWER_DEADLINE;
use super::outgoing::AGENT;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Checks what can be known about a URL without calling it.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for what is no URL; [`Refusal::ChallengeFailed`] for one that may not be called.
    pub(crate) fn check_webhook_url(&self, url: &str) -> Result<(), Refusal> {
        self.outward()?
            .check_url(url)
            .map_err(|error| refused(&error))
    }

    /// Asks a URL for the answer to a challenge, once.
    ///
    /// # Errors
    /// [`Refusal::ChallengeFailed`] unless it answers 200 and the value in time.
    pub(crate) async fn challenge(&self, url: &str) -> Result<(), Refusal> {
        self.check_webhook_url(url)?;
        let value = Uuid::new_v4().to_string();
        let mut headers = HeaderMap::with_capacity(1);
        headers.insert(HeaderName::from_static("user-agent"), AGENT);
        let request = GuardedRequest {
            headers,
            total_deadline: ANSWER_DEADLINE,
            ..GuardedRequest::new(Method::GET, with_challenge(url, &value))
        };
        let response = self
            .outward()?
            .request(request)
            .await
            .map_err(|error| refused(&error))?;
        if response.status != 200 {
            return Err(failed(answered(response.status)));
        }
        if response.body_truncated || response.body.trim_ascii() != value.as_bytes() {
            return Err(failed(
                "the answer's body is not the value of the parameter challenge",
            ));
        }
        Ok(())
    }
}

fn refused(error: &GuardError) -> Refusal {
    match error {
        GuardError::BadUrl { reason } => Refusal::invalid("webhook_url", reason.to_string())
            .with_fix("give the whole URL, such as https://hooks.example.com/posthouse"),
        other => failed(other),
    }
}

/// Says what a URL answered. The official command line takes certain numbers in a text for our own trouble and hides the
/// text, so those are put into words.
pub(crate) fn answered(status: u16) -> String {
    match status {
        429 => "answered that it gets too many requests".to_owned(),
        500.. => "answered with a server error".to_owned(),
        status => format!("answered {status}"),
    }
}

fn failed(reason: impl std::fmt::Display) -> Refusal {
    Refusal::ChallengeFailed {
        message: format!("verify webhook URL: {reason}"),
    }
}

/// Adds the parameter `challenge` to a URL, behind the parameters that it has.
fn with_challenge(url: &str, value: &str) -> String {
    let sent = url.split('#').next().unwrap_or(url);
    let joint = match sent.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{sent}{joint}challenge={value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_has_a_number_that_clients_take_for_our_own_trouble() {
        assert_eq!(answered(404), "answered 404");
        for status in [429, 500, 502, 503, 504, 599] {
            let text = answered(status);
            assert!(!text.bytes().any(|byte| byte.is_ascii_digit()), "{text}");
        }
    }

    #[test]
    fn the_challenge_joins_the_parameters_that_are_there() {
        for (url, expected) in [
            ("https://h.example/n", "https://h.example/n?challenge=v"),
            ("https://h.example", "https://h.example?challenge=v"),
            ("https://h.example/n?", "https://h.example/n?challenge=v"),
            (
                "https://h.example/n?a=1",
                "https://h.example/n?a=1&challenge=v",
            ),
            (
                "https://h.example/n?a=1&",
                "https://h.example/n?a=1&challenge=v",
            ),
            (
                "https://h.example/n?a=1#top",
                "https://h.example/n?a=1&challenge=v",
            ),
        ] {
            assert_eq!(with_challenge(url, "v"), expected);
        }
    }
}
