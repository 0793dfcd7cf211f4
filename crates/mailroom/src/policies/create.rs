//! A new policy.

use posthouse_rules::policy::Policy;
use posthouse_store::Tx;
use posthouse_store::tables::policies::{self, PolicyRow};
use posthouse_types::ids::Kind;
use serde_json::Value;

use super::{KeptPolicy, equip, refused};
use crate::actor::Actor;
use crate::audit::{AuditEntry, Object};
use crate::{Mailroom, Refusal};

impl Mailroom {
    /// Makes a policy, which governs nothing until a workspace names it.
    ///
    /// # Errors
    /// [`Refusal::Invalid`]; [`Refusal::PlanCap`] for a limit above the operator's plan; [`Refusal::Forbidden`] for a key
    /// that does not reach the whole application.
    pub async fn create_policy(
        &self,
        actor: &Actor,
        document: &Value,
    ) -> Result<KeptPolicy, Refusal> {
        actor.require_whole_application()?;
        let (policy, unknown) =
            Policy::from_json(document, self.operator_plan()).map_err(refused)?;
        equip::check_names(&policy)?;
        let now = self.now_seconds();
        let row = PolicyRow {
            id: self.store().new_key(),
            application: actor.application,
            document: policy.to_stored().to_string(),
            created_at: now,
            updated_at: now,
        };
        let (mailroom, inserted) = (self.clone(), row.clone());
        self.store()
            .write(move |tx: &mut dyn Tx| {
                policies::insert(tx, &inserted)?;
                let object = Object::Row(Kind::Policy, inserted.id);
                let mut entry = AuditEntry::done(inserted.application, "policy.create", object);
                entry.policy = Some(inserted.id);
                mailroom.audit(tx, &entry)
            })
            .await
            .map_err(Refusal::from)?;
        Ok(KeptPolicy {
            policy: self.view_policy(&row, &policy),
            unknown,
        })
    }
}
