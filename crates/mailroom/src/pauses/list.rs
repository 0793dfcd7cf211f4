//! Pauses are shown.

use posthouse_store::Tx;
use posthouse_store::tables::pauses::{self, Pause, PauseScope};
use posthouse_types::ids::Kind;

use super::{reason, word};
use crate::actor::Actor;
use crate::{Mailroom, Refusal};

/// A pause as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PauseView {
    /// Public id.
    pub id: String,
    /// `account`, `domain` or `application`.
    pub scope: &'static str,
    /// Public id of the account that is paused.
    pub grant_id: Option<String>,
    /// The sending domain that is paused.
    pub domain: Option<String>,
    /// `bounce` or `complaint`.
    pub trouble: &'static str,
    /// In words, with the rate.
    pub reason: String,
    /// How much of it there was.
    pub events: i64,
    /// Among how many recipients.
    pub recipients: i64,
    /// Unix seconds.
    pub created_at: i64,
}

/// A page of pauses.
#[derive(Debug, Clone, Default)]
pub struct PausePage {
    /// Newest first.
    pub rows: Vec<PauseView>,
    /// Names the next page; `None` on the last one.
    pub next: Option<String>,
}

impl Mailroom {
    /// Lists the pauses in force of the key's application, newest first; `page` is the `next` of an earlier page.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a page that no earlier one named.
    pub async fn list_pauses(
        &self,
        actor: &Actor,
        limit: u32,
        page: Option<&str>,
    ) -> Result<PausePage, Refusal> {
        let malformed = |_| Refusal::invalid("page_token", "malformed");
        let behind = match page {
            Some(token) => Some(self.open_id(Kind::Pause, token).map_err(malformed)?),
            None => None,
        };
        let (application, most) = (actor.application, i64::from(limit) + 1);
        let mut rows = self
            .store()
            .read(move |tx: &mut dyn Tx| pauses::list(tx, application, behind, most))
            .await
            .map_err(Refusal::from)?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        Ok(PausePage {
            next: last.map(|row| self.public_id(Kind::Pause, row.id)),
            rows: rows.iter().map(|row| self.view_pause(row)).collect(),
        })
    }

    fn view_pause(&self, row: &Pause) -> PauseView {
        let (scope, grant_id, domain) = match &row.scope {
            PauseScope::Grant(grant) => {
                ("account", Some(self.public_id(Kind::Grant, *grant)), None)
            }
            PauseScope::Domain(domain) => ("domain", None, Some(domain.clone())),
            PauseScope::Application => ("application", None, None),
        };
        PauseView {
            id: self.public_id(Kind::Pause, row.id),
            scope,
            grant_id,
            domain,
            trouble: word(row.trouble),
            reason: reason(row),
            events: row.events,
            recipients: row.recipients,
            created_at: row.created_at,
        }
    }
}
