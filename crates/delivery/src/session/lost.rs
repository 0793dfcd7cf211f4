//! Why a session is over, in words that can be told.

use std::fmt;

use crate::proto::reply::{Reply, ReplyError};

/// What a session was waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is what the server was asked")]
pub enum Phase {
    Greeting,
    Hello,
    StartTls,
    Auth,
    Reset,
    Mail,
    Rcpt,
    Data,
    Content,
    EndOfData,
    Quit,
}

impl Phase {
    /// Whether nothing of the message can have been taken yet.
    #[must_use]
    pub fn is_before_content(self) -> bool {
        !matches!(self, Self::Content | Self::EndOfData)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => "the greeting",
            Self::Hello => "the answer to EHLO",
            Self::StartTls => "the answer to STARTTLS",
            Self::Auth => "the answer to AUTH",
            Self::Reset => "the answer to RSET",
            Self::Mail => "the answer to MAIL",
            Self::Rcpt => "the answer to RCPT",
            Self::Data => "the answer to DATA",
            Self::Content => "the message to be taken",
            Self::EndOfData => "the answer to the message",
            Self::Quit => "the answer to QUIT",
        })
    }
}

/// The session is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The server closed the connection, or it broke.
    Closed(Phase),
    /// The server took too long.
    TimedOut(Phase),
    /// What came is no reply.
    Nonsense(Phase, ReplyError),
    /// The server answered something that cannot be an answer to what it was asked.
    OutOfPlace(Phase, Reply),
    /// Bytes came behind the answer to STARTTLS: whoever sent them was not protected by TLS.
    Injected,
    /// The server refused to talk: the greeting, EHLO, or 421 anywhere.
    Refused(Phase, Reply),
    /// The server refused the name and the password.
    NotLoggedIn(Reply),
    /// The server offers chunks and does not know the command; whether it read the octets of the first one as commands nobody
    /// knows. It may be spoken to again without them.
    NoChunks(Reply),
    /// The message was no longer this process's to deliver when its end was to be said.
    Outlived,
}

impl Lost {
    /// Returns what the session was waiting for.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self {
            Self::Closed(phase)
            | Self::TimedOut(phase)
            | Self::Nonsense(phase, _)
            | Self::OutOfPlace(phase, _)
            | Self::Refused(phase, _) => *phase,
            Self::Injected => Phase::StartTls,
            Self::NotLoggedIn(_) => Phase::Auth,
            Self::NoChunks(_) => Phase::Data,
            Self::Outlived => Phase::Content,
        }
    }

    /// Tells whether the whole message had gone out and nobody knows whether it was taken.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        let no_answer = matches!(
            self,
            Self::Closed(_) | Self::TimedOut(_) | Self::Nonsense(..) | Self::OutOfPlace(..)
        );
        no_answer && self.phase() == Phase::EndOfData
    }

    /// Returns it in the form of a reply: the server's own where it gave one, ours with 421 otherwise.
    #[must_use]
    pub fn as_reply(&self, host: &str) -> String {
        match self {
            Self::Closed(phase) => {
                format!("421 4.4.2 {host} hung up where {phase} was expected")
            }
            Self::TimedOut(phase) => format!("421 4.4.1 {host} was too slow: {phase}"),
            Self::Nonsense(phase, error) => {
                format!("421 4.5.0 {host} does not speak SMTP ({phase}): {error}")
            }
            Self::OutOfPlace(phase, reply) => {
                format!("421 4.5.0 {host} is out of step ({phase}): {reply}")
            }
            Self::Injected => format!("421 4.7.0 {host} sent plain text where TLS begins"),
            Self::Refused(_, reply) | Self::NotLoggedIn(reply) => reply.to_string(),
            Self::NoChunks(reply) => {
                format!("421 4.5.0 {host} offers chunks and does not know them: {reply}")
            }
            Self::Outlived => {
                format!("421 4.3.2 this server stood still while {host} took the message")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_message_that_went_out_whole_and_got_no_answer_may_have_been_taken() {
        for (lost, expected) in [
            (Lost::Closed(Phase::EndOfData), true),
            (Lost::TimedOut(Phase::EndOfData), true),
            (Lost::Closed(Phase::Content), false),
            (Lost::TimedOut(Phase::Rcpt), false),
            // It said that it did not take it.
            (
                Lost::Refused(Phase::EndOfData, Reply::new(421, "4.3.2 going down")),
                false,
            ),
            (Lost::Outlived, false),
        ] {
            assert_eq!(lost.is_uncertain(), expected, "{lost:?}");
        }
    }
}
