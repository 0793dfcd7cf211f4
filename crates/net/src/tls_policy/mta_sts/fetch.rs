//! Fetching a policy. RFC 8461 3.3.

use super::policy::{Policy, PolicyError};
use super::{ReportedAs, Source};
use crate::guard::GuardError;
use crate::http::{GuardedRequest, GuardedResponse, Method};
use crate::limits::MTA_STS_FETCH_DEADLINE;

/// Why there is no policy to be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// The web server cannot be reached or trusted.
    #[error("{0}")]
    Call(#[from] GuardError),
    /// It answers something else; redirects are not followed.
    #[error("the web server answers with status {0}")]
    Status(u16),
    /// The answer is no plain text.
    #[error("the answer is not text/plain")]
    NotPlainText,
    /// The answer is too long.
    #[error("the answer is too long")]
    TooLong,
    /// The answer is no policy.
    #[error("the policy cannot be used: {0}")]
    Policy(#[from] PolicyError),
}

impl FetchError {
    pub(super) fn reported_as(&self) -> ReportedAs {
        match self {
            Self::Call(GuardError::Tls { .. }) => ReportedAs::StsWebpkiInvalid,
            Self::Call(_) | Self::Status(_) => ReportedAs::StsPolicyFetchError,
            Self::NotPlainText | Self::TooLong | Self::Policy(_) => ReportedAs::StsPolicyInvalid,
        }
    }
}

/// Returns the policy of `domain` and its text.
pub(super) async fn fetch(source: &Source, domain: &str) -> Result<(Policy, String), FetchError> {
    let port = match source.port {
        443 => String::new(),
        port => format!(":{port}"),
    };
    let url = format!("https://mta-sts.{domain}{port}/.well-known/mta-sts.txt");
    let mut request = GuardedRequest::new(Method::GET, url);
    request.total_deadline = MTA_STS_FETCH_DEADLINE;
    let answer = source.client.request(request).await?;
    if answer.status != 200 {
        return Err(FetchError::Status(answer.status));
    }
    if answer.body_truncated {
        return Err(FetchError::TooLong);
    }
    // RFC 8461 3.3: a place where strangers may leave pages is no place for policies.
    if !is_plain_text(&answer) {
        return Err(FetchError::NotPlainText);
    }
    let policy = Policy::parse(&answer.body)?;
    Ok((policy, String::from_utf8_lossy(&answer.body).into_owned()))
}

fn is_plain_text(answer: &GuardedResponse) -> bool {
    let Some(field) = answer.headers.get("content-type") else {
        return true;
    };
    let kind = field.to_str().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("text/plain")
}
