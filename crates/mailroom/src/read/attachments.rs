//! Attachments: what they are, and their bytes.

use posthouse_store::Tx;
use posthouse_store::tables::messages;
use posthouse_types::ids::{Key, Kind};

use super::source;
use crate::actor::GrantRef;
use crate::receive::document::{self, StoredAttachment};
use crate::{Mailroom, Refusal};

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
    /// Returns what an attachment of a message is.
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
        let (message, stored) = self
            .find_attachment(grant, message_id, attachment_id)
            .await?;
        let key = grant.grant;
        let rows = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                Ok(messages::sources(tx, key, &[message])?)
            })
            .await?;
        let row = rows.into_iter().next().ok_or(Refusal::NotFound)?;
        let raw = source::blob(self.store().blobs(), row.blob).await?;
        let part = stored.part;
        let bytes = tokio::task::spawn_blocking(move || posthouse_mime::decode_part(&raw, part))
            .await
            .ok()
            .flatten()
            .ok_or_else(|| Refusal::Internal {
                message: format!("a message has no part {part}"),
            })?;
        Ok(AttachmentContent {
            info: self.attachment_info(grant, &stored),
            bytes,
        })
    }

    async fn find_attachment(
        &self,
        grant: &GrantRef,
        message_id: &str,
        attachment_id: &str,
    ) -> Result<(Key, StoredAttachment), Refusal> {
        let message = self.open_id(Kind::Message, message_id)?;
        let attachment = self.open_id(Kind::Attachment, attachment_id)?;
        let key = grant.grant;
        let parts = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                Ok(messages::parts(tx, key, message)?)
            })
            .await?
            .flatten()
            .ok_or(Refusal::NotFound)?;
        let parts = document::read_parts(&parts).map_err(|error| Refusal::Internal {
            message: format!("a message's parts are damaged: {error}"),
        })?;
        let stored = parts
            .attachments
            .into_iter()
            .find(|stored| stored.id == attachment.0)
            .ok_or(Refusal::NotFound)?;
        Ok((message, stored))
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
