//! The use case: a message is checked, written down and committed.

use std::sync::Arc;

use posthouse_mime::ParsedMessage;
use posthouse_store::StoreError;
use posthouse_store::blobs::PreparedBlob;
use posthouse_store::tables::messages::StoredBody;
use posthouse_types::address::{DisplayAddress, EmailAddress};
use posthouse_types::ids::{IdCodec, Kind};

use super::commit::{self, EnvelopeRecipient, Ready};
use super::compose::{Composed, Marks, compose};
use super::held::HoldView;
use super::limits::INLINE_WORK_BYTES_MAX;
use super::origin::Origin;
use super::outgoing::{Outgoing, OutgoingSource};
use super::reply::Answered;
use super::sender::Sender;
use super::source;
use super::tracking::TrackingOptions;
use crate::actor::GrantRef;
use crate::govern::Standing;
use crate::govern::loops::Unsent;
use crate::govern::outbound::Seen;
use crate::govern::quota::Unpaid;
use crate::govern::shortage::NotSent;
use crate::organise::Metadata;
use crate::outbound::{Sent, sending, tls_need};
use crate::read::{HeaderDetail, away_from_async_threads, headers_member};
use crate::receive::document;
use crate::receive::threading::ThreadKeys;
use crate::receive::{Recipient, RecipientRefusal};
use crate::suppressions::Departure;
use crate::{Mailroom, Refusal};

/// A message that is on its way.
#[derive(Debug, Clone)]
pub struct SentMessage {
    /// Public id of the copy in Sent.
    pub id: String,
    /// The copy's object as JSON; it may lack `reply_to_message_id`.
    pub object: Vec<u8>,
    /// Whether the object tells what it answers.
    pub is_reply: bool,
    /// Addresses of recipients that were left out, where that was asked for.
    pub suppressed: Option<Vec<String>>,
    /// What the sender should know, in words.
    pub warnings: Vec<String>,
    /// The hold in which it waits for approval, instead of being on its way.
    pub hold: Option<HoldView>,
}

/// What the copy in Sent has for itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    pub(super) metadata: Metadata,
    pub(super) starred: bool,
    pub(super) tracking: Option<TrackingOptions>,
}

/// Why a message was not sent.
#[derive(Debug)]
pub(super) enum NotNow {
    /// The application's rate is used up; everything else is in order.
    NoSlot(Refusal),
    /// Another reason.
    Refused(Refusal),
}

impl NotNow {
    /// Returns what the sender is told.
    pub(super) fn refusal(self) -> Refusal {
        match self {
            Self::NoSlot(refusal) | Self::Refused(refusal) => refusal,
        }
    }
}

impl<E: Into<Refusal>> From<E> for NotNow {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

/// Everything that is known of a message before it is written down, which may be done on another thread.
#[derive(Clone)]
pub(super) struct Order {
    pub(super) sender: Sender,
    pub(super) work: Work,
    pub(super) notes: Notes,
    pub(super) answered: Option<Answered>,
    pub(super) origin: Origin,
}

/// What composing begins with.
#[derive(Clone)]
pub(super) enum Work {
    Parts(Box<Outgoing>, Option<Answered>),
    Source(OutgoingSource),
}

impl Work {
    /// Tells whether the sender wants verified TLS all the way.
    pub(super) fn requires_tls(&self) -> bool {
        match self {
            Self::Parts(outgoing, _) => outgoing.require_tls,
            Self::Source(source) => source.require_tls,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Parts(outgoing, _) => {
                let files = outgoing.files.iter().map(|file| file.content.len());
                outgoing.body.len() + files.sum::<usize>()
            }
            Self::Source(source) => source.raw.len(),
        }
    }
}

impl Order {
    /// Returns the message as far as it matters who may send to whom.
    pub(super) fn departure(&self, grant: &GrantRef) -> Departure {
        Departure {
            application: grant.application,
            grant: Some(grant.grant),
            workspace: Some(self.sender.workspace()),
        }
    }

