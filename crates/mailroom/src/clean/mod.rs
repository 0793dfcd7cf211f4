//! Messages are shown with what their authors wrote: no markup, no quotes, no signature.
//!
//! Nothing is stored and nobody is notified: a message is cleaned when somebody asks, off the async threads, one after the
//! other.

use posthouse_store::Tx;
use posthouse_store::tables::messages;
use posthouse_types::ids::{Key, Kind};
use serde_json::Value;

pub use posthouse_mime::clean::Options;

use crate::actor::GrantRef;
use crate::limits::{CLEANED_BYTES_MAX, CLEANED_MESSAGES_MAX};
use crate::read::{Detail, away_from_async_threads, whole_source};
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Returns message objects of an account with the member `conversation`, in the order of `message_ids`.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when any of them is not there; [`Refusal::Invalid`] for none or too many of them, and for
    /// Markdown without images in Markdown; [`Refusal::TooLarge`] when they do not fit into one answer.
    pub async fn clean_messages(
        &self,
        grant: &GrantRef,
        message_ids: &[String],
        options: Options,
    ) -> Result<Vec<Vec<u8>>, Refusal> {
        check(message_ids, &options)?;
        let ids = message_ids
            .iter()
            .map(|id| self.open_id(Kind::Message, id))
            .collect::<Result<Vec<Key>, Refusal>>()?;
        self.all_exist(grant.grant, &ids).await?;
        let mut objects = Vec::with_capacity(ids.len());
        let mut bytes = 0;
        for id in ids {
            let object = self.cleaned(grant.grant, id, options).await?;
            bytes += object.len();
            if bytes > CLEANED_BYTES_MAX && !objects.is_empty() {
                return Err(too_large());
            }
            objects.push(object);
        }
        Ok(objects)
    }

    /// An unknown id refuses the whole request before any work is done for the others.
    async fn all_exist(&self, grant: Key, ids: &[Key]) -> Result<(), Refusal> {
        let mut wanted = ids.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let count = wanted.len();
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                let mut found = 0;
                for id in wanted {
                    found += usize::from(messages::parts(tx, grant, id)?.is_some());
                }
                Ok(found)
            })
            .await?;
        if found == count {
            Ok(())
        } else {
            Err(Refusal::NotFound)
        }
    }

    async fn cleaned(&self, grant: Key, id: Key, options: Options) -> Result<Vec<u8>, Refusal> {
        let object = self.message_object(grant, id, Detail::Standard).await?;
        let mut object = object.ok_or(Refusal::NotFound)?;
        let rows = self
            .store()
            .read(move |tx: &mut dyn Tx| -> Result<_, Refusal> {
                Ok(messages::sources(tx, grant, &[id])?)
            })
            .await?;
        let row = rows.into_iter().next().ok_or(Refusal::NotFound)?;
        let raw = whole_source(self.store().blobs(), row).await?;
        let conversation = away_from_async_threads(move || {
            let message = posthouse_mime::parse(&raw);
            Value::from(posthouse_mime::clean::conversation(&message, &options)).to_string()
        });
        let conversation = conversation.await?;
        object.pop();
        object.extend_from_slice(b",\"conversation\":");
        object.extend_from_slice(conversation.as_bytes());
        object.push(b'}');
        Ok(object)
    }
}

fn check(message_ids: &[String], options: &Options) -> Result<(), Refusal> {
    if message_ids.is_empty() || message_ids.len() > CLEANED_MESSAGES_MAX {
        let message = format!("message_id: expected 1 to {CLEANED_MESSAGES_MAX} ids");
        return Err(Refusal::invalid("message_id", message));
    }
    if options.html_as_markdown && !options.images_as_markdown {
        let message = "images_as_markdown: must be true with html_as_markdown";
        return Err(Refusal::invalid("images_as_markdown", message));
    }
    Ok(())
}

fn too_large() -> Refusal {
    Refusal::TooLarge {
        message: format!(
            "the messages have more than {} MB together, ask for fewer of them",
            CLEANED_BYTES_MAX >> 20
        ),
    }
}
