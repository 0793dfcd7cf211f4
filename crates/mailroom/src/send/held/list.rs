//! Holds are shown: those that wait, and for a while those that were decided on.

use posthouse_store::Tx;
use posthouse_store::tables::holds::{self, Hold, HoldState};
use posthouse_types::ids::{Key, Kind};

use super::super::scheduled::Payload;
use super::view::{self, HoldView};
use crate::actor::{Actor, Scope};
use crate::read::{Detail, away_from_async_threads, blob_source};
use crate::receive::document;
use crate::{Mailroom, Refusal};

/// Which holds a listing wants; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct HoldFilter {
    /// One of [`HOLD_STATUSES`](super::HOLD_STATUSES).
    pub status: Option<String>,
    /// Of this account, by its public id.
    pub grant_id: Option<String>,
}

/// A page of holds.
#[derive(Debug, Clone, Default)]
pub struct HoldPage {
    /// Newest first.
    pub rows: Vec<HoldView>,
    /// Names the next page; `None` on the last one.
    pub next: Option<String>,
}

impl Mailroom {
    /// Lists the holds that an actor may see, newest first, without bodies; `page` is the `next` of an earlier page.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a page that no earlier one named.
    pub async fn list_holds(
        &self,
        actor: &Actor,
        filter: HoldFilter,
        limit: u32,
        page: Option<&str>,
    ) -> Result<HoldPage, Refusal> {
        let mut wanted = holds::HoldFilter {
            state: filter.status.as_deref().and_then(state_of),
            limit: i64::from(limit) + 1,
            ..holds::HoldFilter::default()
        };
        if let Some(token) = page {
            let malformed = |_| Refusal::invalid("page_token", "malformed");
            wanted.behind = Some(self.open_id(Kind::Hold, token).map_err(malformed)?);
        }
        if let Some(id) = &filter.grant_id {
            match self.open_id(Kind::Grant, id) {
                Ok(grant) => wanted.grant = Some(grant),
                Err(_) => return Ok(HoldPage::default()),
            }
        }
        match actor.scope {
            Scope::Application => {}
            Scope::Workspace(workspace) => wanted.workspace = Some(workspace),
            Scope::Grant(own) if wanted.grant.is_none_or(|grant| grant == own) => {
                wanted.grant = Some(own);
            }
            Scope::Grant(_) => return Ok(HoldPage::default()),
        }
        let application = actor.application;
        let mut rows = self
            .store()
            .read(move |tx: &mut dyn Tx| holds::list(tx, application, &wanted))
            .await
            .map_err(Refusal::from)?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        Ok(HoldPage {
            next: last.map(|row| self.public_id(Kind::Hold, row.id)),
            rows: rows
                .iter()
                .map(|row| self.view_hold(row))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Returns a hold with the whole message.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn get_hold(&self, actor: &Actor, hold_id: &str) -> Result<HoldView, Refusal> {
        let id = self.open_id(Kind::Hold, hold_id)?;
        let (mailroom, asking) = (self.clone(), actor.clone());
        let (hold, place, sent) = self
            .store()
            .read(move |tx: &mut dyn Tx| {
                let hold = mailroom.find_hold(tx, &asking, id)?;
                let place = holds::payload(tx, id)?;
                let sent = match hold.state {
                    HoldState::Approved => mailroom.sent_copy(tx, hold.grant, hold.message)?,
                    _ => None,
                };
                Ok::<_, Refusal>((hold, place, sent))
            })
            .await?;
        let mut view = self.view_hold(&hold)?;
        if let Some(sent) = sent {
            view.message = sent;
        } else if let Some(place) = place {
            let kept = blob_source(self.store().blobs(), place).await?;
            let body = away_from_async_threads(move || body_of(&hold, kept)).await??;
            view.message.pop();
            view.message.extend_from_slice(b",\"body\":");
            view.message.extend_from_slice(body.as_bytes());
            view.message.push(b'}');
        }
        Ok(view)
    }

    fn sent_copy(
        &self,
        tx: &mut dyn Tx,
        grant: Key,
        message: Key,
    ) -> Result<Option<Vec<u8>>, Refusal> {
        let codec = self.store().ids();
        let page = crate::read::load(tx, codec, grant, &[message], Detail::Standard)?.page;
        Ok((!page.ends.is_empty()).then_some(page.json))
    }
}

/// Returns the body of a held message as JSON.
fn body_of(hold: &Hold, kept: Vec<u8>) -> Result<String, Refusal> {
    let payload = Payload::read(kept)?;
    let body = match payload.outgoing.files.first() {
        Some(source) if hold.is_source => {
            document::json_string(posthouse_mime::parse(&source.content).body())
        }
        _ => document::json_string(&payload.outgoing.body),
    };
    Ok(body)
}

fn state_of(status: &str) -> Option<HoldState> {
    HoldState::ALL
        .into_iter()
        .find(|state| view::status(*state) == status)
}