    /// Writes the message down, and reads it as every reader will.
    pub(super) fn write_down(&self, marks: &Marks) -> Result<(Composed, ParsedMessage), Refusal> {
        let composed = match &self.work {
            Work::Parts(outgoing, answered) => {
                compose(outgoing, &self.sender, answered.as_ref(), marks)?
            }
            Work::Source(source) => source::adopt(&source.raw, &self.sender, marks)?,
        };
        let mut message = posthouse_mime::parse(&composed.raw);
        message.bcc = composed.recipients.bcc.iter().map(shown).collect();
        Ok((composed, message))
    }
}

impl Mailroom {
    /// Sends a message made of parts. When this returns, the copy in Sent and the queue are on stable storage.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], [`Refusal::TooLarge`], [`Refusal::Suspended`], [`Refusal::DomainNotVerified`]; nothing
    /// was sent.
    pub async fn send_message(
        &self,
        grant: &GrantRef,
        outgoing: Outgoing,
        headers: Option<HeaderDetail>,
    ) -> Result<SentMessage, Refusal> {
        let order = self.order(grant, outgoing).await?;
        self.send(grant, order, headers).await
    }

    /// Finds out who sends and what is answered.
    pub(super) async fn order(
        &self,
        grant: &GrantRef,
        outgoing: Outgoing,
    ) -> Result<Order, Refusal> {
        let sender = self.sender(grant).await?;
        let answered = match &outgoing.reply_to_message_id {
            Some(id) => Some(self.answered(grant, id).await?),
            None => None,
        };
        let notes = Notes {
            metadata: outgoing.metadata.clone(),
            starred: outgoing.starred,
            tracking: outgoing.tracking.clone(),
        };
        Ok(Order {
            sender,
            work: Work::Parts(Box::new(outgoing), answered.clone()),
            notes,
            answered,
            origin: Origin::Request,
        })
    }

    /// Sends a message that somebody else wrote down; its recipients are those of its header.
    ///
    /// # Errors
    /// As [`Mailroom::send_message`].
    pub async fn send_source(
        &self,
        grant: &GrantRef,
        source: OutgoingSource,
        headers: Option<HeaderDetail>,
    ) -> Result<SentMessage, Refusal> {
        let order = Order {
            sender: self.sender(grant).await?,
            work: Work::Source(source),
            notes: Notes::default(),
            answered: None,
            origin: Origin::Request,
        };
        self.send(grant, order, headers).await
    }

    /// Writes a message down and commits it.
    pub(super) async fn send(
        &self,
        grant: &GrantRef,
        order: Order,
        headers: Option<HeaderDetail>,
    ) -> Result<SentMessage, Refusal> {
        match self.send_now(grant, order, headers).await {
            Ok(sent) => Ok(sent),
            Err(NotNow::Refused(refusal)) => Err(refusal),
            Err(NotNow::NoSlot(refusal)) => {
                self.note_no_slot(Some(grant.grant), grant.application, &refusal)
                    .await?;
                Err(refusal)
            }
        }
    }

    /// As [`Mailroom::send`], and tells whether only the rate keeps the message from leaving.
    pub(super) async fn send_now(
        &self,
        grant: &GrantRef,
        mut order: Order,
        headers: Option<HeaderDetail>,
    ) -> Result<SentMessage, NotNow> {
        let departure = order.departure(grant);
        let passage = self.skim(&departure, &mut order.work).await?;
        let standing = self
            .standing_of_sender(grant, order.sender.workspace())
            .await?;
        let (mailroom, owner) = (self.clone(), grant.clone());
        let is_small = order.work.bytes() <= INLINE_WORK_BYTES_MAX;
        let has_slot = matches!(order.origin, Origin::Schedule(_));
        let is_approved = matches!(order.origin, Origin::Held(_));
        let spare = (standing.may_hold() && !is_approved).then(|| order.clone());
        let of_sender = Arc::clone(&standing);
        let prepare = move || mailroom.prepare_sent(&owner, order, &of_sender);
        let (mut ready, envelope, seen) = if is_small {
            prepare()?
        } else {
            away_from_async_threads(prepare).await??
        };
        let cleared = self.clear(&departure, &ready.envelope_from, envelope, passage);
        let (envelope, suppressed) = cleared.await?;
        let verdict = self
            .govern_outbound(grant, &standing, seen, &envelope)
            .await?;
        let sent = Sent {
            application: grant.application,
            grant: Some(grant.grant),
            message: self.store().new_key(),
        };
        self.scan_outgoing(&sent, &ready.about, &ready.blob).await?;
        if let (Some(cause), Some(order)) = (verdict.cause(), spare) {
            let held = self.hold_message(grant, order, cause, verdict).await?;
            return Ok(SentMessage { suppressed, ..held });
        }
        let warnings = verdict.guard.warned.clone();
        ready.verdict = Some(match is_approved {
            true => verdict.approved(),
            false => verdict,
        });
        if !has_slot {
            let slot = self.take_slot(grant.application, 0).await;
            slot.map_err(NotNow::NoSlot)?;
        }
        ready.envelope = self.route(envelope).await?;
        ready.blob = self.store().blobs().keep(ready.blob).await?;
        let headers_json = headers.map(|detail| headers_member(&ready.header_section, detail));
        let is_reply = ready.answered.is_some();
        let committed = self.commit_sent(grant, Arc::new(ready)).await?;
        self.has_queued();
        self.remove_objects(committed.external).await;
        let mut object = committed.object;
        if let Some(member) = headers_json {
            object.pop();
            object.extend_from_slice(member.as_bytes());
            object.push(b'}');
        }
        let id = self.public_id(Kind::Message, committed.id);
        tracing::info!(message.id = %id, grant.id = %self.public_id(Kind::Grant, grant.grant), "sent");
        metrics::counter!("posthouse_send_messages_total").increment(1);
        Ok(SentMessage {
            id,
            object,
            is_reply,
            suppressed,
            warnings,
            hold: None,
        })
    }

