//! A domain sends without an account: there is no copy, and nobody to answer to but the address that is named.

use std::sync::Arc;

use posthouse_mime::ParsedMessage;
use posthouse_store::blobs::PreparedBlob;
use posthouse_store::tables::{blobs, workspaces};
use posthouse_store::{StoreError, Tx};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{Key, Kind};

use super::commit::{EnvelopeRecipient, Mailing, queue};
use super::compose::{Composed, Marks, compose};
use super::limits::INLINE_WORK_BYTES_MAX;
use super::outgoing::{Outgoing, OutgoingSource};
use super::sender::SendingDomain;
use super::source::adopt;
use super::submit::{SentMessage, Work, shown};
use crate::actor::{Actor, Scope};
use crate::audit::{AuditEntry, Object, Outcome};
use crate::domains::{DomainName, find_domain};
use crate::govern::Standing;
use crate::govern::outbound::{Mailer, OutboundVerdict, Seen};
use crate::govern::quota::{Charge, Unpaid, charge_month};
use crate::govern::shortage::NotSent;
use crate::organise::Metadata;
use crate::outbound::{Sent, TlsNeed, sending, tls_need};
use crate::read::{HeaderDetail, away_from_async_threads, headers_member};
use crate::receive::document;
use crate::suppressions::Departure;
use crate::{Mailroom, Refusal};

/// A domain that an actor was found to be allowed to send for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainRef {
    application: Key,
    domain: Key,
}

/// What a domain sends.
#[derive(Debug)]
pub enum DomainMail {
    /// A message in parts.
    Parts(Box<Outgoing>),
    /// A message that somebody else wrote down.
    Source(OutgoingSource),
}

/// A message made ready for its transaction.
struct Ready {
    id: Key,
    application: Key,
    blob: PreparedBlob,
    envelope_from: String,
    envelope: Vec<EnvelopeRecipient>,
    tls_need: TlsNeed,
    /// What events say of it.
    about: String,
    /// The policy that held for it, and what the guard warned of.
    governed: (Option<Key>, String),
    now_us: i64,
}

/// What was written down.
struct Written {
    ready: Ready,
    recipients: Vec<EmailAddress>,
    seen: Seen,
    object: String,
    header_section: Vec<u8>,
}

