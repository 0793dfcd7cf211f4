//! Why a call did not happen or did not end well.
//!
//! The variants are decisions: [`BadUrl`](GuardError::BadUrl) and [`Forbidden`](GuardError::Forbidden) will not
//! get better by trying again (though a name may move to another address); all others may. The texts go into API
//! messages as they are, so they never name an address that a name resolved to: that would tell an outsider what
//! our network looks like. The address is in the debug log.

use crate::address_class::NotGlobal;
use crate::limits::{ADDRESSES_PER_NAME_MAX, HOOK_RESPONSE_HEADER_BYTES_MAX, URL_BYTES_MAX};
use crate::resolver::ResolveError;

/// The outcome of a guarded call that is not an answer.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The text is no URL that could ever be called.
    #[error("the URL cannot be used: {reason}")]
    BadUrl {
        /// What is wrong with it.
        reason: BadUrl,
    },
    /// The URL is well-formed and the policy refuses it, or an address behind its name.
    #[error("the URL is not allowed: {reason}")]
    Forbidden {
        /// The rule that refused.
        reason: ForbiddenReason,
    },
    /// The name has no usable answer; nothing was connected to.
    #[error("cannot resolve the host name: {source}")]
    Resolve {
        /// What the resolver said.
        #[from]
        source: ResolveError,
    },
    /// No address accepted a connection.
    #[error("cannot connect: {source}")]
    Connect {
        /// The system's reason, for the address tried last.
        source: std::io::Error,
    },
    /// The peer was reached, but not in a way that can be trusted.
    #[error("cannot agree on TLS: {source}")]
    Tls {
        /// The reason, such as an unknown issuer or a wrong name.
        source: std::io::Error,
    },
    /// A deadline passed.
    #[error("no answer in time: {stage} took longer than {seconds} s")]
    Timeout {
        /// What was being waited for.
        stage: TimeoutStage,
        /// The deadline in seconds.
        seconds: f32,
    },
    /// The head of the answer exceeds its bound.
    #[error(
        "the answer's header is longer than {HOOK_RESPONSE_HEADER_BYTES_MAX} bytes or has too many fields"
    )]
    TooLarge,
    /// The peer spoke something other than HTTP/1.1, or stopped in the middle.
    #[error("the answer is not proper HTTP: {source}")]
    Protocol {
        /// The parser's or the connection's complaint.
        source: hyper::Error,
    },
}

impl GuardError {
    /// Returns a word of a small closed set, for metric labels and log fields.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::BadUrl { .. } => "bad_url",
            Self::Forbidden { .. } => "forbidden",
            Self::Resolve { .. } => "resolve",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Timeout { .. } => "timeout",
            Self::TooLarge => "too_large",
            Self::Protocol { .. } => "protocol",
        }
    }
}

/// The two waits that have a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeoutStage {
    /// Resolving, connecting and TLS.
    #[error("connecting")]
    Connect,
    /// The whole call.
    #[error("the call")]
    Total,
}

/// What makes a text unfit to be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// Longer than [`URL_BYTES_MAX`].
    #[error("it is longer than {URL_BYTES_MAX} bytes")]
    TooLong,
    /// Spaces, control characters or backslashes, which readers of URLs understand differently.
    #[error("it contains a space, a control character or a backslash")]
    StrangeCharacter,
    /// The parser's complaint.
    #[error("{0}")]
    Syntax(url::ParseError),
    /// Anything but `http` and `https`.
    #[error("the scheme is {0}, not https")]
    Scheme(String),
    /// A user name or password before the host.
    #[error("it contains a user name or password")]
    UserInfo,
    /// Empty labels, overlong names, or characters that no host name has.
    #[error("the host name is not valid")]
    Host,
    /// Characters that a request line cannot carry.
    #[error("the path or query is not valid")]
    Path,
    /// Port 0.
    #[error("the port is 0")]
    Port,
}

/// The rule that refused a well-formed URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForbiddenReason {
    /// The host, or one of the addresses its name resolves to, is not on the public internet.
    #[error("the host is {0}; only public addresses may be called")]
    Address(NotGlobal),
    /// Plain `http` to where it is not excused.
    #[error("plain http is not encrypted; use https")]
    PlainHttp,
    /// A port below 1024 that is neither 80 nor 443.
    #[error("port {0} is reserved for another service; use 443, 80 or a port from 1024 up")]
    Port(u16),
    /// More addresses than anyone needs.
    #[error("the name has more than {ADDRESSES_PER_NAME_MAX} addresses")]
    TooManyAddresses,
}
