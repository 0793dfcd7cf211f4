//! The bytes of a session: one read buffer, one reply buffer, deadlines.

use std::io;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use crate::limits::{
    LINGER_BYTES_MAX, LINGER_TIMEOUT, READ_BUFFER_BYTES_MAX, READ_BUFFER_BYTES_MIN,
    REPLY_BUFFER_BYTES_MAX, REPLY_TIMEOUT,
};
use crate::proto::reply::Reply;
use crate::telemetry::Limit;

/// Says why nothing more comes from, or goes to, a peer.
#[derive(Debug)]
pub(super) enum Lost {
    /// The peer closed the connection.
    Closed,
    /// The connection broke.
    Broken(io::Error),
    /// The peer did not send, or did not take our replies, in time.
    TimedOut(Limit),
    /// The server is stopping and the session is idle.
    Stopping,
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

/// A connection with what was read and not yet understood, and what was answered and not yet written.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    input: BytesMut,
    output: Vec<u8>,
    read_bytes: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            input: BytesMut::new(),
            output: Vec::with_capacity(512),
            read_bytes: READ_BUFFER_BYTES_MIN,
        }
    }

    /// Returns what was read and not yet consumed.
    pub(super) fn input(&self) -> &[u8] {
        &self.input
    }

    /// Drops the first `count` bytes of the input.
    pub(super) fn consume(&mut self, count: usize) {
        self.input.advance(count);
    }

    /// Reads more input until `deadline`. Cancelling loses nothing.
    pub(super) async fn fill(&mut self, deadline: Instant) -> Result<(), Lost> {
        self.input.reserve(self.read_bytes);
        match timeout_at(deadline, self.stream.read_buf(&mut self.input)).await {
            Ok(Ok(0)) => Err(Lost::Closed),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Lost::Broken(error)),
            Err(_) => Err(Lost::TimedOut(Limit::CommandTimeout)),
        }
    }

    /// Reads more message data; the buffer grows while the peer fills all of it.
    pub(super) async fn fill_bulk(&mut self, deadline: Instant) -> Result<(), Lost> {
        self.fill(deadline).await.map_err(|lost| match lost {
            Lost::TimedOut(_) => Lost::TimedOut(Limit::DataTimeout),
            lost => lost,
        })?;
        if self.input.len() >= self.read_bytes {
            self.read_bytes = self.read_bytes.saturating_mul(2).min(READ_BUFFER_BYTES_MAX);
        }
        Ok(())
    }

    /// Gives the memory of a grown buffer back when a message is over.
    pub(super) fn shrink(&mut self) {
        if self.read_bytes > READ_BUFFER_BYTES_MIN {
            self.read_bytes = READ_BUFFER_BYTES_MIN;
            self.input = BytesMut::from(self.input.as_ref());
        }
    }

    /// Collects a reply; [`Wire::flush`] writes it.
    pub(super) fn reply(&mut self, reply: &Reply) {
        reply.write(&mut self.output);
    }

    /// Collects reply bytes made by [`crate::proto::reply::write_lines`].
    pub(super) fn reply_bytes(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    /// Tells whether a peer that pipelines without end has made us collect enough.
    pub(super) fn output_is_full(&self) -> bool {
        self.output.len() >= REPLY_BUFFER_BYTES_MAX
    }

    /// Writes the collected replies at once.
    pub(super) async fn flush(&mut self) -> Result<(), Lost> {
        if self.output.is_empty() {
            return Ok(());
        }
        let write = async {
            self.stream.write_all(&self.output).await?;
            self.stream.flush().await
        };
        timeout(REPLY_TIMEOUT, write)
            .await
            .map_err(|_| Lost::TimedOut(Limit::ReplyTimeout))??;
        self.output.clear();
        Ok(())
    }

    /// Gives the bare stream back for an upgrade to TLS; `None`, and the connection is gone, if plain-text input is left.
    pub(super) fn into_stream_without_input(self) -> Option<S> {
        self.input.is_empty().then_some(self.stream)
    }

    /// Writes what is left and closes so that the last reply arrives: a socket closed with unread input resets the connection.
    pub(super) async fn close(mut self) {
        if self.flush().await.is_err() {
            return;
        }
        let farewell = async {
            self.stream.shutdown().await?;
            let mut discarded = 0;
            while discarded < LINGER_BYTES_MAX {
                self.input.clear();
                self.input.reserve(READ_BUFFER_BYTES_MIN);
                match self.stream.read_buf(&mut self.input).await? {
                    0 => break,
                    count => discarded += count,
                }
            }
            io::Result::Ok(())
        };
        // Nothing is left to be lost: failing to say goodbye properly is the peer's doing.
        let _ = timeout(LINGER_TIMEOUT, farewell).await;
    }
}

/// Returns the moment `wait` from now.
pub(super) fn within(wait: Duration) -> Instant {
    Instant::now() + wait
}
