//! The list is looked through.

use posthouse_store::Tx;
use posthouse_store::tables::suppressions::{self, Filter};
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::Kind;

use super::reach;
use super::view::{SuppressionView, reason_of};
use crate::actor::Actor;
use crate::{Mailroom, Refusal};

/// Which entries a listing wants; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct SuppressionFilter {
    /// Of this address, in any spelling.
    pub address: Option<String>,
    /// For this reason.
    pub reason: Option<String>,
    /// Public id of the workspace that they are for.
    pub workspace_id: Option<String>,
}

/// A page of the list.
#[derive(Debug, Clone, Default)]
pub struct SuppressionPage {
    /// Newest first.
    pub rows: Vec<SuppressionView>,
    /// Names the next page; `None` on the last one.
    pub next: Option<String>,
}

impl Mailroom {
    /// Lists addresses that nothing is sent to, newest first; `page` is the `next` of an earlier page. A key of a workspace
    /// sees what is for that workspace alone.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for an unknown reason or a page that no earlier one named, [`Refusal::Forbidden`] for a key of
    /// one account.
    pub async fn list_suppressions(
        &self,
        actor: &Actor,
        filter: SuppressionFilter,
        limit: u32,
        page: Option<&str>,
    ) -> Result<SuppressionPage, Refusal> {
        let own = reach(actor)?;
        let mut wanted = Filter {
            reason: filter.reason.as_deref().map(reason_of).transpose()?,
            workspace: own,
            now: self.now_seconds(),
            limit: i64::from(limit) + 1,
            ..Filter::default()
        };
        if let Some(token) = page {
            let malformed = |_| Refusal::invalid("page_token", "malformed");
            wanted.behind = Some(self.open_id(Kind::Suppression, token).map_err(malformed)?);
        }
        if let Some(id) = &filter.workspace_id {
            match self.open_id(Kind::Workspace, id) {
                Ok(workspace) if own.is_none_or(|own| own == workspace) => {
                    wanted.workspace = Some(workspace);
                }
                _ => return Ok(SuppressionPage::default()),
            }
        }
        if let Some(text) = &filter.address {
            let Ok(address) = EmailAddress::parse_strict(text.trim()) else {
                return Ok(SuppressionPage::default());
            };
            wanted.address = Some(address.folded());
        }
        let application = actor.application;
        let mut rows = self
            .store()
            .read(move |tx: &mut dyn Tx| suppressions::list(tx, application, &wanted))
            .await
            .map_err(Refusal::from)?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        Ok(SuppressionPage {
            next: last.map(|row| self.public_id(Kind::Suppression, row.id)),
            rows: rows.iter().map(|row| self.view_suppression(row)).collect(),
        })
    }
}
