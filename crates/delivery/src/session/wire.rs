//! The bytes of a session: one read buffer, whole replies out of it, deadlines.

use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::{Lost, Phase, Stream};
use crate::limits::READ_BUFFER_BYTES;
use crate::proto::reply::{Reply, ReplyParser};

/// A connection with what was read and not yet understood.
pub(super) struct Wire {
    stream: Stream,
    input: BytesMut,
    parser: ReplyParser,
}

impl Wire {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            input: BytesMut::new(),
            parser: ReplyParser::default(),
        }
    }

    /// Reads one reply; the deadline is for all of it.
    pub(super) async fn reply(&mut self, wait: Duration, phase: Phase) -> Result<Reply, Lost> {
        let deadline = Instant::now() + wait;
        loop {
            let step = self
                .parser
                .read(&self.input)
                .map_err(|error| Lost::Nonsense(phase, error))?;
            self.input.advance(step.used);
            if let Some(reply) = step.reply {
                tracing::trace!("S: {reply}");
                return Ok(reply);
            }
            // What is left is less than a line, and the parser bounds lines.
            self.input.reserve(READ_BUFFER_BYTES);
            match timeout_at(deadline, self.stream.read_buf(&mut self.input)).await {
                Ok(Ok(0) | Err(_)) => return Err(Lost::Closed(phase)),
                Ok(Ok(_)) => {}
                Err(_) => return Err(Lost::TimedOut(phase)),
            }
        }
    }

    /// Writes bytes and sees to it that they leave.
    pub(super) async fn write(
        &mut self,
        bytes: &[u8],
        wait: Duration,
        phase: Phase,
    ) -> Result<(), Lost> {
        let deadline = Instant::now() + wait;
        let write = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout_at(deadline, write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Lost::Closed(phase)),
            Err(_) => Err(Lost::TimedOut(phase)),
        }
    }

    /// Gives the bare stream back for an upgrade to TLS. SMTP-04: nothing may have come behind the answer.
    pub(super) fn into_stream(self) -> Result<Stream, Lost> {
        if self.input.is_empty() {
            Ok(self.stream)
        } else {
            Err(Lost::Injected)
        }
    }
}
