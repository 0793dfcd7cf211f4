//! Mail that leaves is looked at for malware; what holds any is refused, and its application is told.

use posthouse_store::Tx;
use posthouse_store::blobs::{InlineBlob, PreparedBlob};
use posthouse_types::ids::Kind;
use serde_json::{Value, json};

use super::outside::{Infected, Unscanned};
use crate::audit::{AuditEntry, Object, Outcome};
use crate::outbound::{Sent, rejected};
use crate::read::away_from_async_threads;
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Has a message that is about to leave looked at, where the operator has named a virus scanner. `about` is what its
    /// events say of it, and `blob` has not been kept yet.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] when it holds malware, after `message.rejected` was noted; [`Refusal::Unavailable`] when nobody
    /// could look and mail is to wait for that.
    pub(crate) async fn scan_outgoing(
        &self,
        sent: &Sent,
        about: &str,
        blob: &PreparedBlob,
    ) -> Result<(), Refusal> {
        match &blob.inline {
            Some(inline) if self.spam_settings().outside.clamd.is_some() => {
                // On the heap: every request would carry the room for it otherwise.
                Box::pin(self.scan(sent, about, inline.clone())).await
            }
            _ => Ok(()),
        }
    }

    async fn scan(&self, sent: &Sent, about: &str, inline: InlineBlob) -> Result<(), Refusal> {
        let raw = away_from_async_threads(move || inline.raw()).await??;
        match self.without_malware(&raw).await {
            Ok(()) => Ok(()),
            Err(Unscanned::Wait) => Err(Refusal::Unavailable {
                message: "the virus scanner cannot look at the message now, nothing was sent"
                    .to_owned(),
            }),
            Err(Unscanned::Infected(malware)) => {
                self.reject_outgoing(sent, about, &malware).await?;
                Err(Refusal::Forbidden {
                    message: format!(
                        "the message holds malware ({}), nothing was sent",
                        malware.0
                    ),
                })
            }
        }
    }

    async fn reject_outgoing(
        &self,
        sent: &Sent,
        about: &str,
        Infected(malware): &Infected,
    ) -> Result<(), Refusal> {
        let id = self.public_id(Kind::Message, sent.message);
        tracing::warn!(message.id = %id, "refused to send malware: {malware}");
        let mut message = json!({ "id": id });
        if let (Some(message), Ok(Value::Object(about))) =
            (message.as_object_mut(), serde_json::from_str(about))
        {
            message.extend(about);
        }
        let everybody = ["to", "cc", "bcc"].iter().flat_map(|role| {
            let mailboxes = message[*role].as_array().into_iter().flatten();
            mailboxes.filter_map(|mailbox| mailbox.as_str().map(str::to_owned))
        });
        let recipients: Vec<String> = everybody.collect();
        let (mailroom, sent) = (self.clone(), *sent);
        let (reason, at_us) = (format!("malware: {malware}"), self.clock().unix_us());
        self.store()
            .write(move |tx: &mut dyn Tx| {
                rejected(tx, &sent, &message, at_us)?;
                let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
                let entry = AuditEntry {
                    grant: sent.grant,
                    recipients: &recipients,
                    outcome: Outcome::Rejected,
                    reason: &reason,
                    ..AuditEntry::done(sent.application, "message.send", Object::None)
                };
                mailroom.audit(tx, &entry)
            })
            .await
            .map_err(Refusal::from)
    }
}
