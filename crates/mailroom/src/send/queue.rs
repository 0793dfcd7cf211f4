//! What an operator sees of the queue: rows of the key's application.

use base64::Engine;
use posthouse_store::Tx;
use posthouse_store::tables::outbound::{self, Filter, Outbound, OutboundState};
use posthouse_types::domain::Domain;
use posthouse_types::ids::Kind;

use crate::actor::Actor;
use crate::read::blob_source;
use crate::{Mailroom, Refusal};

/// Which rows a listing wants; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct QueueFilter {
    /// Name of a state.
    pub state: Option<String>,
    /// The recipients' domain, in any spelling.
    pub domain: Option<String>,
    /// Public id of the account.
    pub grant_id: Option<String>,
    /// Public id of the copy in Sent.
    pub message_id: Option<String>,
}

/// Mail for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMail {
    /// Public id of the row.
    pub id: String,
    /// Public id of the copy in Sent; a domain has none.
    pub message_id: String,
    /// Public id of the account that sends; empty for mail that a domain sends.
    pub grant_id: String,
    /// The envelope recipient.
    pub recipient: String,
    /// `queued`, `active`, `deferred`, `held` or `captured`.
    pub state: &'static str,
    /// Attempts made so far.
    pub attempts: i64,
    /// Unix seconds; `None` while there is nothing to wait for.
    pub next_attempt_at: Option<i64>,
    /// What the last attempt was answered.
    pub last_reply: Option<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Whether an attempt ended without an answer to the message, so that it may have been taken.
    pub is_uncertain: bool,
}

/// A page of the queue.
#[derive(Debug, Clone, Default)]
pub struct QueuePage {
    /// Newest first.
    pub rows: Vec<QueuedMail>,
    /// Names the next page; `None` on the last one.
    pub next: Option<String>,
}

/// Mail for one recipient as it goes on the wire.
#[derive(Debug, Clone)]
pub struct QueuedSource {
    /// The row.
    pub row: QueuedMail,
    /// The envelope sender.
    pub envelope_from: String,
    /// The message, base64url with padding.
    pub raw_mime: String,
}

impl Mailroom {
    /// Lists outgoing mail of the key's application that is not yet finished, newest first; `page` is the `next` of an
    /// earlier page.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for an unknown state, a domain that is none, or a page that no earlier one named.
    pub async fn list_queue(
        &self,
        actor: &Actor,
        filter: QueueFilter,
        limit: u32,
        page: Option<&str>,
    ) -> Result<QueuePage, Refusal> {
        let Some(mut wanted) = self.filter(&filter)? else {
            return Ok(QueuePage::default());
        };
        wanted.behind = match page {
            Some(token) => Some(
                self.open_id(Kind::Outbound, token)
                    .map_err(|_| Refusal::invalid("page_token", "malformed"))?,
            ),
            None => None,
        };
        wanted.limit = i64::from(limit) + 1;
        let application = actor.application;
        let mut rows = self
            .store()
            .read(move |tx: &mut dyn Tx| outbound::list(tx, application, &wanted))
            .await
            .map_err(Refusal::from)?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        Ok(QueuePage {
            next: last.map(|row| self.public_id(Kind::Outbound, row.id)),
            rows: rows.iter().map(|row| self.view_queued(row)).collect(),
        })
    }

    /// Returns mail for one recipient with its source.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_queued(&self, actor: &Actor, id: &str) -> Result<QueuedSource, Refusal> {
        let id = self.open_id(Kind::Outbound, id)?;
        let application = actor.application;
        let found = self
            .store()
            .read(move |tx: &mut dyn Tx| outbound::find(tx, application, id))
            .await
            .map_err(Refusal::from)?;
        let (row, place) = found.ok_or(Refusal::NotFound)?;
        let raw = blob_source(self.store().blobs(), place).await?;
        let wire = self.wire_of_row(&row, raw).await?;
        Ok(QueuedSource {
            row: self.view_queued(&row),
            envelope_from: wire.envelope_from,
            raw_mime: base64::engine::general_purpose::URL_SAFE.encode(wire.content),
        })
    }

    /// Returns the conditions on rows; `None` when nothing can meet them.
    fn filter(&self, filter: &QueueFilter) -> Result<Option<Filter>, Refusal> {
        let state = match &filter.state {
            None => None,
            Some(text) => Some(state_of(text)?),
        };
        let domain = match &filter.domain {
            None => None,
            Some(text) => Some(
                Domain::parse(text)
                    .map_err(|error| Refusal::invalid("domain", error.to_string()))?
                    .as_str()
                    .to_owned(),
            ),
        };
        let key = |kind, id: &Option<String>| match id {
            None => Ok(None),
            Some(id) => self.open_id(kind, id).map(Some),
        };
        let (Ok(grant), Ok(message)) = (
            key(Kind::Grant, &filter.grant_id),
            key(Kind::Message, &filter.message_id),
        ) else {
            return Ok(None);
        };
        Ok(Some(Filter {
            state,
            domain,
            grant,
            message,
            behind: None,
            limit: 0,
        }))
    }

    pub(crate) fn view_queued(&self, row: &Outbound) -> QueuedMail {
        let waits = matches!(row.state, OutboundState::Queued | OutboundState::Deferred);
        QueuedMail {
            id: self.public_id(Kind::Outbound, row.id),
            message_id: self.public_id(Kind::Message, row.message),
            grant_id: row
                .grant
                .map_or_else(String::new, |grant| self.public_id(Kind::Grant, grant)),
            recipient: row.recipient.clone(),
            state: name_of(row.state),
            attempts: row.attempts,
            next_attempt_at: waits.then_some(row.due_us / 1_000_000),
            last_reply: row.last_reply.clone(),
            created_at: row.created_at,
            is_uncertain: row.is_uncertain,
        }
    }
}

/// Returns the name of a state in the API.
pub(crate) fn name_of(state: OutboundState) -> &'static str {
    match state {
        OutboundState::Queued => "queued",
        OutboundState::Active => "active",
        OutboundState::Deferred => "deferred",
        OutboundState::Held => "held",
        OutboundState::Captured => "captured",
    }
}

fn state_of(name: &str) -> Result<OutboundState, Refusal> {
    let found = OutboundState::ALL
        .into_iter()
        .find(|state| name_of(*state) == name);
    found.ok_or_else(|| {
        Refusal::invalid(
            "state",
            "state: expected queued, active, deferred, held or captured",
        )
    })
}
