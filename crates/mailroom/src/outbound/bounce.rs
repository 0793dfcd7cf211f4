//! What a refusal means: from a reply's code, its enhanced status (RFC 3463) and, where those say little, its words.

/// What an event calls a bounce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BounceType {
    /// The mailbox is there and has no room.
    MailboxFull,
    /// There is no such mailbox or no such domain.
    NoEmail,
    /// The message was not wanted for what it says.
    ContentRejected,
    /// Everything else.
    General,
}

impl BounceType {
    /// Returns the name in events.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MailboxFull => "MailboxFull",
            Self::NoEmail => "NoEmail",
            Self::ContentRejected => "ContentRejected",
            Self::General => "General",
        }
    }
}

/// What a bounce says about the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BounceClass {
    /// Nothing sent to the address will ever arrive.
    Hard,
    /// Another message, or the same later, may arrive.
    Soft,
    /// The other side refuses the sender or the message, not the address.
    Policy,
}

impl BounceClass {
    /// Returns a word for labels of metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Policy => "policy",
        }
    }
}

/// A refusal, understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounce {
    /// What events call it.
    pub kind: BounceType,
    /// What it says about the address.
    pub class: BounceClass,
}

impl Bounce {
    const NO_MAILBOX: Self = Self::new(BounceType::NoEmail, BounceClass::Hard);
    const FULL: Self = Self::new(BounceType::MailboxFull, BounceClass::Soft);
    const CONTENT: Self = Self::new(BounceType::ContentRejected, BounceClass::Policy);
    const POLICY: Self = Self::new(BounceType::General, BounceClass::Policy);
    const OTHER: Self = Self::new(BounceType::General, BounceClass::Soft);

    const fn new(kind: BounceType, class: BounceClass) -> Self {
        Self { kind, class }
    }

    /// Understands a reply such as `550 5.1.1 no such user`; the enhanced status may be missing.
    #[must_use]
    pub fn of(reply: &str) -> Self {
        let (code, status, text) = split(reply);
        let found = Self::of_parts(code, status, &text.to_lowercase());
        // RFC 3463 2: what might have passed says nothing for good of an address, however long it lasted.
        let is_passing = match status {
            Some((class, _, _)) => class == 4,
            None => code.is_some_and(|code| code < 500),
        };
        match found.class {
            BounceClass::Hard if is_passing => Self::new(found.kind, BounceClass::Soft),
            _ => found,
        }
    }

    /// The same for a refusal of MAIL: it speaks of the sender, and of no recipient's address.
    #[must_use]
    pub fn of_sender(reply: &str) -> Self {
        let found = Self::of(reply);
        match found.class {
            BounceClass::Hard => Self::POLICY,
            _ => found,
        }
    }

    fn of_parts(code: Option<u16>, status: Option<Status>, text: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        match status {
            // RFC 3463 3.2, RFC 7505 4.2: what is wrong with an address
            Some((_, 1, 0 | 1 | 2 | 3 | 4 | 6 | 10)) => Self::NO_MAILBOX,
            // RFC 3463 3.2: what is wrong with the sender's
            Some((_, 1, 7 | 8)) => Self::POLICY,
            Some((_, 2, 1)) => Self::NO_MAILBOX,
            Some((_, 2, 2)) => Self::FULL,
            Some((_, 6, 0)) if says(CONTENT_WORDS) => Self::CONTENT,
            Some((_, 7, _)) if says(MAILBOX_WORDS) => Self::NO_MAILBOX,
            Some((_, 7, _)) if says(CONTENT_WORDS) => Self::CONTENT,
            Some((_, 7, _)) => Self::POLICY,
            // RFC 3463 2: X.0.0 says nothing, so the words have to
            Some((_, 0, 0) | (_, 5, 0)) | None => Self::of_words(code, text),
            Some(_) => Self::OTHER,
        }
    }

    fn of_words(code: Option<u16>, text: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if code.is_some_and(|code| code < 500) {
            return Self::OTHER;
        }
        if says(FULL_WORDS) {
            return Self::FULL;
        }
        if says(MAILBOX_WORDS) {
            return Self::NO_MAILBOX;
        }
        if says(CONTENT_WORDS) {
            return Self::CONTENT;
        }
        match code {
            // RFC 5321 4.2.3: user not local, mailbox name not allowed
            Some(551 | 553) => Self::NO_MAILBOX,
            Some(552) => Self::FULL,
            Some(554 | 571) => Self::POLICY,
            _ => Self::OTHER,
        }
    }
}

/// Words, in lower case, of refusals that mean there is no such mailbox.
const MAILBOX_WORDS: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "no such mailbox",
    "no such recipient",
    "unknown recipient",
    "recipient unknown",
    "recipient not found",
    "user not found",
    "mailbox not found",
    "mailbox unavailable",
    "does not exist",
    "doesn't exist",
    "invalid recipient",
    "invalid mailbox",
    "not a valid recipient",
    "address rejected: unknown",
    "account has been disabled",
    "mailbox is disabled",
    "account is disabled",
];