    /// Writes, parses, hashes, compresses and renders: all that needs no store.
    fn prepare_sent(
        &self,
        grant: &GrantRef,
        order: Order,
        standing: &Standing,
    ) -> Result<(Ready, Vec<EmailAddress>, Seen), Refusal> {
        let now_us = self.clock().unix_us();
        let marks = Marks {
            now: now_us / 1_000_000,
            secret: order.origin.secret(),
        };
        let (composed, message) = order.write_down(&marks)?;
        self.check_outgoing(composed.raw.len(), composed.recipients.envelope.len())?;
        let is_answer = order.answered.is_some();
        let ready = self.render_sent(grant, order, &composed, &message, now_us)?;
        let seen = Seen::of(
            &composed.author,
            composed.recipients.named(),
            &composed.raw,
            &message,
            &ready.thread_keys,
            is_answer,
            standing,
        );
        Ok((ready, composed.recipients.envelope, seen))
    }

    fn render_sent(
        &self,
        grant: &GrantRef,
        order: Order,
        composed: &Composed,
        message: &ParsedMessage,
        now_us: i64,
    ) -> Result<Ready, StoreError> {
        let raw = composed.raw.as_slice();
        let header_section = posthouse_mime::header_section(raw);
        let store = self.store();
        let codec = store.ids();
        let blob =
            PreparedBlob::with_body(store.new_key(), grant.application, raw, message.body())?;
        let body = match blob.body_apart() {
            Some(frame) => StoredBody::Frame(frame.clone()),
            None => StoredBody::new(message.body(), document::json_string)?,
        };
        let normalised = posthouse_mime::subject::normalise(&message.subject);
        let subject_base = normalised.base.to_lowercase();
        let mut promised = order.origin.attachments().iter().copied();
        let parts = document::parts(message, || {
            promised.next().unwrap_or_else(|| store.new_key())
        });
        let grant_id = codec.seal(Kind::Grant, grant.grant).to_string();
        let size_bytes = raw.len() as i64;
        let members = document::members(message, parts.as_ref(), &grant_id, codec, size_bytes);
        let members = with_target(members, order.answered.as_ref(), codec);
        let mut terms = document::terms(message, &subject_base, codec);
        terms.extend(order.notes.metadata.terms(codec));
        terms.sort_unstable();
        terms.dedup();
        let metadata = order.notes.metadata.stored();
        Ok(Ready {
            about: sending::about(message, metadata.as_deref(), now_us / 1_000_000),
            envelope_from: composed.envelope_from.clone(),
            envelope: Vec::new(),
            tls_need: tls_need::of_message(order.work.requires_tls(), header_section),
            blob,
            body,
            document: members,
            parts: parts.and_then(|parts| serde_json::to_string(&parts).ok()),
            thread_keys: ThreadKeys::of(message, &subject_base, normalised.is_reply, codec),
            terms,
            subject: message.subject.to_lowercase(),
            has_attachment: document::has_attachment(message),
            size_bytes,
            header_section: header_section.to_vec(),
            starred: order.notes.starred,
            tracking: order.notes.tracking,
            metadata,
            answered: order
                .answered
                .map(|answered| (answered.id, answered.thread)),
            origin: order.origin,
            verdict: None,
            now_us,
        })
    }

