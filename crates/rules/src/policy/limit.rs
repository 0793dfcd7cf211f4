//! The numbers a policy may set.

/// A number that a policy may set; `-1` stands for "no limit" wherever a limit is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Decoded bytes of one attachment of an incoming message.
    AttachmentBytes,
    /// Attachments of an incoming message.
    AttachmentCount,
    /// Bytes of an incoming message as it comes over the wire.
    MessageBytes,
    /// Bytes of all messages of an account.
    StorageBytes,
    /// Messages that an account receives in one UTC day.
    ReceivedPerDay,
    /// Messages that an account sends in one UTC day.
    SentPerDay,
    /// Days for which messages stay, in every folder but Drafts and Junk.
    InboxDays,
    /// Days for which messages stay in Junk.
    SpamDays,
}

const MIB: i64 = 1024 * 1024;

impl Limit {
    /// All of them, in the order they are shown in.
    pub const ALL: [Self; 8] = [
        Self::AttachmentBytes,
        Self::AttachmentCount,
        Self::MessageBytes,
        Self::StorageBytes,
        Self::ReceivedPerDay,
        Self::SentPerDay,
        Self::InboxDays,
        Self::SpamDays,
    ];

    /// The member of a policy's `limits`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AttachmentBytes => "limit_attachment_size_limit",
            Self::AttachmentCount => "limit_attachment_count_limit",
            Self::MessageBytes => "limit_size_total_mime",
            Self::StorageBytes => "limit_storage_total",
            Self::ReceivedPerDay => "limit_count_daily_message_received",
            Self::SentPerDay => "limit_count_daily_email_sent",
            Self::InboxDays => "limit_inbox_retention_period",
            Self::SpamDays => "limit_spam_retention_period",
        }
    }

    /// What holds where neither a policy nor a plan says anything: the published numbers for single messages, nothing for
    /// counts.
    #[must_use]
    pub fn preset(self) -> i64 {
        match self {
            Self::AttachmentBytes => 50 * MIB,
            Self::AttachmentCount => 20,
            Self::MessageBytes => 100 * MIB,
            Self::SpamDays => 30,
            Self::StorageBytes | Self::ReceivedPerDay | Self::SentPerDay | Self::InboxDays => -1,
        }
    }

    /// The smallest number that is a limit; where it is not zero, `-1` lifts the limit.
    #[must_use]
    pub fn least(self) -> i64 {
        match self {
            Self::AttachmentCount => 0,
            // An account may be one that only writes, or only reads.
            Self::ReceivedPerDay | Self::SentPerDay => 0,
            _ => 1,
        }
    }

    /// Tells whether a policy may say `-1`.
    #[must_use]
    pub fn may_be_lifted(self) -> bool {
        self != Self::AttachmentCount
    }
}

/// The smaller of two limits, `-1` being none.
pub(super) fn smaller(one: i64, other: i64) -> i64 {
    match (one, other) {
        (-1, limit) | (limit, -1) => limit,
        (one, other) => one.min(other),
    }
}
