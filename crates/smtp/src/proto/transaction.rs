//! One mail transaction as an enum that owns its data: which command may follow which.

use posthouse_types::address::EmailAddress;

/// The envelope collected so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<R> {
    /// The sender; `None` is the null sender.
    pub sender: Option<EmailAddress>,
    /// MAIL carried SMTPUTF8.
    pub smtputf8: bool,
    /// The size that MAIL announced, if it did. RFC 1870 3.
    pub announced_bytes: Option<u64>,
    /// Resolved recipients, each once.
    pub recipients: Vec<R>,
    /// RCPT commands answered with 250, duplicates included.
    pub accepted: usize,
    /// RCPT commands answered otherwise.
    pub refused: usize,
}

/// Where a transaction stands. `C` is the content of a message arriving in chunks.
#[derive(Debug)]
pub enum Transaction<R, C> {
    /// No MAIL yet.
    Idle,
    /// MAIL was accepted; recipients may follow.
    Addressing(Envelope<R>),
    /// A first BDAT chunk was accepted; only chunks may follow.
    // RFC 3030 2: DATA and BDAT cannot be used in the same transaction.
    Chunking(Envelope<R>, C),
    /// A chunk was refused; the chunks that a pipelining peer has already sent behind it are read and dropped.
    Refused,
}

/// Says why a command may not come now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfOrder {
    /// EHLO or HELO is missing.
    NeedsHello,
    /// MAIL is missing.
    NeedsMail,
    /// MAIL within a transaction.
    NestedMail,
    /// No RCPT was tried.
    NeedsRecipients,
    /// RCPT was tried, none was accepted.
    NoValidRecipients,
    /// Anything but BDAT while chunks arrive.
    Chunking,
    /// A chunk behind a refused one.
    ChunkRefused,
}

impl OutOfOrder {
    /// Tells whether the peer made a mistake; a pipelining peer that sends DATA before it reads the answers to RCPT, or further
    /// chunks before it reads that one was refused, made none.
    #[must_use]
    pub fn is_peers_fault(self) -> bool {
        !matches!(self, Self::NoValidRecipients | Self::ChunkRefused)
    }
}

impl<R, C> Transaction<R, C> {
    /// Opens a transaction.
    pub fn open(&mut self, sender: Option<EmailAddress>, smtputf8: bool) -> Result<(), OutOfOrder> {
        match self {
            Self::Idle | Self::Refused => {
                *self = Self::Addressing(Envelope {
                    sender,
                    smtputf8,
                    announced_bytes: None,
                    recipients: Vec::new(),
                    accepted: 0,
                    refused: 0,
                });
                Ok(())
            }
            Self::Addressing(_) => Err(OutOfOrder::NestedMail),
            Self::Chunking(..) => Err(OutOfOrder::Chunking),
        }
    }

    /// Returns the envelope while recipients may be added.
    pub fn addressing(&mut self) -> Result<&mut Envelope<R>, OutOfOrder> {
        match self {
            Self::Idle | Self::Refused => Err(OutOfOrder::NeedsMail),
            Self::Addressing(envelope) => Ok(envelope),
            Self::Chunking(..) => Err(OutOfOrder::Chunking),
        }
    }

    /// Takes the envelope for DATA. On an error the transaction stays as it is, but for DATA among chunks, which ends it.
    pub fn take_for_data(&mut self) -> Result<Envelope<R>, OutOfOrder> {
        match std::mem::replace(self, Self::Idle) {
            Self::Idle | Self::Refused => Err(OutOfOrder::NeedsMail),
            Self::Chunking(..) => Err(OutOfOrder::Chunking),
            Self::Addressing(envelope) => self.check_recipients(envelope),
        }
    }

    /// Takes envelope and content for a BDAT chunk, with `fresh` content for the first one.
    pub fn take_for_chunk(
        &mut self,
        fresh: impl FnOnce() -> C,
    ) -> Result<(Envelope<R>, C), OutOfOrder> {
        match std::mem::replace(self, Self::Idle) {
            Self::Idle => Err(OutOfOrder::NeedsMail),
            Self::Refused => {
                *self = Self::Refused;
                Err(OutOfOrder::ChunkRefused)
            }
            Self::Chunking(envelope, content) => Ok((envelope, content)),
            Self::Addressing(envelope) => self
                .check_recipients(envelope)
                .map(|envelope| (envelope, fresh())),
        }
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        *self = Self::Idle;
    }

