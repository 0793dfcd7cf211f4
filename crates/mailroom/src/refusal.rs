//! The one error of the mailroom: why a use case was refused.
//!
//! Each variant is a decision its caller can take; a door maps it to its own protocol in one `match`.

/// Tells why a use case was refused. Nothing was changed unless a variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The request is malformed or out of range.
    #[error("{message}")]
    Invalid {
        /// Path of the offending field or parameter, if one can be named.
        field: Option<String>,
        /// What is wrong, in lower case, without quoting secrets or bodies.
        message: String,
        /// What to do next, for people and agents.
        fix: Option<String>,
    },
    /// A field refers to something that does not exist or does not fit.
    #[error("{message}")]
    InvalidReference {
        /// Path of the offending field.
        field: String,
        /// What is wrong.
        message: String,
    },
    /// The feature exists in the compatible service but is not offered here.
    #[error("{message}")]
    NotSupported {
        /// Names the feature.
        message: String,
    },
    /// The webhook challenge failed; nothing was stored.
    #[error("{message}")]
    ChallengeFailed {
        /// Starts with `verify webhook URL`.
        message: String,
    },
    /// The credentials are missing, malformed, unknown, expired or revoked.
    #[error("unauthorized")]
    Unauthorized,
    /// The key is valid but may not do this.
    #[error("{message}")]
    Forbidden {
        /// Names the missing permission or the rule.
        message: String,
    },
    /// An operator's plan cap is reached; the text contains `for this plan`.
    #[error("{message}")]
    PlanCap {
        /// Names the cap.
        message: String,
    },
    /// There is no such object within the caller's scope.
    #[error("object not found")]
    NotFound,
    /// An account was asked for on a domain that is not registered.
    #[error("domain not found")]
    DomainNotFound {
        /// The domain that is not registered.
        domain: String,
    },
    /// The request contradicts existing data.
    #[error("{message}")]
    Conflict {
        /// What it contradicts.
        message: String,
    },
    /// An idempotency key was used before with another payload.
    #[error("Idempotency-Key was used with another payload")]
    IdempotencyMismatch,
    /// The first request with this idempotency key is still running.
    #[error("a request with this Idempotency-Key is in progress")]
    IdempotencyRunning,
    /// Something is larger than its limit.
    #[error("{message}")]
    TooLarge {
        /// Names the limit.
        message: String,
    },
    /// The account's domain may not send yet; nothing was sent.
    #[error("{message}")]
    DomainNotVerified {
        /// Names the domain and what is missing.
        message: String,
    },
    /// Recipients are on the suppression list; nothing was sent.
    #[error("{message}")]
    RecipientSuppressed {
        /// Names the addresses, and why they are there.
        message: String,
    },
    /// Too much of the sender's mail came back or was complained about; nothing was sent.
    #[error("{message}")]
    SendingPaused {
        /// Names who is paused, and the rate.
        message: String,
    },
    /// The account is suspended.
    #[error("account is suspended")]
    Suspended,
    /// A rate or quota is used up.
    #[error("{message}")]
    RateLimited {
        /// Names the rate or quota.
        message: String,
        /// Seconds until it is worth trying again, at least 1.
        retry_after_seconds: u64,
    },
    /// A resource is temporarily unavailable; nothing was committed.
    #[error("{message}")]
    Unavailable {
        /// What is unavailable, without internals.
        message: String,
    },
    /// A bug or broken data; nothing was committed. The source is for the log only.
    #[error("internal error: {message}")]
    Internal {
        /// For the log, never for the caller.
        message: String,
    },
}

impl Refusal {
    /// Makes an [`Refusal::Invalid`] that names a field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid {
            field: Some(field.into()),
            message: message.into(),
            fix: None,
        }
    }

    /// Adds what to do next to an [`Refusal::Invalid`]; leaves other refusals alone.
    #[must_use]
    pub fn with_fix(mut self, text: impl Into<String>) -> Self {
        if let Self::Invalid { fix, .. } = &mut self {
            *fix = Some(text.into());
        }
        self
    }
}
