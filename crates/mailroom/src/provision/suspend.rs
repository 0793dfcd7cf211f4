//! Accounts are suspended, and resumed.

use posthouse_store::engine::Dialect;
use posthouse_store::tables::grants::{self, Grant, Suspension};
use posthouse_store::tables::schedules;
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{Key, Kind};

use super::AccountView;
use super::changes::{note_resumed, note_suspended};
use crate::actor::{Actor, GrantRef, Scope};
use crate::audit::{AuditEntry, Object};
use crate::{Mailroom, Refusal};

/// Words for what happens to mail of an account that is suspended: it is stored, kept at its sender, or refused.
pub const SUSPENDED_INBOUND: [&str; 3] = ["accept", "defer", "reject"];
/// Characters that a reason may have.
pub const SUSPENSION_REASON_CHARACTERS_MAX: usize = 1_000;

/// How an account is suspended.
#[derive(Debug, Clone, Default)]
pub struct NewSuspension {
    /// Why, for people.
    pub reason: Option<String>,
    /// One of [`SUSPENDED_INBOUND`]; mail is stored by default.
    pub inbound: Option<String>,
}

impl Mailroom {
    /// Suspends an account: it neither sends nor changes anything until it is resumed. Suspending it again changes how;
    /// when that is the same, nothing happens.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Invalid`]; [`Refusal::Forbidden`] for a key that reaches only a part of the
    /// application: nobody suspends or frees himself.
    pub async fn suspend_account(
        &self,
        actor: &Actor,
        spelling: &str,
        suspension: NewSuspension,
    ) -> Result<AccountView, Refusal> {
        let inbound = suspension
            .inbound
            .unwrap_or_else(|| SUSPENDED_INBOUND[0].to_owned());
        if !SUSPENDED_INBOUND.contains(&inbound.as_str()) {
            return Err(Refusal::invalid(
                "inbound",
                "expected one of accept, defer, reject",
            ));
        }
        let reason = suspension.reason.filter(|reason| !reason.is_empty());
        let length = reason.as_ref().map_or(0, |reason| reason.chars().count());
        if length > SUSPENSION_REASON_CHARACTERS_MAX {
            return Err(Refusal::invalid(
                "reason",
                format!("expected at most {SUSPENSION_REASON_CHARACTERS_MAX} characters"),
            ));
        }
        let wanted = Suspension { inbound, reason };
        self.set_suspension(actor, spelling, Some(wanted)).await
    }

    /// Lets a suspended account go on; its schedules that became due go out. Does nothing to one that is not suspended.
    ///
    /// # Errors
    /// As [`Mailroom::suspend_account`].
    pub async fn resume_account(
        &self,
        actor: &Actor,
        spelling: &str,
    ) -> Result<AccountView, Refusal> {
        self.set_suspension(actor, spelling, None).await
    }

    /// Resolves an account for a request below it: a suspended one is changed by nobody, and read by keys for the whole
    /// application alone.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Suspended`]; [`Refusal::Invalid`] for `me` with a key that is not for one account.
    pub async fn active_grant_for(
        &self,
        actor: &Actor,
        spelling: &str,
        writes: bool,
    ) -> Result<GrantRef, Refusal> {
        let account = self.identity_for(actor, spelling).await?;
        if account.is_suspended && (writes || actor.scope != Scope::Application) {
            return Err(Refusal::Suspended);
        }
        Ok(account.into())
    }

    async fn set_suspension(
        &self,
        actor: &Actor,
        spelling: &str,
        wanted: Option<Suspension>,
    ) -> Result<AccountView, Refusal> {
        let account = self.grant_for(actor, spelling).await?;
        actor.require_whole_application()?;
        let mailroom = self.clone();
        let (application, id) = (account.application, account.grant);
        let view = self
            .store()
            .write(move |tx: &mut dyn Tx| {
                let after = mailroom.apply_suspension(tx, application, id, wanted.as_ref())?;
                let after = after.ok_or(Refusal::NotFound)?;
                let mut views = mailroom.view_accounts(tx, std::slice::from_ref(&after))?;
                views.pop().ok_or(Refusal::NotFound)
            })
            .await?;
        self.inner.tenancy.forget_accounts(&[id]);
        self.inner.recipients.forget(|_, _| true);
        Ok(view)
    }

    fn apply_suspension(
        &self,
        tx: &mut dyn Tx,
        application: Key,
        id: Key,
        wanted: Option<&Suspension>,
    ) -> Result<Option<Grant>, StoreError> {
        Dialect::lock_grant(tx, id)?;
        let Some(before) = grants::find(tx, application, id)? else {
            return Ok(None);
        };
        let mut after = before.clone();
        after.suspended_inbound = wanted.map(|wanted| wanted.inbound.clone());
        after.suspended_reason = wanted.and_then(|wanted| wanted.reason.clone());
        if after == before {
            return Ok(Some(after));
        }
        let now = self.now_seconds();
        after.updated_at = now;
        grants::set_suspension(tx, id, wanted, now)?;
        let action = if wanted.is_some() {
            note_suspended(tx, self, &after)?;
            "grant.suspend"
        } else {
            schedules::wake(tx, id)?;
            note_resumed(tx, self, &before)?;
            "grant.resume"
        };
        let reason = wanted.and_then(|wanted| wanted.reason.as_deref());
        let entry = AuditEntry {
            grant: Some(id),
            reason: reason.unwrap_or_default(),
            ..AuditEntry::done(application, action, Object::Row(Kind::Grant, id))
        };
        self.audit(tx, &entry)?;
        Ok(Some(after))
    }
}
