//! BDAT: the message in counted chunks (RFC 3030).

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::buffer::{FinishedMessage, MessageBuffer};
use super::wire::{self, Lost};
use super::{Next, Session};
use crate::intake::Intake;
use crate::limits::{DATA_BLOCK_TIMEOUT, DATA_TRANSFER_TIMEOUT};
use crate::proto::command::Chunk;
use crate::proto::content::{Defect, LineEndCheck};
use crate::proto::reply;
use crate::proto::transaction::{OutOfOrder, Transaction};

/// A message of which some chunks are here.
#[derive(Debug)]
pub(super) struct ChunkedMessage {
    buffer: MessageBuffer,
    line_ends: LineEndCheck,
    transfer_deadline: Instant,
}

impl ChunkedMessage {
    fn start(buffer: MessageBuffer) -> Self {
        Self {
            buffer,
            line_ends: LineEndCheck::default(),
            transfer_deadline: wire::within(DATA_TRANSFER_TIMEOUT),
        }
    }

    fn push(&mut self, piece: &[u8]) {
        match self.line_ends.feed(piece) {
            Some(defect) => self.buffer.spoil(defect),
            None => self.buffer.push(piece),
        }
    }

    /// Broken line ends win over any other defect, so that the answer does not depend on how the network cut the data.
    fn defect(&self) -> Option<Defect> {
        self.line_ends.defect().or(self.buffer.defect())
    }

    fn finish(self) -> Result<FinishedMessage, Defect> {
        self.line_ends
            .finish()
            .map_or_else(|| self.buffer.finish(), Err)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send, I: Intake> Session<'_, S, I> {
    pub(super) async fn bdat(&mut self, chunk: Chunk) -> Result<Next, Lost> {
        let door = self.door;
        let bytes_max = door.config.message_bytes_max;
        let begin = || ChunkedMessage::start(MessageBuffer::start(&door.budget, bytes_max));
        let (envelope, mut message) = match self.transaction.take_for_chunk(begin) {
            Ok(taken) => taken,
            Err(reason) => return self.skip_chunk(chunk, reason).await,
        };
        let size = usize::try_from(chunk.size).unwrap_or(usize::MAX);
        if size > message.buffer.room() {
            message.buffer.spoil(Defect::MessageTooLarge);
        }
        if size > bytes_max {
            // Longer than any message: not worth reading to its end, so the session ends instead.
            self.refuse_content(Defect::MessageTooLarge);
            return Ok(Next::Close);
        }
        let deadline = message.transfer_deadline;
        self.read_chunk(size, deadline, |piece| message.push(piece))
            .await?;
        self.wire.shrink();
        if let Some(defect) = message.defect() {
            self.transaction.refuse_chunks(chunk.last);
            return Ok(self.refuse_content(defect));
        }
        if !chunk.last {
            self.transaction = Transaction::Chunking(envelope, message);
            return Ok(self.say(&reply::CHUNK_OK));
        }
        match message.finish() {
            Ok(message) => Ok(self.deliver(envelope, message).await),
            Err(defect) => Ok(self.refuse_content(defect)),
        }
    }

    /// Refuses a chunk that may not come now; its bytes are read all the same, or they would be taken for commands.
    // RFC 3030 4.2: the server must accept and discard the data of a chunk it refuses.
    async fn skip_chunk(&mut self, chunk: Chunk, reason: OutOfOrder) -> Result<Next, Lost> {
        let size = usize::try_from(chunk.size).unwrap_or(usize::MAX);
        if size > self.door.config.message_bytes_max {
            self.out_of_order(reason);
            return Ok(Next::Close);
        }
        self.read_chunk(size, wire::within(DATA_TRANSFER_TIMEOUT), |_| ())
            .await?;
        self.wire.shrink();
        self.transaction.skipped_chunk(chunk.last);
        Ok(self.out_of_order(reason))
    }

    async fn read_chunk(
        &mut self,
        size: usize,
        deadline: Instant,
        mut take: impl FnMut(&[u8]) + Send,
    ) -> Result<(), Lost> {
        let mut missing = size;
        while missing > 0 {
            if self.wire.input().is_empty() {
                self.wire.flush().await?;
                self.wire
                    .fill_bulk(wire::within(DATA_BLOCK_TIMEOUT).min(deadline))
                    .await?;
            }
            let input = self.wire.input();
            let piece = &input[..missing.min(input.len())];
            let taken = piece.len();
            take(piece);
            self.wire.consume(taken);
            missing -= taken;
        }
        Ok(())
    }
}
