//! A draft is sent.

use bytes::Bytes;
use posthouse_store::Tx;
use posthouse_store::tables::blobs::BlobPlace;
use posthouse_store::tables::drafts;
use posthouse_store::tables::drafts::files::{self, DraftFile};
use posthouse_store::tables::messages::StoredBody;
use posthouse_types::ids::{Key, Kind};

use super::fields::{DraftFields, outgoing_file};
use super::state::text_of_body;
use crate::actor::GrantRef;
use crate::organise::Metadata;
use crate::read::{HeaderDetail, blob_source};
use crate::send::{Drafted, Outgoing, SendWishes, SentMessage, TrackingOptions};
use crate::{Mailroom, Refusal};

/// Times that a draft is read anew because somebody changed it while it was being sent.
const ATTEMPTS_MAX: usize = 4;

/// A draft that is on its way.
#[derive(Debug, Clone)]
pub struct SentDraft {
    /// The message that it became.
    pub message: SentMessage,
    /// What the application wants to learn of what becomes of it.
    pub tracking: Option<TrackingOptions>,
}

/// A draft as it is read to be sent.
struct Finished {
    draft: Drafted,
    outgoing: Outgoing,
    body: StoredBody,
    files: Vec<(DraftFile, BlobPlace)>,
}

impl Mailroom {
    /// Sends a draft. When this returns, the copy in Sent and the queue are on stable storage and the draft is gone; when it
    /// fails, the draft is as it was.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also when another request has sent it; otherwise as [`Mailroom::send_message`].
    pub async fn send_draft(
        &self,
        grant: &GrantRef,
        draft_id: &str,
        wishes: SendWishes,
        headers: Option<HeaderDetail>,
    ) -> Result<SentDraft, Refusal> {
        let id = self.open_id(Kind::Draft, draft_id)?;
        for _ in 0..ATTEMPTS_MAX {
            let finished = self.finished(grant, id).await?;
            let draft = finished.draft.clone();
            let mut outgoing = match self.with_contents(finished).await {
                Ok(outgoing) => outgoing,
                Err(_) if self.has_changed(grant, &draft).await? => continue,
                Err(refusal) => return Err(refusal),
            };
            outgoing.skip_suppressed = wishes.skip_suppressed;
            outgoing.require_tls = wishes.require_tls;
            let tracking = outgoing.tracking.clone();
            match self.send_drafted(grant, outgoing, draft, headers).await {
                // Gone or changed meanwhile: the next look tells.
                Err(Refusal::NotFound) => {}
                outcome => return outcome.map(|message| SentDraft { message, tracking }),
            }
        }
        Err(Refusal::Conflict {
            message: "the draft was changed while it was being sent, nothing was sent".to_owned(),
        })
    }

    async fn finished(&self, grant: &GrantRef, id: Key) -> Result<Finished, Refusal> {
        let (codec, owner) = (self.store().ids().clone(), grant.grant);
        self.store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                let found = drafts::find(tx, owner, id)?;
                let (draft, body) = found.ok_or(Refusal::NotFound)?;
                let files = files::contents(tx, id)?;
                let answers = draft.answers.map(|key| codec.seal(Kind::Message, key));
                let outgoing = Outgoing {
                    reply_to_message_id: answers.map(|id| id.to_string()),
                    metadata: Metadata::read(draft.metadata.as_deref())?,
                    starred: draft.starred,
                    ..DraftFields::read(&draft.fields)?.outgoing(&[])
                };
                let draft = Drafted {
                    id,
                    modseq: draft.modseq,
                    thread: draft.thread,
                };
                Ok(Finished {
                    draft,
                    outgoing,
                    body,
                    files,
                })
            })
            .await
    }

    /// Adds the body and what the files hold.
    async fn with_contents(&self, finished: Finished) -> Result<Outgoing, Refusal> {
        let mut outgoing = finished.outgoing;
        outgoing.body = text_of_body(&finished.body)?;
        for (file, place) in finished.files {
            let content = blob_source(self.store().blobs(), place).await?;
            let mut file = outgoing_file(&file);
            file.content = Bytes::from(content);
            outgoing.files.push(file);
        }
        Ok(outgoing)
    }

    async fn has_changed(&self, grant: &GrantRef, read: &Drafted) -> Result<bool, Refusal> {
        let (owner, id) = (grant.grant, read.id);
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> { Ok(drafts::find(tx, owner, id)?) })
            .await?;
        Ok(found.is_none_or(|(draft, _)| draft.modseq != read.modseq))
    }
}
