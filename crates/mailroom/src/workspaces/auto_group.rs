//! Accounts of the default workspace are grouped by their domains.

use std::collections::HashMap;

use posthouse_store::engine::Dialect;
use posthouse_store::leases;
use posthouse_store::tables::domains;
use posthouse_store::tables::grants::{self, Identity};
use posthouse_store::tables::workspaces::{self, Workspace};
use posthouse_store::{StoreError, Tx};
use posthouse_types::domain::Domain;
use posthouse_types::ids::Key;

use super::assign::default_workspace;
use crate::actor::Actor;
use crate::limits::{AUTO_GROUP_SECONDS_MIN, MOVED_GRANTS_PER_STEP_MAX};
use crate::provision::domain_of;
use crate::{Mailroom, Refusal};

/// Which accounts are grouped.
#[derive(Debug, Clone, Default)]
pub struct AutoGroup {
    /// Only those made after this Unix second.
    pub after_created_at: Option<i64>,
    /// Also those whose domain failed its ownership check.
    pub invalid_also: bool,
    /// Only those at this domain.
    pub specific_domain: Option<String>,
}

/// What an automatic grouping did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoGrouped {
    /// Names this run.
    pub job_id: String,
    /// Accounts that changed workspace.
    pub moved: usize,
}

impl Mailroom {
    /// Moves accounts of the default workspace to the ones that group their domains, which are made when missing.
    ///
    /// # Errors
    /// [`Refusal::RateLimited`] when the application did it within a minute; [`Refusal::Invalid`];
    /// [`Refusal::Forbidden`] for a key that does not reach the whole application.
    pub async fn auto_group(&self, actor: &Actor, wish: AutoGroup) -> Result<AutoGrouped, Refusal> {
        actor.require_whole_application()?;
        let specific = match wish.specific_domain.as_deref() {
            Some(text) => Some(
                Domain::parse(text)
                    .map_err(|error| Refusal::invalid("specific_domain", error.to_string()))?,
            ),
            None => None,
        };
        let application = actor.application;
        let job_id = uuid::Uuid::new_v4().to_string();
        self.take_turn(application, &job_id).await?;
        let mut behind = None;
        let mut moved = 0;
        // Ends: the position only grows.
        loop {
            let (mailroom, wish, specific) = (self.clone(), wish.clone(), specific.clone());
            let (accounts, last) = self
                .store()
                .write(move |tx| {
                    mailroom.group_some(tx, application, &wish, specific.as_ref(), behind)
                })
                .await?;
            self.inner.tenancy.forget_accounts(&accounts);
            moved += accounts.len();
            behind = last;
            if behind.is_none() {
                return Ok(AutoGrouped { job_id, moved });
            }
        }
    }

    /// Holds a lease for a minute, so that the rate holds for all processes together.
    async fn take_turn(&self, application: Key, job_id: &str) -> Result<(), Refusal> {
        let name = format!("auto-group:{}", application.0);
        let now_us = self.clock().unix_us();
        let until_us = now_us + (AUTO_GROUP_SECONDS_MIN * 1_000_000) as i64;
        let job_id = job_id.to_owned();
        let lease = self
            .store()
            .write(move |tx| leases::acquire(tx, &name, &job_id, now_us, until_us))
            .await
            .map_err(Refusal::from)?;
        match lease {
            Some(_) => Ok(()),
            None => Err(Refusal::RateLimited {
                message: "auto-group runs once a minute".to_owned(),
                retry_after_seconds: AUTO_GROUP_SECONDS_MIN,
            }),
        }
    }

    fn group_some(
        &self,
        tx: &mut dyn Tx,
        application: Key,
        wish: &AutoGroup,
        specific: Option<&Domain>,
        behind: Option<Key>,
    ) -> Result<(Vec<Key>, Option<Key>), Refusal> {
        let default = default_workspace(tx, application)?;
        let accounts = grants::of_workspace(tx, default, behind, MOVED_GRANTS_PER_STEP_MAX)?;
        let Some(last) = accounts.last().map(|account| account.id) else {
            return Ok((Vec::new(), None));
        };
        let is_wanted = |account: &Identity| {
            let domain = domain_of(&account.email);
            specific.is_none_or(|specific| specific.as_str() == domain)
                && wish
                    .after_created_at
                    .is_none_or(|after| account.id.unix_ms() / 1_000 > after)
        };
        let accounts: Vec<Identity> = accounts.into_iter().filter(is_wanted).collect();
        // Before the first workspace is made: the locks of mailboxes come before all writes.
        for account in &accounts {
            Dialect::lock_grant(tx, account.id)?;
        }
        let mut targets: HashMap<String, Option<Key>> = HashMap::new();
        let mut moves: Vec<(Identity, Key)> = Vec::new();
        for account in accounts {
            let domain = domain_of(&account.email).to_owned();
            let target = match targets.get(&domain) {
                Some(known) => *known,
                None => {
                    let target = self.group_for(tx, application, &domain, wish.invalid_also)?;
                    targets.insert(domain, target);
                    target
                }
            };
            if let Some(target) = target {
                moves.push((account, target));
            }
        }
        let moved = self.move_accounts(tx, &mut moves)?;
        Ok((moved, Some(last)))
    }

    /// Returns the workspace that groups a domain, made when missing; `None` when the domain is not to be grouped.
    fn group_for(
        &self,
        tx: &mut dyn Tx,
        application: Key,
        domain: &str,
        invalid_also: bool,
    ) -> Result<Option<Key>, StoreError> {
        if !invalid_also {
            let failed = domains::covering(tx, domain)?.is_none_or(|row| row.ownership_failed());
            if failed {
                return Ok(None);
            }
        }
        if let Some(workspace) = workspaces::by_domain(tx, application, domain)? {
            return Ok(workspace.auto_group.then_some(workspace.id));
        }
        let now = self.now_seconds();
        let workspace = Workspace {
            id: self.store().new_key(),
            application,
            name: domain.to_owned(),
            domain: Some(domain.to_owned()),
            auto_group: true,
            is_default: false,
            created_at: now,
            updated_at: now,
            policy: None,
            rules: Vec::new(),
        };
        workspaces::insert(tx, &workspace)?;
        Ok(Some(workspace.id))
    }
}
