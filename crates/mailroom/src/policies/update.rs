//! Changes of a policy.

use posthouse_rules::policy::Policy;
use posthouse_store::Tx;
use posthouse_store::tables::policies::{self, PolicyRow};
use posthouse_store::tables::workspaces;
use posthouse_types::ids::{Key, Kind};
use serde_json::Value;

use super::view::read_policy;
use super::{KeptPolicy, equip, refused};
use crate::actor::Actor;
use crate::audit::{AuditEntry, Object};
use crate::{Mailroom, Refusal};

/// What an update found and left.
struct Updated {
    row: PolicyRow,
    policy: Policy,
    unknown: Vec<String>,
    has_new_folders: bool,
}

impl Mailroom {
    /// Lays changes over a policy: objects are merged at every depth, arrays and values replaced, and `null` clears. They
    /// hold for the next message.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Invalid`], [`Refusal::PlanCap`]; [`Refusal::Forbidden`] for a key that does not
    /// reach the whole application.
    pub async fn update_policy(
        &self,
        actor: &Actor,
        id: &str,
        changes: &Value,
    ) -> Result<KeptPolicy, Refusal> {
        // A part of the application sees it only through its workspace.
        if let Err(refusal) = actor.require_whole_application() {
            self.get_policy(actor, id).await?;
            return Err(refusal);
        }
        let key = self.open_id(Kind::Policy, id)?;
        let (mailroom, application, changes) = (self.clone(), actor.application, changes.clone());
        let updated = self
            .store()
            .write(move |tx: &mut dyn Tx| mailroom.change_policy(tx, application, key, &changes))
            .await?;
        if updated.has_new_folders {
            self.equip_under_policy(application, key).await?;
        }
        Ok(KeptPolicy {
            policy: self.view_policy(&updated.row, &updated.policy),
            unknown: updated.unknown,
        })
    }

    fn change_policy(
        &self,
        tx: &mut dyn Tx,
        application: Key,
        key: Key,
        changes: &Value,
    ) -> Result<Updated, Refusal> {
        let mut row = policies::lock(tx, application, key)?.ok_or(Refusal::NotFound)?;
        let before = read_policy(&row.document)?;
        let (policy, unknown) = before
            .merged(changes, self.operator_plan())
            .map_err(refused)?;
        equip::check_names(&policy)?;
        let has_new_folders = policy.additional_folders != before.additional_folders;
        if policy != before {
            row.document = policy.to_stored().to_string();
            row.updated_at = self.now_seconds();
            policies::update(tx, key, &row.document, row.updated_at)?;
            workspaces::bump_governance_of_policy(tx, key)?;
            let object = Object::Row(Kind::Policy, key);
            let mut entry = AuditEntry::done(application, "policy.update", object);
            entry.policy = Some(key);
            self.audit(tx, &entry)?;
        }
        Ok(Updated {
            row,
            policy,
            unknown,
            has_new_folders,
        })
    }
}
