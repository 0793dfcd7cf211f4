//! What a session needs from the rest of the product, as a trait: the mailroom in production, a recorder in tests and fuzzing.

use std::future::Future;
use std::net::IpAddr;

use bytes::Bytes;
use posthouse_mailroom::Mailroom;
use posthouse_mailroom::receive::{self, InboundDelivery};
pub use posthouse_mailroom::receive::{ReceiveRefusal, RecipientRefusal, Transmission};
use posthouse_types::address::EmailAddress;

/// Takes the mail that sessions receive.
pub trait Intake: Send + Sync + 'static {
    /// A resolved recipient.
    type Recipient: Clone + Send + Sync;
    /// Stands for an accepted message until the peer shows that it has read our 250.
    type Receipt: Send;

    /// Finds the mailbox behind an address.
    fn resolve(
        &self,
        address: &EmailAddress,
    ) -> impl Future<Output = Result<Self::Recipient, RecipientRefusal>> + Send;

    /// Asks whether a recipient takes mail from a sender, `None` being the null sender, and of a size, if one was announced.
    /// What is written down of it names the peer's session.
    fn admit(
        &self,
        caller: Caller<'_>,
        envelope_from: Option<&EmailAddress>,
        announced_bytes: Option<u64>,
        recipient: &Self::Recipient,
    ) -> impl Future<Output = Result<(), RecipientRefusal>> + Send {
        let _ = (caller, envelope_from, announced_bytes, recipient);
        std::future::ready(Ok(()))
    }

    /// Tells whether two recipients are one mailbox, whatever addresses were used.
    fn is_same_mailbox(one: &Self::Recipient, other: &Self::Recipient) -> bool;

    /// Notes a further address of a mailbox that is a recipient already.
    fn join(known: &mut Self::Recipient, other: Self::Recipient) {
        let _ = (known, other);
    }

    /// Stores a message. It is durable when this returns `Ok`; on an error nothing was stored.
    fn receive(
        &self,
        delivery: Delivery<Self::Recipient>,
    ) -> impl Future<Output = Result<Acceptance<Self::Receipt>, ReceiveRefusal>> + Send;

    /// Notes that the peer went on after our 250, so that the same message sent again is meant as a new one.
    fn confirm(&self, receipt: Self::Receipt);
}

/// Who a peer is to the log.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// Address of the peer.
    pub peer: IpAddr,
    /// Id of the session.
    pub session_id: &'a str,
}

/// A received message with its envelope.
#[derive(Clone, Debug)]
pub struct Delivery<R> {
    /// Id of the session, for trace lines and logs.
    pub session_id: String,
    /// Address of the peer.
    pub peer: IpAddr,
    /// The name the peer gave in EHLO or HELO; printable, not verified.
    pub helo: String,
    /// Protocol of the transaction, as a `Received` line names it.
    pub transmission: Transmission,
    /// TLS version and cipher suite.
    pub tls: Option<String>,
    /// The sender; `None` is the null sender.
    pub envelope_from: Option<EmailAddress>,
    /// The recipients, each once, at least one.
    pub recipients: Vec<R>,
    /// The content as sent, dots unstuffed: CRLF line ends, no NUL.
    pub raw: Bytes,
}

/// An accepted message.
#[derive(Clone, Debug)]
pub struct Acceptance<T> {
    /// The id told to the peer: that of the first stored message.
    pub id: String,
    /// Ids of all stored messages.
    pub message_ids: Vec<String>,
    /// To be given back through [`Intake::confirm`].
    pub receipt: T,
}

impl Intake for Mailroom {
    type Recipient = receive::Recipient;
    type Receipt = receive::Receipt;

    async fn resolve(&self, address: &EmailAddress) -> Result<Self::Recipient, RecipientRefusal> {
        self.resolve_recipient(address).await
    }

    async fn admit(
        &self,
        caller: Caller<'_>,
        envelope_from: Option<&EmailAddress>,
        announced_bytes: Option<u64>,
        recipient: &Self::Recipient,
    ) -> Result<(), RecipientRefusal> {
        let mailroom = self.on_behalf_of_peer(caller.peer, caller.session_id);
        let admitted = mailroom.admit(envelope_from, announced_bytes, recipient);
        admitted.await
    }

    fn is_same_mailbox(one: &Self::Recipient, other: &Self::Recipient) -> bool {
        one.is_same_mailbox(other)
    }

    fn join(known: &mut Self::Recipient, other: Self::Recipient) {
        known.join(other);
    }

    async fn receive(
        &self,
        delivery: Delivery<Self::Recipient>,
    ) -> Result<Acceptance<Self::Receipt>, ReceiveRefusal> {
        let mailroom = self.on_behalf_of_peer(delivery.peer, &delivery.session_id);
        let inbound = InboundDelivery {
            session_id: delivery.session_id,
            peer: delivery.peer,
            helo: delivery.helo,
            transmission: delivery.transmission,
            tls: delivery.tls,
            envelope_from: delivery.envelope_from,
            recipients: delivery.recipients,
            raw: delivery.raw,
        };
        let accepted = mailroom.receive(inbound).await?;
        Ok(Acceptance {
            id: accepted.id,
            message_ids: accepted.message_ids,
            receipt: accepted.receipt,
        })
    }

    fn confirm(&self, receipt: Self::Receipt) {
        self.confirm_receipt(receipt);
    }
}
