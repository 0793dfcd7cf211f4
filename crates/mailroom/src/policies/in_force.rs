//! What holds for an account, and what it has used up.

use posthouse_rules::policy::Effective;
use posthouse_store::tables::usage::{self, AccountDay};
use posthouse_store::tables::{grants, policies};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};
use serde_json::{Value, json};

use super::view::read_policy;
use crate::actor::GrantRef;
use crate::{Mailroom, Refusal};

const SECONDS_PER_DAY: i64 = 86_400;

impl Mailroom {
    /// Shows the limits and settings in force for an account, policy and plan together, and what it used up today.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when the account is gone.
    pub async fn policy_in_force(&self, grant: &GrantRef) -> Result<Value, Refusal> {
        let (owner, day) = (
            grant.clone(),
            self.now_seconds().div_euclid(SECONDS_PER_DAY),
        );
        let (row, used, storage) = self
            .store()
            .read(move |tx: &mut dyn Tx| {
                let account = grants::find(tx, owner.application, owner.grant)?;
                let account = account.ok_or(Refusal::NotFound)?;
                let row = policies::of_workspace(tx, owner.application, account.workspace)?;
                let at = AccountDay {
                    grant: owner.grant,
                    day,
                };
                let received = usage::received(tx, &at, 0, u64::MAX)?;
                let used = (usage::sent(tx, &at)?, received.messages);
                let storage = usage::storage(tx, owner.grant)?;
                Ok::<_, Refusal>((row, used, storage))
            })
            .await?;
        let policy = match &row {
            None => None,
            Some(row) => Some(read_policy(&row.document)?),
        };
        let effective = Effective::of(policy.as_ref(), self.operator_plan());
        Ok(json!({
            "policy_id": row.as_ref().map(|row| self.public_id(Kind::Policy, row.id)),
            "name": policy.as_ref().map(|policy| &policy.name),
            "limits": effective.limits_json(),
            "spam_detection": effective.spam.to_json(),
            "outbound_guard": effective.guard.to_json(),
            "used": {
                "sent_today": used.0,
                "received_today": used.1,
                "storage": storage,
                "resets_at": (day + 1) * SECONDS_PER_DAY,
            },
        }))
    }

    /// Returns what holds for the accounts of a workspace.
    pub(crate) fn effective_of(
        &self,
        tx: &mut dyn Tx,
        application: Key,
        workspace: Key,
    ) -> Result<Effective, Refusal> {
        let row: Result<_, StoreError> = policies::of_workspace(tx, application, workspace);
        let policy = match row? {
            None => None,
            Some(row) => Some(read_policy(&row.document)?),
        };
        Ok(Effective::of(policy.as_ref(), self.operator_plan()))
    }
}
