//! Entries are read.

use posthouse_store::tables::audit::{self, AuditRow, Filter};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use crate::actor::Actor;
use crate::{Mailroom, Refusal};

/// Which entries a listing wants; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Of this actor, as entries name it.
    pub actor: Option<String>,
    /// Of this action.
    pub action: Option<String>,
    /// About this object.
    pub object_id: Option<String>,
    /// Public id of the account that they concern.
    pub grant_id: Option<String>,
    /// Not older than this Unix second.
    pub since: Option<i64>,
    /// Older than this Unix second.
    pub before: Option<i64>,
}

/// An entry as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditView {
    /// Public id.
    pub id: String,
    /// Unix seconds.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what: its kind and its id or name.
    pub object: Option<(String, String)>,
    /// Public id of the account that it concerns.
    pub grant_id: Option<String>,
    /// Everybody a message was for.
    pub recipients: Vec<String>,
    /// Public id of the policy that decided.
    pub policy_id: Option<String>,
    /// Public ids of the rules that decided.
    pub rule_ids: Vec<String>,
    /// What came of it.
    pub outcome: String,
    /// Why.
    pub reason: Option<String>,
    /// The request or session.
    pub request_id: Option<String>,
}

/// A page of entries.
#[derive(Debug, Clone, Default)]
pub struct AuditPage {
    /// Newest first.
    pub rows: Vec<AuditView>,
    /// Names the next page; `None` on the last one.
    pub next: Option<String>,
}

impl Mailroom {
    /// Lists what was decided in the key's application, newest first; `page` is the `next` of an earlier page.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a page that no earlier one named.
    pub async fn list_audit(
        &self,
        actor: &Actor,
        filter: AuditFilter,
        limit: u32,
        page: Option<&str>,
    ) -> Result<AuditPage, Refusal> {
        let mut wanted = Filter {
            actor: filter.actor,
            action: filter.action,
            object_id: filter.object_id,
            from: filter.since.map(first_of),
            behind: filter.before.map(first_of),
            limit: i64::from(limit) + 1,
            ..Filter::default()
        };
        if let Some(token) = page {
            let malformed = |_| Refusal::invalid("page_token", "malformed");
            let behind = self.open_id(Kind::AuditEntry, token).map_err(malformed)?;
            wanted.behind = Some(wanted.behind.map_or(behind, |before| before.min(behind)));
        }
        if let Some(id) = &filter.grant_id {
            // An account that is gone still has its entries; a made-up id has none.
            let Ok(grant) = self.open_id(Kind::Grant, id) else {
                return Ok(AuditPage::default());
            };
            wanted.grant = Some(grant);
        }
        let application = actor.application;
        let mut rows = self
            .store()
            .read(move |tx: &mut dyn Tx| audit::list(tx, application, &wanted))
            .await
            .map_err(Refusal::from)?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| self.public_id(Kind::AuditEntry, row.id));
        let views = rows.into_iter().map(|row| self.view_audit(row));
        Ok(AuditPage {
            rows: views.collect::<Result<_, _>>()?,
            next,
        })
    }

    fn view_audit(&self, row: AuditRow) -> Result<AuditView, StoreError> {
        let said = |text: String| Some(text).filter(|text| !text.is_empty());
        let grant = row.grant.map(|grant| self.public_id(Kind::Grant, grant));
        Ok(AuditView {
            id: self.public_id(Kind::AuditEntry, row.id),
            at: row.id.unix_ms() / 1_000,
            actor: row.actor,
            action: row.action,
            object: said(row.object_id).map(|id| (row.object_type, id)),
            grant_id: grant,
            recipients: texts(row.recipients.as_deref())?,
            policy_id: row
                .policy
                .map(|policy| self.public_id(Kind::Policy, policy)),
            rule_ids: texts(row.rule_ids.as_deref())?,
            outcome: row.outcome,
            reason: said(row.reason),
            request_id: said(row.request_id),
        })
    }
}

/// Returns the lowest key of a second.
fn first_of(second: i64) -> Key {
    Key::floor_of(second.saturating_mul(1_000))
}

fn texts(array: Option<&str>) -> Result<Vec<String>, StoreError> {
    let Some(array) = array else {
        return Ok(Vec::new());
    };
    serde_json::from_str(array)
        .map_err(|error| StoreError::Damaged(format!("an entry of the audit log: {error}")))
}
