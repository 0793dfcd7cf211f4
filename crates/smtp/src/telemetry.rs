//! Metrics of this door, declared in one place. Labels come from closed sets, never from a peer.

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

const CONNECTIONS: &str = "posthouse_smtp_connections";
const CONNECTIONS_TOTAL: &str = "posthouse_smtp_connections_total";
const MESSAGES_TOTAL: &str = "posthouse_smtp_messages_total";
const MESSAGE_BYTES: &str = "posthouse_smtp_message_size_bytes";
const REFUSED_TOTAL: &str = "posthouse_smtp_refused_total";
const LIMIT_HITS_TOTAL: &str = "posthouse_smtp_limit_hits_total";

/// Registers the help lines of all metrics of this crate.
pub fn describe() {
    describe_gauge!(CONNECTIONS, Unit::Count, "SMTP connections open now.");
    describe_counter!(CONNECTIONS_TOTAL, Unit::Count, "SMTP connections accepted.");
    describe_counter!(
        MESSAGES_TOTAL,
        Unit::Count,
        "Messages answered at their end, by outcome: accepted, refused, deferred."
    );
    describe_histogram!(MESSAGE_BYTES, Unit::Bytes, "Size of accepted messages.");
    describe_counter!(
        REFUSED_TOTAL,
        Unit::Count,
        "Refused recipients and messages, by reason."
    );
    describe_counter!(LIMIT_HITS_TOTAL, Unit::Count, "Limits hit, by name.");
}

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Accepted,
    Refused,
    Deferred,
}

/// Why a recipient or a message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    UnknownRecipient,
    Relay,
    DisabledRecipient,
    DeferredRecipient,
    Content,
    TooLarge,
    HeaderTooLarge,
    TooManyHops,
    DmarcRejected,
    Infected,
    BlockedByRule,
    OverQuota,
    StorageFull,
    Unavailable,
}

impl Reason {
    /// Returns the label, also used in log lines.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::UnknownRecipient => "unknown_recipient",
            Self::Relay => "relay",
            Self::DisabledRecipient => "disabled_recipient",
            Self::DeferredRecipient => "deferred_recipient",
            Self::Content => "content",
            Self::TooLarge => "too_large",
            Self::HeaderTooLarge => "header_too_large",
            Self::TooManyHops => "too_many_hops",
            Self::DmarcRejected => "dmarc_rejected",
            Self::Infected => "infected",
            Self::BlockedByRule => "blocked_by_rule",
            Self::OverQuota => "over_quota",
            Self::StorageFull => "storage_full",
            Self::Unavailable => "unavailable",
        }
    }
}

/// A bound of [`crate::limits`] that a peer ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    CommandLine,
    Errors,
    Recipients,
    UnknownRecipients,
    Transactions,
    MessageSize,
    HeaderSection,
    BufferMemory,
    CommandTimeout,
    DataTimeout,
    ReplyTimeout,
    TlsHandshake,
    TlsHandshakes,
    Sessions,
    PrefixConnections,
}

impl Limit {
    fn name(self) -> &'static str {
        match self {
            Self::CommandLine => "command_line",
            Self::Errors => "errors",
            Self::Recipients => "recipients",
            Self::UnknownRecipients => "unknown_recipients",
            Self::Transactions => "transactions",
            Self::MessageSize => "message_size",
            Self::HeaderSection => "header_section",
            Self::BufferMemory => "buffer_memory",
            Self::CommandTimeout => "command_timeout",
            Self::DataTimeout => "data_timeout",
            Self::ReplyTimeout => "reply_timeout",
            Self::TlsHandshake => "tls_handshake",
            Self::TlsHandshakes => "tls_handshakes",
            Self::Sessions => "sessions",
            Self::PrefixConnections => "prefix_connections",
        }
    }
}

/// Counts an open connection until it is dropped, however its session ends.
#[derive(Debug)]
pub(crate) struct OpenConnection(());

impl OpenConnection {
    pub(crate) fn count() -> Self {
        counter!(CONNECTIONS_TOTAL).increment(1);
        gauge!(CONNECTIONS).increment(1.0);
        Self(())
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        gauge!(CONNECTIONS).decrement(1.0);
    }
}

pub(crate) fn message_ended(outcome: Outcome) {
    let name = match outcome {
        Outcome::Accepted => "accepted",
        Outcome::Refused => "refused",
        Outcome::Deferred => "deferred",
    };
    counter!(MESSAGES_TOTAL, "outcome" => name).increment(1);
}

#[expect(
    clippy::cast_precision_loss,
    reason = "messages are far smaller than 2^52 bytes"
)]
pub(crate) fn message_size(bytes: usize) {
    histogram!(MESSAGE_BYTES).record(bytes as f64);
}

pub(crate) fn refused(reason: Reason) {
    counter!(REFUSED_TOTAL, "reason" => reason.name()).increment(1);
}

pub(crate) fn limit_hit(limit: Limit) {
    counter!(LIMIT_HITS_TOTAL, "limit" => limit.name()).increment(1);
}
