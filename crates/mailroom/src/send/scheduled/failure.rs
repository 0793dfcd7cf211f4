//! Why a message that was to be sent later could not be, as its event tells it.

use serde::{Deserialize, Serialize};

use crate::Refusal;

/// What an event tells of a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// The kind of error that a request at that time would have met.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// In words.
    pub(crate) message: String,
    /// The status that such a request would have had.
    pub(crate) status_code: u16,
}

impl Failure {
    pub(super) fn of(refusal: &Refusal) -> Self {
        let (status_code, kind) = match refusal {
            Refusal::Invalid { .. } => (400, "invalid_request_error"),
            Refusal::InvalidReference { .. } => (400, "invalid_field"),
            Refusal::NotSupported { .. } => (400, "not_supported"),
            Refusal::DomainNotVerified { .. } => (400, "domain_not_verified"),
            Refusal::RecipientSuppressed { .. } => (400, "recipient_suppressed"),
            Refusal::SendingPaused { .. } => (400, "sending_paused"),
            Refusal::Forbidden { .. } => (403, "forbidden"),
            Refusal::PlanCap { .. } => (403, "forbidden_access"),
            Refusal::TooLarge { .. } => (413, "request_too_large"),
            Refusal::Suspended => (423, "api.resource_blocked"),
            Refusal::RateLimited { .. } => (429, "rate_limit_error"),
            _ => (503, "service_unavailable"),
        };
        let message = match (status_code, refusal) {
            (503, _) => "the message could not be sent, however often it was tried".to_owned(),
            (_, refusal) => refusal.to_string(),
        };
        Self {
            kind: kind.to_owned(),
            message,
            status_code,
        }
    }
}
