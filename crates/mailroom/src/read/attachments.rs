//! Attachments: what they are, and their bytes.

use posthouse_store::Tx;
use posthouse_store::tables::drafts::files;
use posthouse_store::tables::messages;
use posthouse_types::ids::{Key, Kind};

use super::source;
use crate::actor::GrantRef;
use crate::drafts::shown_file;
use crate::receive::document::{self, StoredAttachment};
use crate::{Mailroom, Refusal};

/// What an attachment belongs to.
#[derive(Debug, Clone, Copy)]
enum Holder {
    /// A part of its source.
    Message(Key),
    /// A file of its own.
    Draft(Key),
}

/// What an attachment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentInfo {
    /// Public id.
    pub id: String,
    /// Public id of the account.
    pub grant_id: String,
    /// File name, never empty.
    pub filename: String,
    /// Declared content type.
    pub content_type: String,
    /// Bytes of the decoded content.
    pub size: u64,
    /// Content-ID without angle brackets.
    pub content_id: Option<String>,
    /// `attachment` or `inline`, as declared.
    pub content_disposition: Option<String>,
    /// Meant to be shown inside the body.
    pub is_inline: bool,
}

/// An attachment with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentContent {
    /// What it is.
    pub info: AttachmentInfo,
    /// The content, decoded from its transfer encoding.
    pub bytes: Vec<u8>,
}

impl Mailroom {
    /// Returns what an attachment of a message, or of a draft, is.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn attachment(
        &self,
        grant: &GrantRef,
        message_id: &str,
        attachment_id: &str,
    ) -> Result<AttachmentInfo, Refusal> {
        let (_, stored) = self
            .find_attachment(grant, message_id, attachment_id)
            .await?;
        Ok(self.attachment_info(grant, &stored))
    }

    /// Returns an attachment with its bytes.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Internal`] when the stored message no longer holds the part.
    pub async fn attachment_content(
        &self,
        grant: &GrantRef,
        message_id: &str,
        attachment_id: &str,
    ) -> Result<AttachmentContent, Refusal> {
        let (holder, stored) = self
            .find_attachment(grant, message_id, attachment_id)
            .await?;
        let bytes = match holder {
            Holder::Message(message) => self.part_of_message(grant, message, stored.part).await?,
            Holder::Draft(draft) => self.file_of_draft(grant, draft, Key(stored.id)).await?,
        };
        Ok(AttachmentContent {
            info: self.attachment_info(grant, &stored),
            bytes,
        })
    }

    async fn part_of_message(
        &self,
        grant: &GrantRef,
        message: Key,
        part: u32,
    ) -> Result<Vec<u8>, Refusal> {
        let key = grant.grant;
        let rows = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                Ok(messages::sources(tx, key, &[message])?)
            })
            .await?;
        let row = rows.into_iter().next().ok_or(Refusal::NotFound)?;
        let raw = source::blob(self.store().blobs(), row.blob).await?;
        tokio::task::spawn_blocking(move || posthouse_mime::decode_part(&raw, part))
            .await
            .ok()
            .flatten()
            .ok_or_else(|| Refusal::Internal {
                message: format!("a message has no part {part}"),
            })
    }

    async fn file_of_draft(
        &self,
        grant: &GrantRef,
        draft: Key,
        file: Key,
    ) -> Result<Vec<u8>, Refusal> {
        let owner = grant.grant;
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                Ok(files::find(tx, owner, draft, file)?)
            })
            .await?;
        let (_, place) = found.ok_or(Refusal::NotFound)?;
        source::blob(self.store().blobs(), place).await
    }

    /// Finds an attachment of a message or of a draft; their ids tell which.
    async fn find_attachment(
        &self,
        grant: &GrantRef,
        message_id: &str,
        attachment_id: &str,
    ) -> Result<(Holder, StoredAttachment), Refusal> {
        let attachment = self.open_id(Kind::Attachment, attachment_id)?;
        let codec = self.store().ids();
        let holder = match codec.open(Kind::Message, message_id) {
            Some(message) => Holder::Message(message),
            None => Holder::Draft(self.open_id(Kind::Draft, message_id)?),
        };
        let key = grant.grant;
        let stored = self
            .store()
            .read(move |tx: &mut dyn Tx| match holder {
                Holder::Message(message) => of_message(tx, key, message, attachment),
                Holder::Draft(draft) => of_draft(tx, key, draft, attachment),
            })
            .await?;
        Ok((holder, stored.ok_or(Refusal::NotFound)?))
    }

    fn attachment_info(&self, grant: &GrantRef, stored: &StoredAttachment) -> AttachmentInfo {
        AttachmentInfo {
            id: self.public_id(Kind::Attachment, Key(stored.id)),
            grant_id: self.public_id(Kind::Grant, grant.grant),
            filename: stored.filename.clone(),
            content_type: stored.content_type.clone(),
            size: stored.size,
            content_id: stored.content_id.clone(),
            content_disposition: stored.content_disposition.clone(),
            is_inline: stored.is_inline,
        }
    }
}

fn of_message(
    tx: &mut dyn Tx,
    grant: Key,
    message: Key,
    attachment: Key,
) -> Result<Option<StoredAttachment>, Refusal> {
    let Some(parts) = messages::parts(tx, grant, message)?.flatten() else {
        return Ok(None);
    };
    let parts = document::read_parts(&parts).map_err(|error| Refusal::Internal {
        message: format!("a message's parts are damaged: {error}"),
    })?;
    let mut attachments = parts.attachments.into_iter();
    Ok(attachments.find(|stored| stored.id == attachment.0))
}

fn of_draft(
    tx: &mut dyn Tx,
    grant: Key,
    draft: Key,
    attachment: Key,
) -> Result<Option<StoredAttachment>, Refusal> {
    if files::find(tx, grant, draft, attachment)?.is_none() {
        return Ok(None);
    }
    let all = files::of_draft(tx, draft)?;
    let place = all.iter().position(|file| file.id == attachment);
    Ok(place.map(|place| shown_file(place + 1, &all[place])))
}
