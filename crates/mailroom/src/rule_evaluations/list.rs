//! Evaluations are listed.

use posthouse_rules::evaluate::Outcome;
use posthouse_rules::facts::Stage;
use posthouse_store::tables::rule_evaluations::{self, Filter, StoredEvaluation};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};
use serde_json::{Map, Value};

use crate::actor::GrantRef;
use crate::govern::evaluations::FAILED;
use crate::{Mailroom, Refusal};

/// Which evaluations a listing wants; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct EvaluationFilter {
    /// Public id of a message.
    pub message_id: Option<String>,
    /// One of [`super::STAGES`].
    pub stage: Option<String>,
    /// One of [`super::OUTCOMES`].
    pub outcome: Option<String>,
    /// Unix seconds; later ones only.
    pub after: Option<i64>,
    /// Unix seconds; earlier ones only.
    pub before: Option<i64>,
}

/// What rules made of one message.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationView {
    /// Public id.
    pub id: String,
    /// Public id of the account.
    pub grant_id: String,
    /// Public id of the message; `None` where nothing was stored.
    pub message_id: Option<String>,
    /// One of [`super::STAGES`].
    pub stage: &'static str,
    /// Unix seconds.
    pub evaluated_at: i64,
    /// `evaluation_input`, `applied_actions` and `matched_rule_ids`, and `dropped_attachments` where there are any.
    pub members: Map<String, Value>,
    /// Public id of the application.
    pub application_id: String,
    /// Public id of the organisation.
    pub organization_id: String,
}

/// A page of evaluations.
#[derive(Debug, Clone, Default)]
pub struct EvaluationPage {
    /// Newest first.
    pub rows: Vec<EvaluationView>,
    /// Names the next page; `None` on the last one.
    pub next: Option<String>,
}

impl Mailroom {
    /// Lists what rules made of an account's messages, newest first; `page` is the `next` of an earlier page.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a page that no earlier one named, or a filter that is none.
    pub async fn list_rule_evaluations(
        &self,
        grant: &GrantRef,
        filter: EvaluationFilter,
        limit: u32,
        page: Option<&str>,
    ) -> Result<EvaluationPage, Refusal> {
        let mut wanted = Filter {
            limit: i64::from(limit) + 1,
            ..Filter::default()
        };
        if let Some(id) = &filter.message_id {
            match self.open_id(Kind::Message, id) {
                Ok(message) => wanted.message = Some(message),
                Err(_) => return Ok(EvaluationPage::default()),
            }
        }
        wanted.stage = stage(&filter)?;
        wanted.outcome = outcome(&filter)?;
        // Keys show the time: those of a second begin at its floor.
        let floor = |seconds: i64| Key::floor_of(seconds.saturating_mul(1_000));
        wanted.above = filter
            .after
            .map(|after| Key(floor(after.saturating_add(1)).0 - 1));
        wanted.below = filter.before.map(floor);
        if let Some(token) = page {
            let malformed = |_| Refusal::invalid("page_token", "malformed");
            let behind = self
                .open_id(Kind::RuleEvaluation, token)
                .map_err(malformed)?;
            wanted.below = Some(wanted.below.map_or(behind, |below| below.min(behind)));
        }
        let grant = grant.grant;
        let mut rows = self
            .store()
            .read(move |tx: &mut dyn Tx| rule_evaluations::page(tx, grant, &wanted))
            .await
            .map_err(Refusal::from)?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| self.public_id(Kind::RuleEvaluation, row.id));
        let views: Result<_, StoreError> =
            rows.iter().map(|row| self.view_evaluation(row)).collect();
        Ok(EvaluationPage { rows: views?, next })
    }

    fn view_evaluation(&self, row: &StoredEvaluation) -> Result<EvaluationView, StoreError> {
        let damaged = || StoreError::Damaged(format!("rule evaluation {}", row.id.0));
        let mut members: Map<String, Value> =
            serde_json::from_str(&row.document).map_err(|_| damaged())?;
        let nothing_dropped = |value: &Value| value.as_array().is_none_or(Vec::is_empty);
        if members
            .get("dropped_attachments")
            .is_some_and(nothing_dropped)
        {
            members.remove("dropped_attachments");
        }
        Ok(EvaluationView {
            id: self.public_id(Kind::RuleEvaluation, row.id),
            grant_id: self.public_id(Kind::Grant, row.grant),
            message_id: row.message.map(|key| self.public_id(Kind::Message, key)),
            stage: Stage::from_stored(row.stage).ok_or_else(damaged)?.name(),
            evaluated_at: row.id.unix_ms() / 1_000,
            members,
            application_id: self.public_id(Kind::Application, row.application),
            organization_id: self.public_id(Kind::Organization, self.store().organization()),
        })
    }
}

fn stage(filter: &EvaluationFilter) -> Result<Option<i64>, Refusal> {
    let Some(name) = &filter.stage else {
        return Ok(None);
    };
    match Stage::from_name(name) {
        Some(stage) => Ok(Some(stage as i64)),
        None => Err(Refusal::invalid("evaluation_stage", "unknown stage")),
    }
}

fn outcome(filter: &EvaluationFilter) -> Result<Option<i64>, Refusal> {
    let Some(name) = &filter.outcome else {
        return Ok(None);
    };
    if name == "error" {
        return Ok(Some(FAILED));
    }
    match Outcome::from_name(name) {
        Some(outcome) => Ok(Some(outcome as i64)),
        None => Err(Refusal::invalid("outcome", "unknown outcome")),
    }
}