/// The same for mailboxes without room.
const FULL_WORDS: &[&str] = &[
    "mailbox full",
    "mailbox is full",
    "over quota",
    "quota exceeded",
    "exceeded its quota",
    "exceeded storage",
    "insufficient storage in mailbox",
];

/// The same for messages that are not wanted for what they say.
const CONTENT_WORDS: &[&str] = &[
    "spam",
    "virus",
    "malware",
    "phish",
    "content rejected",
    "content denied",
    "message content",
    "junk",
    "unsolicited",
    "attachment",
    "message rejected due to content",
];

/// Class, subject and detail of an enhanced status.
type Status = (u16, u16, u16);

/// A reply's code, enhanced status and text, as far as it has them.
fn split(reply: &str) -> (Option<u16>, Option<Status>, &str) {
    let reply = reply.trim();
    let (code, rest) = match reply.get(..3).and_then(|code| code.parse::<u16>().ok()) {
        Some(code) if (200..600).contains(&code) => (Some(code), &reply[3..]),
        _ => (None, reply),
    };
    let rest = rest.trim_start_matches([' ', '-', '#']);
    let word = rest.split(' ').next().unwrap_or_default();
    let mut numbers = word.split('.');
    let mut next = || {
        let text = numbers
            .next()
            .filter(|text| (1..=3).contains(&text.len()))?;
        text.parse::<u16>().ok()
    };
    let status = match (next(), next(), next()) {
        (Some(class @ (2 | 4 | 5)), Some(subject), Some(detail))
            if word.matches('.').count() == 2 =>
        {
            Some((class, subject, detail))
        }
        _ => None,
    };
    let text = if status.is_some() {
        rest.get(word.len()..).unwrap_or_default()
    } else {
        rest
    };
    (code, status, text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn replies_of_well_known_servers_are_understood() {
        use BounceClass::{Hard, Policy, Soft};
        use BounceType::{ContentRejected, General, MailboxFull, NoEmail};
        for (reply, kind, class) in [
            ("550 5.1.1 no such user", NoEmail, Hard),
            (
                "550-5.1.1 The email account that you tried to reach does not exist.",
                NoEmail,
                Hard,
            ),
            (
                "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found",
                NoEmail,
                Hard,
            ),
            ("556 5.1.10 the domain takes no mail", NoEmail, Hard),
            ("550 5.2.1 mailbox is disabled", NoEmail, Hard),
            ("550 No such user here", NoEmail, Hard),
            (
                "550 Requested action not taken: mailbox unavailable",
                NoEmail,
                Hard,
            ),
            ("553 sorry", NoEmail, Hard),
            (
                "552 5.2.2 The email account is over quota",
                MailboxFull,
                Soft,
            ),
            ("452 4.2.2 mailbox full", MailboxFull, Soft),
            ("552 mailbox full", MailboxFull, Soft),
            (
                "550 5.7.1 this message is likely unsolicited",
                ContentRejected,
                Policy,
            ),
            (
                "554 5.7.1 Message rejected as spam",
                ContentRejected,
                Policy,
            ),
            ("554 Spam detected", ContentRejected, Policy),
            (
                "550 5.7.26 unauthenticated mail is prohibited",
                General,
                Policy,
            ),
            (
                "554 5.7.1 Service unavailable; client host blocked",
                General,
                Policy,
            ),
            ("554 no", General, Policy),
            ("552 5.3.4 message is too large", General, Soft),
            ("451 4.7.1 greylisted", General, Policy),
            ("451 try later", General, Soft),
            ("not even a reply", General, Soft),
            ("", General, Soft),
        ] {
            assert_eq!(Bounce::of(reply), Bounce { kind, class }, "{reply}");
        }
    }

    #[test]
    fn what_may_pass_or_speaks_of_the_sender_is_no_verdict_on_an_address() {
        for reply in [
            "450 4.1.1 <a@shop.example>: unverified address",
            "450 4.2.1 mailbox is disabled for now",
            "4.1.1 expired",
        ] {
            let found = Bounce::of(reply);
            assert_eq!(found.class, BounceClass::Soft, "{reply}");
            assert_eq!(found.kind, BounceType::NoEmail, "{reply}");
        }
        for reply in [
            "553 sorry, your envelope sender is in my badmailfrom list (#5.7.1)",
            "550 5.1.0 <agent@ours.example> sender rejected",
            "550 5.1.1 sender address does not exist",
        ] {
            let found = Bounce::of_sender(reply);
            assert_eq!(found.class, BounceClass::Policy, "{reply}");
            assert_eq!(found.kind, BounceType::General, "{reply}");
        }
        let full = "552 5.2.2 over quota";
        assert_eq!(Bounce::of_sender(full), Bounce::of(full));
    }

    proptest! {
        #[test]
        fn any_reply_is_understood_somehow(reply in ".{0,80}") {
            let _ = Bounce::of(&reply);
            let _ = Bounce::of(&format!("550 {reply}"));
        }
    }
}
