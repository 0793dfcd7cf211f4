//! Addresses are put on the list.

use std::collections::HashSet;

use posthouse_store::Tx;
use posthouse_store::tables::suppressions::{self, Suppression, SuppressionReason};
use posthouse_store::tables::workspaces;
use posthouse_types::address::EmailAddress;
use posthouse_types::ids::{Key, Kind};

use super::reach;
use super::view::{SuppressionView, reason_of};
use crate::actor::Actor;
use crate::audit::Object;
use crate::{Mailroom, Refusal};

/// Addresses that one call adds at most.
pub const ADDRESSES_PER_CALL_MAX: usize = 1_000;

/// What is to be put on the list.
#[derive(Debug, Clone, Default)]
pub struct NewSuppressions {
    /// The addresses, in any spelling.
    pub addresses: Vec<String>,
    /// Why; `manual` when nothing is said.
    pub reason: Option<String>,
    /// Public id of the workspace whose mail alone is kept from them.
    pub workspace_id: Option<String>,
    /// Unix seconds from which they have no effect.
    pub expires_at: Option<i64>,
}

impl Mailroom {
    /// Puts addresses on the list, each once; one that is there gets the new reason and end. All of them or none.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] that names the field, [`Refusal::InvalidReference`] for an unknown workspace,
    /// [`Refusal::Forbidden`] for a key of one account.
    pub async fn add_suppressions(
        &self,
        actor: &Actor,
        new: NewSuppressions,
    ) -> Result<Vec<SuppressionView>, Refusal> {
        let own = reach(actor)?;
        let now = self.now_seconds();
        let reason = match &new.reason {
            Some(name) => reason_of(name)?,
            None => SuppressionReason::Manual,
        };
        if new.expires_at.is_some_and(|at| at <= now) {
            let message = "expires_at: expected Unix seconds that are still to come";
            return Err(Refusal::invalid("expires_at", message));
        }
        let wanted = self.wanted_workspace(new.workspace_id.as_deref(), own)?;
        let rows: Vec<Suppression> = folded(&new.addresses)?
            .into_iter()
            .map(|address| Suppression {
                id: self.store().new_key(),
                workspace: wanted,
                address,
                reason,
                source_message: None,
                created_at: now,
                expires_at: new.expires_at,
            })
            .collect();
        let (mailroom, application) = (self.clone(), actor.application);
        let kept = self
            .store()
            .write(
                move |tx: &mut dyn Tx| -> Result<Vec<Suppression>, Refusal> {
                    if let Some(workspace) = wanted
                        && workspaces::find(tx, application, workspace)?.is_none()
                    {
                        return Err(no_workspace());
                    }
                    let mut kept = Vec::with_capacity(rows.len());
                    for row in &rows {
                        let object = Object::Named("address", &row.address);
                        mailroom.audit_done(tx, application, "suppression.add", object)?;
                        kept.push(suppressions::put(tx, application, row)?);
                    }
                    Ok(kept)
                },
            )
            .await?;
        tracing::info!(count = kept.len(), "suppressed addresses");
        Ok(kept.iter().map(|row| self.view_suppression(row)).collect())
    }

    /// Returns the workspace that new entries are for, within what the key reaches.
    fn wanted_workspace(
        &self,
        named: Option<&str>,
        own: Option<Key>,
    ) -> Result<Option<Key>, Refusal> {
        let Some(id) = named else {
            return Ok(own);
        };
        let workspace = self
            .open_id(Kind::Workspace, id)
            .map_err(|_| no_workspace())?;
        if own.is_some_and(|own| own != workspace) {
            return Err(no_workspace());
        }
        Ok(Some(workspace))
    }
}

fn no_workspace() -> Refusal {
    Refusal::InvalidReference {
        field: "workspace_id".to_owned(),
        message: "workspace_id: no such workspace".to_owned(),
    }
}

/// Reads addresses, each once, in the spelling that they are compared in.
fn folded(addresses: &[String]) -> Result<Vec<String>, Refusal> {
    if addresses.is_empty() {
        return Err(Refusal::invalid("address", "address: required"));
    }
    if addresses.len() > ADDRESSES_PER_CALL_MAX {
        let message = format!("addresses: at most {ADDRESSES_PER_CALL_MAX}");
        return Err(Refusal::invalid("addresses", message));
    }
    let mut seen = HashSet::new();
    let mut folded = Vec::with_capacity(addresses.len());
    for (place, text) in addresses.iter().enumerate() {
        let address = EmailAddress::parse_strict(text.trim()).map_err(|error| {
            let field = match addresses.len() {
                1 => "address".to_owned(),
                _ => format!("addresses[{place}]"),
            };
            let message = format!("{field}: {error}");
            Refusal::invalid(field, message)
        })?;
        let address = address.folded();
        if seen.insert(address.clone()) {
            folded.push(address);
        }
    }
    Ok(folded)
}
