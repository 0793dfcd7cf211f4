//! What the operator caps for everybody: "the plan".

use super::limit::Limit;

/// Something that an operator may cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cap {
    /// What policies may set.
    Limit(Limit),
    /// Accounts of the installation.
    Accounts,
    /// Rules of an application.
    Rules,
    /// Lists of an application.
    Lists,
    /// Messages that the accounts of an application send in one UTC month.
    SentPerMonth,
    /// Bytes of messages that an application sends and receives in one UTC month.
    TrafficPerMonth,
    /// Bytes of a message that is sent, as it goes over the wire.
    OutboundBytes,
    /// Recipients of a message that is sent.
    Recipients,
    /// Days for which messages stay in Trash.
    TrashDays,
}

impl Cap {
    /// All of them, in the order of the manual.
    pub const ALL: [Self; 16] = [
        Self::Accounts,
        Self::Rules,
        Self::Lists,
        Self::Limit(Limit::SentPerDay),
        Self::SentPerMonth,
        Self::Limit(Limit::ReceivedPerDay),
        Self::Limit(Limit::StorageBytes),
        Self::TrafficPerMonth,
        Self::Limit(Limit::MessageBytes),
        Self::Limit(Limit::AttachmentBytes),
        Self::Limit(Limit::AttachmentCount),
        Self::Limit(Limit::InboxDays),
        Self::Limit(Limit::SpamDays),
        Self::OutboundBytes,
        Self::Recipients,
        Self::TrashDays,
    ];

    /// How the operator's settings call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Rules => "rules",
            Self::Lists => "lists",
            Self::SentPerMonth => "sent_per_month",
            Self::TrafficPerMonth => "traffic_per_month",
            Self::OutboundBytes => "outbound_size",
            Self::Recipients => "recipients",
            Self::TrashDays => "trash_days",
            Self::Limit(Limit::SentPerDay) => "sent_per_day",
            Self::Limit(Limit::ReceivedPerDay) => "received_per_day",
            Self::Limit(Limit::StorageBytes) => "storage",
            Self::Limit(Limit::MessageBytes) => "message_size",
            Self::Limit(Limit::AttachmentBytes) => "attachment_size",
            Self::Limit(Limit::AttachmentCount) => "attachments",
            Self::Limit(Limit::InboxDays) => "inbox_days",
            Self::Limit(Limit::SpamDays) => "junk_days",
        }
    }

    /// Returns what the operator's settings call so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cap| cap.name() == name)
    }

    fn place(self) -> usize {
        Self::ALL
            .iter()
            .position(|cap| *cap == self)
            .expect("ALL holds every cap")
    }
}

/// What the operator caps; nothing unless told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    caps: [Option<i64>; Cap::ALL.len()],
    /// The published rates of requests hold, too.
    pub paces_requests: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self::unlimited()
    }
}

impl Plan {
    /// Caps nothing.
    #[must_use]
    pub fn unlimited() -> Self {
        Self {
            caps: [None; Cap::ALL.len()],
            paces_requests: false,
        }
    }

    /// The published numbers of the hosted service's two plans, `free` and `full`.
    #[must_use]
    pub fn published(name: &str) -> Option<Self> {
        const MIB: i64 = 1024 * 1024;
        const GIB: i64 = 1024 * MIB;
        let caps: [i64; 16] = match name {
            "free" => [
                3,
                5,
                10,
                200,
                3_000,
                -1,
                3 * GIB,
                3 * GIB,
                50 * MIB,
                50 * MIB,
                10,
                30,
                7,
                25 * MIB,
                50,
                -1,
            ],
            "full" => [
                20,
                30,
                50,
                -1,
                10_000,
                -1,
                10 * GIB,
                10 * GIB,
                100 * MIB,
                50 * MIB,
                20,
                365,
                30,
                25 * MIB,
                50,
                -1,
            ],
            _ => return None,
        };
        Some(Self {
            caps: caps.map(|cap| (cap >= 0).then_some(cap)),
            paces_requests: true,
        })
    }

    /// Caps something, or lifts its cap with `None`.
    pub fn set(&mut self, cap: Cap, number: Option<i64>) {
        self.caps[cap.place()] = number.filter(|number| *number >= 0);
    }

    /// Returns a cap, if there is one.
    #[must_use]
    pub fn cap(&self, cap: Cap) -> Option<u64> {
        self.caps[cap.place()].and_then(|number| u64::try_from(number).ok())
    }

    /// What holds where a policy says nothing: the cap, else what holds without a plan.
    #[must_use]
    pub fn default_of(&self, limit: Limit) -> i64 {
        self.configured(limit).unwrap_or_else(|| limit.preset())
    }

    /// Returns the cap of something that policies may set, if the operator chose one.
    pub(super) fn configured(&self, limit: Limit) -> Option<i64> {
        self.caps[Cap::Limit(limit).place()]
    }
}
