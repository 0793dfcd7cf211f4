//! What a refused request is answered with.
//!
//! Handlers return [`ApiError`]; a [`Refusal`] of the mailroom turns into one with `?`. The table of statuses and types
//! is the one `match` in [`From<Refusal>`], plus the constructors below for what only HTTP can get wrong.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use posthouse_mailroom::Refusal;
use serde::Serialize;

use crate::limits::RETRY_AFTER_UNAVAILABLE_SECONDS;
use crate::reply::Reply;
use crate::request_id::RequestId;

/// An answer of 400 or above. It cannot carry a success status: the constructors decide.
#[derive(Debug)]
pub struct ApiError(Box<Details>);

/// Boxed, so that the results of all the small readers stay small.
#[derive(Debug)]
struct Details {
    status: StatusCode,
    kind: &'static str,
    message: Cow<'static, str>,
    field: Option<String>,
    fix: Option<String>,
    retry_after_seconds: Option<u64>,
    /// A header field that belongs to the status.
    header: Option<(HeaderName, String)>,
    /// For the log only, never sent.
    cause: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'a str>,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Details {
            status,
            kind,
            message: message.into(),
            field: None,
            fix: None,
            retry_after_seconds: None,
            header: None,
            cause: None,
        }))
    }

    /// 400 that names the parameter or field path; the message becomes `path: message`.
    pub fn invalid(field: impl Into<String>, message: impl AsRef<str>) -> Self {
        let field = field.into();
        let message = format!("{field}: {}", message.as_ref());
        let mut error = Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message);
        error.0.field = Some(field);
        error
    }

    /// 400 about the request as a whole.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    /// 400 for what the compatible service has and this one does not.
    pub fn not_supported(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "not_supported", message)
    }

    /// 400 for an `Idempotency-Key` that is empty or too long.
    pub fn invalid_idempotency_key() -> Self {
        let message = "Idempotency-Key must have 1 to 256 characters";
        Self::new(
            StatusCode::BAD_REQUEST,
            "api.invalid_idempotency_key",
            message,
        )
    }

    /// 401. The text never tells what was wrong with the credentials.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized")
    }

    /// 403 for a key that may not do this.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404 for an object that is not there, or not for this key: both look the same.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found_error", "object not found")
    }

    /// 404 for a path that no route has.
    pub fn unknown_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found_error", "no such path")
    }

    /// 405; `allowed` are the methods that the path has.
    pub fn method_not_allowed(allowed: &[&str]) -> Self {
        let message = match allowed {
            [] => "no method is allowed here".to_owned(),
            [only] => format!("use {only}"),
            [most @ .., last] => format!("use {} or {last}", most.join(", ")),
        };
        let mut error = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            message,
        );
        error.0.header = Some((header::ALLOW, allowed.join(", ")));
        error
    }

    /// 413 for a body above `bytes_max`.
    pub fn body_too_large(bytes_max: usize) -> Self {
        let message = format!("the body may have at most {} MB", bytes_max >> 20);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
    }

    /// 414 for an overlong request target.
    pub fn url_too_long() -> Self {
        Self::new(
            StatusCode::URI_TOO_LONG,
            "request_too_large",
            "the URL may have at most 16 KB",
        )
    }

    /// 431 for an oversized header section.
    pub fn headers_too_large() -> Self {
        let message = "the header fields may have at most 32 KB";
        Self::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "request_too_large",
            message,
        )
    }

    /// 415.
    pub fn unsupported_media_type(message: &'static str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        )
    }

    /// 416 for a `Range` beyond the end of a download of `size_bytes`.
    pub fn range_not_satisfiable(size_bytes: usize) -> Self {
        let message = format!("the file has {size_bytes} bytes");
        let mut error = Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "invalid_request_error",
            message,
        );
        error.0.header = Some((header::CONTENT_RANGE, format!("bytes */{size_bytes}")));
        error
    }

    /// 429.
    pub fn rate_limited(message: impl Into<Cow<'static, str>>, retry_after_seconds: u64) -> Self {
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", message);
        error.0.retry_after_seconds = Some(retry_after_seconds.max(1));
        error
    }

    /// 503.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "service_unavailable",
            message,
        );
        error.0.retry_after_seconds = Some(RETRY_AFTER_UNAVAILABLE_SECONDS);
        error
    }

    /// 500. The cause goes to the log, never to the caller.
    pub fn internal(cause: impl Into<String>) -> Self {
        let mut error = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "unexpected_error",
            "internal error",
        );
        error.0.cause = Some(cause.into());
        error
    }

    /// Adds what to do next, for people and agents.
    #[must_use]
    pub fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.0.fix = Some(fix.into());
        self
    }

    /// Names the parameter or field that is wrong, for a message that must not.
    #[must_use]
    pub fn with_field(mut self, field: &'static str) -> Self {
        self.0.field = Some(field.to_owned());
        self
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Returns the stable `error.type`.
    pub fn kind(&self) -> &'static str {
        self.0.kind
    }

    /// Returns `error.0.message` as the caller sees it.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns `error.0.field`.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// Returns what only the log may see.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    pub(crate) fn into_reply(self, request_id: RequestId) -> Reply {
        let document = Document {
            kind: self.0.kind,
            message: &self.0.message,
            field: self.0.field.as_deref(),
            fix: self.0.fix.as_deref(),
        };
        let mut reply = Reply::envelope(self.0.status, request_id).field("error", &document);
        let headers: &mut HeaderMap = reply.headers_mut();
        if let Some(seconds) = self.0.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if let Some((name, text)) = &self.0.header
            && let Ok(value) = HeaderValue::from_str(text)
        {
            headers.insert(name, value);
        }
        reply
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid {
                field,
                message,
                fix,
            } => {
                let mut error = match field {
                    // Some texts read better with the field inside: `'to' must contain at least one recipient`.
                    Some(field) if message.contains(&field) => {
                        let mut error = Self::bad_request(message);
                        error.0.field = Some(field);
                        error
                    }
                    Some(field) => Self::invalid(field, message),
                    None => Self::bad_request(message),
                };
                error.0.fix = fix;
                error
            }
            Refusal::InvalidReference { field, message } => {
                let mut error = Self::new(StatusCode::BAD_REQUEST, "invalid_field", message);
                error.0.field = Some(field);
                error
            }
            Refusal::NotSupported { message } => Self::not_supported(message),
            Refusal::ChallengeFailed { message } => {
                Self::new(StatusCode::BAD_REQUEST, "70005", message)
            }
            Refusal::Unauthorized => Self::unauthorized(),
            Refusal::Forbidden { message } => Self::forbidden(message),
            Refusal::PlanCap { message } => {
                Self::new(StatusCode::FORBIDDEN, "forbidden_access", message)
            }
            Refusal::NotFound => Self::not_found(),
            Refusal::DomainNotFound { domain } => {
                let message = "Provisioning the account failed: Domain not found";
                Self::new(StatusCode::NOT_FOUND, "api.not_found_error", message).with_fix(format!(
                    "register {domain} first, or use an address on a registered domain"
                ))
            }
            Refusal::Conflict { message } => Self::new(StatusCode::CONFLICT, "conflict", message),
            Refusal::IdempotencyMismatch => {
                let message = "Idempotency-Key was used with another payload";
                Self::new(
                    StatusCode::CONFLICT,
                    "api.invalid_idempotent_request",
                    message,
                )
            }
            Refusal::IdempotencyRunning => {
                let message = "a request with this Idempotency-Key is in progress";
                Self::new(
                    StatusCode::CONFLICT,
                    "api.concurrent_idempotent_request",
                    message,
                )
            }
            Refusal::TooLarge { message } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
            }
            Refusal::DomainNotVerified { message } => {
                Self::new(StatusCode::BAD_REQUEST, "domain_not_verified", message)
            }
            Refusal::RecipientSuppressed { message } => {
                let fix = "add skip_suppressed=true to send to the others, or take the address off the suppression list";
                Self::new(StatusCode::BAD_REQUEST, "recipient_suppressed", message).with_fix(fix)
            }
            Refusal::SendingPaused { message } => {
                Self::new(StatusCode::BAD_REQUEST, "sending_paused", message)
            }
            Refusal::Suspended => Self::new(
                StatusCode::LOCKED,
                "api.resource_blocked",
                "account is suspended",
            ),
            Refusal::RateLimited {
                message,
                retry_after_seconds,
            } => Self::rate_limited(message, retry_after_seconds),
            Refusal::Unavailable { message } => Self::unavailable(message),
            Refusal::Internal { message } => Self::internal(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Vec<(Refusal, u16, &'static str)> {
        let text = || "text".to_owned();
        vec![
            (
                Refusal::invalid("limit", "expected an integer"),
                400,
                "invalid_request_error",
            ),
            (
                Refusal::InvalidReference {
                    field: text(),
                    message: text(),
                },
                400,
                "invalid_field",
            ),
            (
                Refusal::NotSupported { message: text() },
                400,
                "not_supported",
            ),
            (Refusal::ChallengeFailed { message: text() }, 400, "70005"),
            (Refusal::Unauthorized, 401, "unauthorized"),
            (Refusal::Forbidden { message: text() }, 403, "forbidden"),
            (
                Refusal::PlanCap { message: text() },
                403,
                "forbidden_access",
            ),
            (Refusal::NotFound, 404, "not_found_error"),
            (
                Refusal::DomainNotFound { domain: text() },
                404,
                "api.not_found_error",
            ),
            (Refusal::Conflict { message: text() }, 409, "conflict"),
            (
                Refusal::IdempotencyMismatch,
                409,
                "api.invalid_idempotent_request",
            ),
            (
                Refusal::IdempotencyRunning,
                409,
                "api.concurrent_idempotent_request",
            ),
            (
                Refusal::TooLarge { message: text() },
                413,
                "request_too_large",
            ),
            (Refusal::Suspended, 423, "api.resource_blocked"),
            (
                Refusal::RateLimited {
                    message: text(),
                    retry_after_seconds: 0,
                },
                429,
                "rate_limit_error",
            ),
            (
                Refusal::Unavailable { message: text() },
                503,
                "service_unavailable",
            ),
            (
                Refusal::Internal { message: text() },
                500,
                "unexpected_error",
            ),
        ]
    }

    #[test]
    fn every_refusal_has_its_status_and_type() {
        for (refusal, status, kind) in table() {
            let name = format!("{refusal:?}");
            let error = ApiError::from(refusal);
            assert_eq!(
                (error.status().as_u16(), error.kind()),
                (status, kind),
                "{name}"
            );
            assert!(!error.message().is_empty(), "{name}");
            assert!(crate::openapi::is_described(status, kind), "{name}");
        }
    }

    #[test]
    fn the_cause_of_an_internal_error_is_not_in_the_answer() {
        let error = ApiError::from(Refusal::Internal {
            message: "secret table name".to_owned(),
        });
        let body = error.into_reply(RequestId::fresh()).into_json_text();
        assert!(!body.contains("secret"), "{body}");
        assert!(body.contains("internal error"), "{body}");
    }

    #[test]
    fn a_retry_is_advised_in_whole_seconds_of_at_least_one() {
        let limited = ApiError::from(Refusal::RateLimited {
            message: "slow".to_owned(),
            retry_after_seconds: 0,
        });
        let mut reply = limited.into_reply(RequestId::fresh());
        assert_eq!(reply.headers_mut()[header::RETRY_AFTER], "1");
        let mut reply = ApiError::unavailable("overloaded").into_reply(RequestId::fresh());
        assert_eq!(reply.headers_mut()[header::RETRY_AFTER], "2");
    }

    #[test]
    fn an_invalid_field_is_named_in_the_text_once() {
        let error = ApiError::from(Refusal::invalid(
            "limit",
            "expected an integer of at least 1",
        ));
        assert_eq!(error.message(), "limit: expected an integer of at least 1");
        let error = ApiError::from(Refusal::invalid(
            "to",
            "'to' must contain at least one recipient",
        ));
        assert_eq!(error.message(), "'to' must contain at least one recipient");
    }
}