impl Mailroom {
    /// Finds a domain of the actor's application by its address. A key for a part of the application has none.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn domain_for(&self, actor: &Actor, name: &str) -> Result<DomainRef, Refusal> {
        if actor.scope != Scope::Application {
            return Err(Refusal::NotFound);
        }
        let (name, application) = (self.open_domain(name)?, actor.application);
        let domain = self
            .store()
            .read(move |tx: &mut dyn Tx| find_domain(tx, &name))
            .await?;
        if domain.application != Some(application) {
            return Err(Refusal::NotFound);
        }
        Ok(DomainRef {
            application,
            domain: domain.id,
        })
    }

    /// Sends a message for a domain. When this returns, the queue is on stable storage; there is no copy in any mailbox.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], [`Refusal::TooLarge`], [`Refusal::DomainNotVerified`]; nothing was sent.
    pub async fn send_for_domain(
        &self,
        domain: &DomainRef,
        mail: DomainMail,
        headers: Option<HeaderDetail>,
    ) -> Result<SentMessage, Refusal> {
        let sender = self.sending_domain(domain).await?;
        let mut work = match mail {
            DomainMail::Parts(outgoing) => {
                check_stands_alone(&outgoing)?;
                Work::Parts(outgoing, None)
            }
            DomainMail::Source(source) => Work::Source(source),
        };
        let departure = Departure {
            application: domain.application,
            grant: None,
            workspace: None,
        };
        let passage = self.skim(&departure, &mut work).await?;
        let mailer = Mailer {
            application: domain.application,
            grant: None,
        };
        let workspace = self.workspace_of_domain(domain, &sender).await?;
        let standing = self.standing_of_sender(mailer, workspace).await?;
        let is_small = work.bytes() <= INLINE_WORK_BYTES_MAX;
        let (mailroom, application) = (self.clone(), domain.application);
        let of_domain = Arc::clone(&standing);
        let write = move || mailroom.write_for_domain(application, &sender, &work, &of_domain);
        let mut written = if is_small {
            write()?
        } else {
            away_from_async_threads(write).await??
        };
        let cleared = self.clear(
            &departure,
            &written.ready.envelope_from,
            written.recipients,
            passage,
        );
        let (recipients, suppressed) = cleared.await?;
        // On the heap: whoever waits for a send holds all of it.
        let governed = self.govern_outbound(mailer, &standing, written.seen, &recipients);
        let verdict = Box::pin(governed).await?;
        let policy = standing.policy_id;
        self.refuse_to_hold(mailer, &recipients, policy, &verdict)
            .await?;
        let warnings = verdict.guard.warned;
        written.ready.governed = (policy, warnings.join("; "));
        let sent = Sent {
            application: domain.application,
            grant: None,
            message: written.ready.id,
        };
        self.scan_outgoing(&sent, &written.ready.about, &written.ready.blob)
            .await?;
        let slot = self.take_slot(domain.application, 0).await;
        if let Err(refusal) = &slot {
            self.note_no_slot(None, domain.application, refusal).await?;
        }
        slot?;
        written.ready.envelope = self.route(recipients).await?;
        written.ready.blob = self.store().blobs().keep(written.ready.blob).await?;
        let id = self.public_id(Kind::Message, written.ready.id);
        self.commit_for_domain(written.ready).await?;
        self.has_queued();
        tracing::info!(message.id = %id, "sent for a domain");
        metrics::counter!("posthouse_send_messages_total").increment(1);
        let mut object = written.object;
        if let Some(detail) = headers {
            object.pop();
            object.push_str(&headers_member(&written.header_section, detail));
            object.push('}');
        }
        Ok(SentMessage {
            id,
            object: object.into_bytes(),
            is_reply: false,
            suppressed,
            warnings,
            hold: None,
        })
    }

    async fn sending_domain(&self, domain: &DomainRef) -> Result<SendingDomain, Refusal> {
        let name = DomainName::Id(domain.domain);
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| find_domain(tx, &name))
            .await?;
        SendingDomain::of(&found)
    }

    /// Returns the workspace whose policy and rules hold for what a domain sends: the one that a new account of
    /// the domain would be in.
    async fn workspace_of_domain(
        &self,
        domain: &DomainRef,
        sender: &SendingDomain,
    ) -> Result<Key, Refusal> {
        let (application, name) = (domain.application, sender.address().to_owned());
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| workspaces::for_domain(tx, application, &name))
            .await;
        let found: Option<Key> = found.map_err(|error: StoreError| Refusal::from(error))?;
        found.ok_or_else(|| Refusal::Unavailable {
            message: "the domain's workspace is gone, nothing was sent".to_owned(),
        })
    }

    /// Refuses what would have to wait for approval: a domain has no mailbox in which it could.
    async fn refuse_to_hold(
        &self,
        mailer: Mailer,
        recipients: &[EmailAddress],
        policy: Option<Key>,
        verdict: &OutboundVerdict,
    ) -> Result<(), Refusal> {
        let Some(cause) = verdict.cause() else {
            return Ok(());
        };
        let message = format!(
            "Held by {}: mail that a domain sends without an account cannot wait for approval, send it from an account",
            cause.reasons.join("; ")
        );
        let recipients: Vec<&str> = recipients.iter().map(EmailAddress::as_str).collect();
        let rules: Vec<Key> = cause.rules.iter().map(|rule| Key(*rule)).collect();
        self.audit_alone(&AuditEntry {
            recipients: &recipients,
            policy,
            rules: &rules,
            outcome: Outcome::Blocked,
            reason: &message,
            ..AuditEntry::done(mailer.application, "message.send", Object::None)
        })
        .await?;
        Err(Refusal::Forbidden { message })
    }

    /// Writes, parses, hashes, compresses and renders: all that needs no store.
    fn write_for_domain(
        &self,
        application: Key,
        sender: &SendingDomain,
        work: &Work,
        standing: &Standing,
    ) -> Result<Written, Refusal> {
        let now_us = self.clock().unix_us();
        let marks = Marks {
            now: now_us / 1_000_000,
            secret: uuid::Uuid::new_v4().simple().to_string(),
        };
        let nothing = Metadata::default();
        let (composed, metadata) = match work {
            Work::Parts(outgoing, _) => {
                (compose(outgoing, sender, None, &marks)?, &outgoing.metadata)
            }
            Work::Source(source) => (adopt(&source.raw, sender, &marks)?, &nothing),
        };
        let Composed {
            raw,
            envelope_from,
            recipients,
            author,
            ..
        } = composed;
        self.check_outgoing(raw.len(), recipients.envelope.len())?;
        let mut message = posthouse_mime::parse(&raw);
        message.bcc = recipients.bcc.iter().map(shown).collect();
        let named = recipients.named();
        let seen = Seen::of_no_mailbox(&author, named, &raw, &message, standing);
        let id = self.store().new_key();
        Ok(Written {
            object: self.object_of_no_mailbox(id, &message, metadata, raw.len(), marks.now),
            header_section: posthouse_mime::header_section(&raw).to_vec(),
            recipients: recipients.envelope,
            seen,
            ready: Ready {
                governed: (None, String::new()),
                id,
                application,
                blob: PreparedBlob::new(self.store().new_key(), application, &raw)?,
                envelope_from,
                envelope: Vec::new(),
                tls_need: tls_need::of_message(
                    work.requires_tls(),
                    posthouse_mime::header_section(&raw),
                ),
                about: sending::about(&message, metadata.stored().as_deref(), marks.now),
                now_us,
            },
        })
    }

    /// Returns the object of a message that no account has: what belongs to an account is empty.
    fn object_of_no_mailbox(
        &self,
        id: Key,
        message: &ParsedMessage,
        metadata: &Metadata,
        size: usize,
        now: i64,
    ) -> String {
        let store = self.store();
        let parts = document::parts(message, || store.new_key());
        let members = document::members(message, parts.as_ref(), "", store.ids(), size as i64);
        let metadata = metadata.stored();
        let metadata = metadata.as_deref().unwrap_or("{}");
        let body = document::json_string(message.body());
        format!(
            "{{\"id\":\"{}\",\"object\":\"message\",\"grant_id\":\"\",\"thread_id\":\"\",\"folders\":[],\"date\":{now},\
             \"created_at\":{now},\"unread\":false,\"starred\":false,\"answered\":false,{members},\
             \"metadata\":{metadata},\"body\":{body}}}",
            self.public_id(Kind::Message, id)
        )
    }

    async fn commit_for_domain(&self, ready: Ready) -> Result<(), Refusal> {
        let ready = Arc::new(ready);
        let mut outcome = self.try_commit_for_domain(&ready).await;
        if let Some(constraint) = outcome.as_ref().err().and_then(Unpaid::met) {
            tracing::debug!("sending met another transaction, trying again: {constraint}");
            outcome = self.try_commit_for_domain(&ready).await;
        }
        let used = outcome.as_ref().ok().copied();
        let is_final = outcome.as_ref().err().is_none_or(Unpaid::is_final);
        if is_final && used != Some(ready.blob.key) {
            self.remove_bytes(std::iter::once(&ready.blob)).await;
        }
        if let Err(Unpaid::Short(shortage, _)) = &outcome {
            let everybody = ready.envelope.iter().map(|one| one.address.as_str());
            let recipients: Vec<&str> = everybody.collect();
            let mail = NotSent {
                application: ready.application,
                grant: None,
                policy: ready.governed.0,
                recipients: &recipients,
            };
            self.note_not_sent(&mail, &(*shortage).into()).await?;
        }
        outcome?;
        Ok(())
    }

    /// Queues the message; returns the blob that the queue refers to.
    async fn try_commit_for_domain(&self, ready: &Arc<Ready>) -> Result<Key, Unpaid> {
        let (mailroom, ready) = (self.clone(), Arc::clone(ready));
        self.store()
            .write(move |tx: &mut dyn Tx| {
                let charge = Charge {
                    application: ready.application,
                    grant: None,
                    bytes: ready.blob.size_bytes.unsigned_abs(),
                    now: ready.now_us / 1_000_000,
                };
                charge_month(tx, mailroom.operator_plan(), &charge, 1)?;
                let blob = blobs::keep(tx, &ready.blob)?.key;
                let mailing = Mailing {
                    application: ready.application,
                    grant: None,
                    message: ready.id,
                    blob,
                    envelope_from: &ready.envelope_from,
                    envelope: &ready.envelope,
                    tls_need: ready.tls_need,
                    about: &ready.about,
                    now_us: ready.now_us,
                };
                queue(tx, &mailroom, &mailing)?;
                let everybody = ready.envelope.iter().map(|one| one.address.as_str());
                let recipients: Vec<&str> = everybody.collect();
                let object = Object::Row(Kind::Message, ready.id);
                let (policy, warnings) = &ready.governed;
                let entry = AuditEntry {
                    recipients: &recipients,
                    policy: *policy,
                    outcome: match warnings.is_empty() {
                        true => Outcome::Done,
                        false => Outcome::Warned,
                    },
                    reason: warnings,
                    ..AuditEntry::done(ready.application, "message.send", object)
                };
                mailroom.audit(tx, &entry)?;
                mailroom.note_done(tx, None)?;
                Ok(blob)
            })
            .await
    }
}

/// There is no mailbox whose message could be answered.
fn check_stands_alone(outgoing: &Outgoing) -> Result<(), Refusal> {
    if outgoing.reply_to_message_id.is_none() {
        return Ok(());
    }
    let field = "reply_to_message_id";
    let message = format!("{field}: a domain has no messages to answer");
    Err(Refusal::invalid(field, message))
}