    /// Ends the transaction at a refused chunk; unless it was the last one, more may be on their way.
    pub fn refuse_chunks(&mut self, last: bool) {
        *self = if last { Self::Idle } else { Self::Refused };
    }

    /// Notes a chunk that was read and dropped: the last one ends the dropping.
    pub fn skipped_chunk(&mut self, last: bool) {
        if last && matches!(self, Self::Refused) {
            *self = Self::Idle;
        }
    }

    /// Tells whether a part of a message is already here.
    #[must_use]
    pub fn is_chunking(&self) -> bool {
        matches!(self, Self::Chunking(..))
    }

    fn check_recipients(&mut self, envelope: Envelope<R>) -> Result<Envelope<R>, OutOfOrder> {
        if !envelope.recipients.is_empty() {
            return Ok(envelope);
        }
        let reason = if envelope.refused == 0 {
            OutOfOrder::NeedsRecipients
        } else {
            OutOfOrder::NoValidRecipients
        };
        *self = Self::Addressing(envelope);
        Err(reason)
    }
}

impl<R> Envelope<R> {
    /// Adds a recipient; a mailbox that is there already (an alias, another spelling) stays single and learns the address.
    pub fn add(
        &mut self,
        recipient: R,
        is_same: impl Fn(&R, &R) -> bool,
        join: impl FnOnce(&mut R, R),
    ) {
        self.accepted = self.accepted.saturating_add(1);
        let mut known = self.recipients.iter_mut();
        match known.find(|known| is_same(known, &recipient)) {
            Some(known) => join(known, recipient),
            None => self.recipients.push(recipient),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Plain = Transaction<u8, Vec<u8>>;

    fn addressed() -> Plain {
        let mut transaction = Plain::Idle;
        transaction
            .open(None, false)
            .expect("MAIL in an idle transaction");
        transaction
            .addressing()
            .expect("RCPT behind MAIL")
            .add(1, u8::eq, |_, _| {});
        transaction
    }

    #[test]
    fn data_needs_mail_and_a_recipient() {
        let mut transaction = Plain::Idle;
        assert_eq!(
            transaction.take_for_data().err(),
            Some(OutOfOrder::NeedsMail)
        );
        transaction
            .open(None, false)
            .expect("MAIL in an idle transaction");
        assert_eq!(
            transaction.take_for_data().err(),
            Some(OutOfOrder::NeedsRecipients)
        );
        transaction.addressing().expect("RCPT behind MAIL").refused += 1;
        assert_eq!(
            transaction.take_for_data().err(),
            Some(OutOfOrder::NoValidRecipients)
        );
        assert!(addressed().take_for_data().is_ok());
    }

    #[test]
    fn smtp_06_chunks_do_not_mix_with_anything() {
        let mut transaction = addressed();
        let (envelope, content) = transaction
            .take_for_chunk(Vec::new)
            .expect("BDAT behind RCPT");
        transaction = Transaction::Chunking(envelope, content);
        assert_eq!(transaction.open(None, false), Err(OutOfOrder::Chunking));
        assert_eq!(transaction.addressing().err(), Some(OutOfOrder::Chunking));
        assert_eq!(
            transaction.take_for_data().err(),
            Some(OutOfOrder::Chunking)
        );
        assert_eq!(
            transaction.take_for_chunk(Vec::new).err(),
            Some(OutOfOrder::NeedsMail)
        );
    }

    #[test]
    fn one_mailbox_named_twice_is_one_recipient() {
        let mut transaction = addressed();
        let envelope = transaction.addressing().expect("still addressing");
        let mut told = Vec::new();
        envelope.add(1, u8::eq, |known, other| told.push((*known, other)));
        envelope.add(2, u8::eq, |known, other| told.push((*known, other)));
        assert_eq!(told, [(1, 1)], "the mailbox learns its other address");
        assert_eq!(
            (envelope.recipients.as_slice(), envelope.accepted),
            ([1, 2].as_slice(), 3)
        );
    }
}