    /// Finds out which recipients are here. An account that is reached by several addresses gets one copy.
    pub(super) async fn route(
        &self,
        envelope: Vec<EmailAddress>,
    ) -> Result<Vec<EnvelopeRecipient>, Refusal> {
        let mut routed: Vec<EnvelopeRecipient> = Vec::with_capacity(envelope.len());
        let mut here: Vec<Recipient> = Vec::new();
        for address in envelope {
            let is_local = match self.resolve_recipient(&address).await {
                Ok(found) if here.iter().any(|other| other.is_same_mailbox(&found)) => continue,
                Ok(found) => {
                    here.push(found);
                    true
                }
                Err(RecipientRefusal::Relay) => false,
                Err(RecipientRefusal::Unavailable) => {
                    return Err(Refusal::Unavailable {
                        message: "the recipients cannot be looked up now, nothing was sent"
                            .to_owned(),
                    });
                }
                Err(_) => true,
            };
            routed.push(EnvelopeRecipient { address, is_local });
        }
        Ok(routed)
    }

    async fn commit_sent(
        &self,
        grant: &GrantRef,
        ready: Arc<Ready>,
    ) -> Result<commit::Committed, Refusal> {
        let mut outcome = self.try_commit_sent(grant, &ready).await;
        if let Some(constraint) = outcome.as_ref().err().and_then(Unsent::met) {
            tracing::debug!("sending met another transaction, trying again: {constraint}");
            outcome = self.try_commit_sent(grant, &ready).await;
        }
        let used = outcome
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .map(|done| done.blob);
        let is_final = outcome.as_ref().err().is_none_or(Unsent::is_final);
        if is_final && used != Some(ready.blob.key) {
            self.remove_bytes(std::iter::once(&ready.blob)).await;
        }
        match &outcome {
            Err(Unsent::Looping(stop)) => self.note_stop(grant, stop.clone()).await?,
            Err(Unsent::Unpaid(Unpaid::Short(shortage, _))) => {
                self.note_unpaid_for(grant, &ready, &(*shortage).into())
                    .await?;
            }
            _ => {}
        }
        // `None`: the account was deleted meanwhile.
        outcome?.ok_or(Refusal::NotFound)
    }

    /// Writes down that a quota is used up. Of a schedule its end tells that.
    async fn note_unpaid_for(
        &self,
        grant: &GrantRef,
        ready: &Ready,
        refusal: &Refusal,
    ) -> Result<(), Refusal> {
        if matches!(ready.origin, Origin::Schedule(_)) {
            return Ok(());
        }
        let everybody = ready.envelope.iter().map(|one| one.address.as_str());
        let recipients: Vec<&str> = everybody.collect();
        let verdict = ready.verdict.as_ref();
        let mail = NotSent {
            application: grant.application,
            grant: Some(grant.grant),
            policy: verdict.and_then(|verdict| verdict.standing.policy_id),
            recipients: &recipients,
        };
        self.note_not_sent(&mail, refusal).await
    }

    async fn try_commit_sent(
        &self,
        grant: &GrantRef,
        ready: &Arc<Ready>,
    ) -> Result<Option<commit::Committed>, Unsent> {
        let (mailroom, grant, ready) = (self.clone(), grant.clone(), Arc::clone(ready));
        self.store()
            .write(move |tx| commit::commit(tx, &mailroom, &grant, &ready))
            .await
    }
}

/// Adds what the message answers to the members that it shows.
pub(super) fn with_target(
    mut members: String,
    answered: Option<&Answered>,
    codec: &IdCodec,
) -> String {
    if let Some(answered) = answered {
        let id = codec.seal(Kind::Message, answered.id);
        members.push_str(&format!(",\"reply_to_message_id\":\"{id}\""));
    }
    members
}

pub(super) fn shown(mailbox: &posthouse_mime::build::Mailbox) -> DisplayAddress {
    DisplayAddress {
        name: mailbox.name.clone(),
        email: mailbox.address.as_str().to_owned(),
    }
}
