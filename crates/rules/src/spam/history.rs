//! What a mailbox knows of a sender.

use super::letter::Authentication;
use super::signal::Signal;

/// What earlier mail between a mailbox and a sender became of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct History {
    /// Messages from the sender that are not in Junk.
    pub kept: u32,
    /// Messages from the sender in Junk.
    pub junked: u32,
    /// Messages the mailbox has sent to the sender.
    pub written_to: u32,
}

/// Judges the sender by what became of earlier mail.
///
/// A good name is believed of senders only who are proven to bear it; a bad one of everybody.
#[must_use]
pub fn signal(history: History, checks: Option<&Authentication>) -> Option<Signal> {
    let is_proven = checks.is_some_and(Authentication::is_proven);
    let History {
        kept,
        junked,
        written_to,
    } = history;
    if junked > 0 && junked >= kept && written_to == 0 {
        let score = if junked >= 3 { 3.0 } else { 1.5 };
        return Some(Signal::new(
            "SENDER_JUNKED",
            score,
            format!("{junked} earlier messages are in Junk, {kept} are not"),
        ));
    }
    if !is_proven {
        return None;
    }
    if written_to > 0 {
        return Some(Signal::new(
            "SENDER_WRITTEN_TO",
            -2.5,
            "this mailbox has written to the sender",
        ));
    }
    let score = match kept {
        0 => return None,
        1..=4 => -0.5,
        _ => -1.5,
    };
    Some(Signal::new(
        "SENDER_KNOWN",
        score,
        format!("{kept} earlier messages were kept"),
    ))
}
