//! DATA: the message, up to the dot.

use tokio::io::{AsyncRead, AsyncWrite};

use super::buffer::{FinishedMessage, MessageBuffer};
use super::wire::{self, Lost};
use super::{Next, Session};
use crate::intake::Intake;
use crate::limits::{DATA_BLOCK_TIMEOUT, DATA_TRANSFER_TIMEOUT};
use crate::proto::content::Defect;
use crate::proto::data::DataDecoder;
use crate::proto::reply;

impl<S: AsyncRead + AsyncWrite + Unpin + Send, I: Intake> Session<'_, S, I> {
    pub(super) async fn data(&mut self) -> Result<Next, Lost> {
        let envelope = match self.transaction.take_for_data() {
            Ok(envelope) => envelope,
            Err(reason) => return Ok(self.out_of_order(reason)),
        };
        let message = MessageBuffer::start(&self.door.budget, self.door.config.message_bytes_max);
        if let Some(defect) = message.defect() {
            return Ok(self.refuse_content(defect));
        }
        self.wire.reply(&reply::SEND_DATA);
        let ended = self.read_data(message).await;
        self.wire.shrink();
        match ended? {
            Ok(message) => Ok(self.deliver(envelope, message).await),
            Err(defect) => Ok(self.refuse_content(defect)),
        }
    }

    /// Reads to the true end of the data, whatever is wrong on the way: only then are both sides at the same place again.
    async fn read_data(
        &mut self,
        mut message: MessageBuffer,
    ) -> Result<Result<FinishedMessage, Defect>, Lost> {
        let transfer_deadline = wire::within(DATA_TRANSFER_TIMEOUT);
        let mut decoder = DataDecoder::new();
        loop {
            let decoded = decoder.decode(self.wire.input(), |span| message.push(span));
            self.wire.consume(decoded.used);
            if let Some(defect) = decoder.defect() {
                message.spoil(defect);
            }
            if decoded.ended {
                // Broken line ends win over any other defect, so that the answer does not depend on how the network cut the data.
                return Ok(decoder.defect().map_or_else(|| message.finish(), Err));
            }
            self.wire.flush().await?;
            self.wire
                .fill_bulk(wire::within(DATA_BLOCK_TIMEOUT).min(transfer_deadline))
                .await?;
        }
    }
}
