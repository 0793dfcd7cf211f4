//! One conversation with one server: greeted, encrypted where that is possible, and used for several messages.
//!
//! Every phase has a deadline of its own, for the whole phase: a server that sends a byte a second gains nothing by it. After
//! a [`Lost`] the conversation is over, whatever was under way.

mod hello;
mod lost;
mod transaction;
mod wire;

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::limits::QUIT_DEADLINE;
use crate::proto::capabilities::Capabilities;
use crate::proto::reply::Reply;

pub use hello::{Greeted, open};
pub use lost::{Lost, Phase};
pub use transaction::{MayEnd, Sent, Verdict};
use wire::Wire;

/// What a session runs over: a socket, or TLS on one.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// Any of these.
pub type Stream = Box<dyn Duplex>;

/// Time for each phase of a session; RFC 5321 4.5.3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// From the connection to the greeting.
    pub greeting: Duration,
    /// For the answers to EHLO, STARTTLS, AUTH and RSET.
    pub command: Duration,
    /// For the answer to MAIL.
    pub mail: Duration,
    /// For the answer to each RCPT.
    pub rcpt: Duration,
    /// For the answer to DATA.
    pub data: Duration,
    /// For the other side to take a block of the message.
    pub block: Duration,
    /// For the answer to the whole message.
    pub end_of_data: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        Self {
            greeting: minutes(5),
            command: minutes(5),
            mail: minutes(5),
            rcpt: minutes(5),
            data: minutes(2),
            block: minutes(3),
            end_of_data: minutes(10),
        }
    }
}

/// An open session.
pub struct Session {
    wire: Wire,
    offered: Capabilities,
    deadlines: Deadlines,
    host: String,
    messages: usize,
    /// The server has taken a chunk: it knows what it offers.
    takes_chunks: bool,
    /// A transaction was begun and not ended by its own answer.
    is_dirty: bool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("host", &self.host)
            .field("messages", &self.messages)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Returns what the server offers.
    #[must_use]
    pub fn offered(&self) -> &Capabilities {
        &self.offered
    }

    /// Returns the server's name.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns how many messages were begun.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.messages
    }

    /// Makes no use of chunks, although the server may offer them.
    pub fn without_chunks(&mut self) {
        self.offered.chunking = false;
    }

    /// Says goodbye; whether it is heard does not matter.
    pub async fn quit(mut self) {
        let goodbye = async {
            self.wire
                .write(b"QUIT\r\n", QUIT_DEADLINE, Phase::Quit)
                .await?;
            self.wire.reply(QUIT_DEADLINE, Phase::Quit).await
        };
        let _: Result<Reply, Lost> = goodbye.await;
    }
}
