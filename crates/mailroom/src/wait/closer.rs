//! A candidate is read: for words, one-time codes and links.

use std::sync::Arc;

use posthouse_store::Tx;
use posthouse_store::tables::messages;
use posthouse_types::ids::Key;

use super::MessageWait;
use crate::read::{Detail, MessageQuery, away_from_async_threads, whole_source};
use crate::search;
use crate::{Mailroom, Refusal};

/// What is waited for, and what the message is to show.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) query: Arc<MessageQuery>,
    pub(super) detail: Detail,
    has_otp: Option<bool>,
    has_link: Option<bool>,
}

impl Wanted {
    pub(super) fn of(wait: &MessageWait) -> Self {
        Self {
            query: Arc::new(wait.query.clone()),
            detail: wait.detail,
            has_otp: wait.has_otp,
            has_link: wait.has_link,
        }
    }
}

impl Mailroom {
    /// Tells whether a message that the database selected has the words, codes and links that are asked for.
    pub(super) async fn is_wanted(
        &self,
        grant: Key,
        message: Key,
        wanted: &Wanted,
    ) -> Result<bool, Refusal> {
        Ok(self.has_words(grant, message, wanted).await?
            && self.has_extracts(grant, message, wanted).await?)
    }

    async fn has_words(&self, grant: Key, message: Key, wanted: &Wanted) -> Result<bool, Refusal> {
        if wanted.query.search.is_none() {
            return Ok(true);
        }
        let query = Arc::clone(&wanted.query);
        self.store()
            .read(move |tx: &mut dyn Tx| match &query.search {
                Some(search) => search::matches(tx, grant, message, search),
                None => Ok(true),
            })
            .await
            .map_err(Refusal::from)
    }

    async fn has_extracts(
        &self,
        grant: Key,
        message: Key,
        wanted: &Wanted,
    ) -> Result<bool, Refusal> {
        let (has_otp, has_link) = (wanted.has_otp, wanted.has_link);
        if has_otp.is_none() && has_link.is_none() {
            return Ok(true);
        }
        let source = self
            .store()
            .read(move |tx: &mut dyn Tx| messages::sources(tx, grant, &[message]))
            .await
            .map_err(Refusal::from)?
            .pop();
        // One that goes in this very moment is not waited for any more.
        let Some(source) = source else {
            return Ok(false);
        };
        let raw = whole_source(self.store().blobs(), source).await?;
        away_from_async_threads(move || {
            let message = posthouse_mime::parse(&raw);
            let extracted = posthouse_mime::extract::extract(&raw, &message);
            let is =
                |wanted: Option<bool>, found: bool| wanted.is_none_or(|wanted| wanted == found);
            is(has_otp, !extracted.otp_codes.is_empty())
                && is(has_link, !extracted.links.is_empty())
        })
        .await
    }
}
