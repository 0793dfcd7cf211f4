//! Memory for messages being received: grows by what arrived, out of one budget for all sessions.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::MESSAGE_BUFFER_BLOCK_BYTES;
use crate::proto::content::{Defect, HeaderMeter};

/// The memory all sessions share, counted in blocks of [`MESSAGE_BUFFER_BLOCK_BYTES`].
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(
            bytes
                .div_ceil(MESSAGE_BUFFER_BLOCK_BYTES)
                .min(Semaphore::MAX_PERMITS),
        )))
    }

    fn try_take(&self, blocks: usize) -> Option<OwnedSemaphorePermit> {
        let blocks = u32::try_from(blocks).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(blocks).ok()
    }

    #[cfg(test)]
    fn free_blocks(&self) -> usize {
        self.0.available_permits()
    }
}

/// A message as it arrives. Once something is wrong with it the content is let go and only the reason is kept.
#[derive(Debug)]
pub(super) struct MessageBuffer {
    budget: Budget,
    /// The share of the budget; none once the content was let go.
    memory: Option<OwnedSemaphorePermit>,
    content: Vec<u8>,
    bytes_max: usize,
    headers: HeaderMeter,
    defect: Option<Defect>,
}

/// A complete message with the share of the budget it holds until it is dropped.
#[derive(Debug)]
pub(super) struct FinishedMessage {
    pub(super) raw: Bytes,
    _memory: Option<OwnedSemaphorePermit>,
}

impl MessageBuffer {
    /// Starts a message; with [`Defect::NoMemory`] if there is no memory even for a small one.
    pub(super) fn start(budget: &Budget, bytes_max: usize) -> Self {
        let memory = budget.try_take(1);
        let defect = memory.is_none().then_some(Defect::NoMemory);
        Self {
            budget: budget.clone(),
            memory,
            content: Vec::new(),
            bytes_max,
            headers: HeaderMeter::default(),
            defect,
        }
    }

    /// Adds content.
    pub(super) fn push(&mut self, span: &[u8]) {
        if self.defect.is_some() || span.is_empty() {
            return;
        }
        let length = self.content.len().saturating_add(span.len());
        if length > self.bytes_max {
            return self.spoil(Defect::MessageTooLarge);
        }
        if !self.headers.feed(span) {
            return self.spoil(Defect::HeaderTooLarge);
        }
        if length > self.content.capacity() && !self.grow(length) {
            return self.spoil(Defect::NoMemory);
        }
        self.content.extend_from_slice(span);
    }

    /// Remembers the first thing wrong and lets the content go.
    pub(super) fn spoil(&mut self, defect: Defect) {
        self.defect.get_or_insert(defect);
        self.content = Vec::new();
        self.memory = None;
    }

    /// Returns how many bytes still fit.
    pub(super) fn room(&self) -> usize {
        self.bytes_max.saturating_sub(self.content.len())
    }

    /// Returns the complete message, or what was wrong with it.
    pub(super) fn finish(self) -> Result<FinishedMessage, Defect> {
        match self.defect {
            Some(defect) => Err(defect),
            None => Ok(FinishedMessage {
                raw: Bytes::from(self.content),
                _memory: self.memory,
            }),
        }
    }

    /// Returns the first thing wrong so far.
    pub(super) fn defect(&self) -> Option<Defect> {
        self.defect
    }

    /// Makes room for `length` bytes in all: doubling, but never beyond the largest message.
    fn grow(&mut self, length: usize) -> bool {
        let capacity = self
            .content
            .capacity()
            .saturating_mul(2)
            .min(self.bytes_max)
            .max(length);
        let Some(memory) = &mut self.memory else {
            return false;
        };
        let missing = capacity
            .div_ceil(MESSAGE_BUFFER_BLOCK_BYTES)
            .saturating_sub(memory.num_permits());
        if missing > 0 {
            let Some(more) = self.budget.try_take(missing) else {
                return false;
            };
            memory.merge(more);
        }
        self.content.reserve_exact(capacity - self.content.len());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_takes_memory_by_what_arrived_and_gives_all_back() {
        let budget = Budget::new(10 * MESSAGE_BUFFER_BLOCK_BYTES);
        let mut message = MessageBuffer::start(&budget, 1 << 40);
        message.push(b"a");
        assert_eq!(budget.free_blocks(), 9);
        message.push(&vec![b'a'; 3 * MESSAGE_BUFFER_BLOCK_BYTES]);
        assert_eq!(budget.free_blocks(), 6);
        let finished = message.finish().expect("nothing is wrong");
        assert_eq!(finished.raw.len(), 3 * MESSAGE_BUFFER_BLOCK_BYTES + 1);
        assert_eq!(budget.free_blocks(), 6);
        drop(finished);
        assert_eq!(budget.free_blocks(), 10);
    }

    #[test]
    fn a_used_up_budget_spoils_the_message_and_frees_its_share() {
        let budget = Budget::new(2 * MESSAGE_BUFFER_BLOCK_BYTES);
        let mut message = MessageBuffer::start(&budget, 1 << 40);
        message.push(&vec![b'a'; 3 * MESSAGE_BUFFER_BLOCK_BYTES]);
        assert_eq!(message.defect(), Some(Defect::NoMemory));
        assert_eq!(budget.free_blocks(), 2);
        let started: Vec<_> = (0..3).map(|_| MessageBuffer::start(&budget, 1)).collect();
        let defects: Vec<_> = started.iter().map(MessageBuffer::defect).collect();
        assert_eq!(defects, [None, None, Some(Defect::NoMemory)]);
    }

    #[test]
    fn the_size_limit_is_exact() {
        let budget = Budget::new(1 << 20);
        let mut message = MessageBuffer::start(&budget, 4);
        message.push(b"abcd");
        assert_eq!(message.defect(), None);
        message.push(b"e");
        assert_eq!(message.defect(), Some(Defect::MessageTooLarge));
    }
}
